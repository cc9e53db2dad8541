#pragma once

// A slice's result on its way from a shard to the conductor.

#include <optional>
#include <span>
#include <vector>

#include "fleet/result.h"
#include "net/faults/faulty_dialer.h"
#include "run/link.pb.h"

namespace portillon::run {

// In the order of account::count_figures. Reading is false for another number of them.
void write_counts(const account::Counts& counts, google::protobuf::RepeatedField<std::uint64_t>& into);
bool read_counts(const google::protobuf::RepeatedField<std::uint64_t>& from, account::Counts& into);

void write_result(const fleet::Result& result, v1::Result& into);

void write_injected(std::span<const net::Injected> injected, v1::Result& into);
// As if one shard had done it all.
void add_injected(const v1::Result& message, std::vector<net::Injected>& sum);

// Nothing if a histogram cannot be read: another version's message.
std::optional<fleet::Result> read_result(const v1::Result& message);

}  // namespace portillon::run
