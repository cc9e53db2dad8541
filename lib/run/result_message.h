#pragma once

// A slice's result on its way from a shard to the conductor.

#include <optional>

#include "fleet/result.h"
#include "run/link.pb.h"

namespace portillon::run {

void write_result(const fleet::Result& result, v1::Result& into);

// Nothing if a histogram cannot be read: another version's message.
std::optional<fleet::Result> read_result(const v1::Result& message);

}  // namespace portillon::run
