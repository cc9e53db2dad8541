#pragma once

// What a slice of a lot has done, on its way from a shard to the conductor: live, and as its result.

#include <optional>
#include <span>
#include <vector>

#include "fleet/engine.h"
#include "fleet/result.h"
#include "link/link.pb.h"
#include "net/faults/faulty_dialer.h"

namespace portillon::generator {

// In the order of account::count_figures. Reading is false for another number of them.
void write_counts(const account::Counts& counts, google::protobuf::RepeatedField<std::uint64_t>& into);
bool read_counts(const google::protobuf::RepeatedField<std::uint64_t>& from, account::Counts& into);

// One message, or more where much has changed; each has the figures of the instant.
std::vector<link::v1::LinkMessage> write_snapshot(const fleet::Snapshot& snapshot, fleet::Changes changes);

// The pieces, each small enough for a link, which are to be merged (MergeFrom) and then read.
std::vector<link::v1::LinkMessage> write_result(const fleet::Result& result, std::span<const net::Injected> injected);

// As if one shard had done it all.
void add_injected(const link::v1::Result& message, std::vector<net::Injected>& sum);

// Nothing if a histogram cannot be read: another version's message.
std::optional<fleet::Result> read_result(const link::v1::Result& message);

}  // namespace portillon::generator
