#pragma once

// A slice's result on its way from a shard to the conductor.

#include <optional>
#include <span>
#include <vector>

#include "fleet/result.h"
#include "net/faults/faulty_dialer.h"
#include "run/link.pb.h"

namespace portillon::run {

void write_result(const fleet::Result& result, v1::Result& into);

void write_injected(std::span<const net::Injected> injected, v1::Result& into);
// As if one shard had done it all.
void add_injected(const v1::Result& message, std::vector<net::Injected>& sum);

// Nothing if a histogram cannot be read: another version's message.
std::optional<fleet::Result> read_result(const v1::Result& message);

}  // namespace portillon::run
