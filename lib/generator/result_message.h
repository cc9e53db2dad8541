#pragma once

// Snapshots and result of a slice of a lot, as messages from a shard to the conductor.

#include <optional>
#include <span>
#include <vector>

#include "fleet/engine.h"
#include "fleet/result.h"
#include "link/link.pb.h"
#include "net/faults/faulty_dialer.h"

namespace portillon::generator {

// Counts are written in the order of account::count_figures. read_counts() is false if their number is another.
void write_counts(const account::Counts& counts, google::protobuf::RepeatedField<std::uint64_t>& into);
bool read_counts(const google::protobuf::RepeatedField<std::uint64_t>& from, account::Counts& into);

// Writes one message, or several if much has changed; each has the snapshot's own figures.
std::vector<link::v1::LinkMessage> write_snapshot(const fleet::Snapshot& snapshot, fleet::Changes changes);

// Writes a result in pieces, each small enough for a link. The receiver merges them (MergeFrom) and then reads the
// whole.
std::vector<link::v1::LinkMessage> write_result(const fleet::Result& result,
                                                std::span<const net::faults::Injected> injected);

// Adds what the network faults did in one shard to `sum`.
void add_injected(const link::v1::Result& message, std::vector<net::faults::Injected>& sum);

// Nothing if the message cannot be read, as one of another version.
std::optional<fleet::Result> read_result(const link::v1::Result& message);

}  // namespace portillon::generator
