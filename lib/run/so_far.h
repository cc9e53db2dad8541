#pragma once

// The result of a lot so far, gathered while the run lasts from the snapshots that the generator's shards send once a
// second. The live verdict and the thresholds that end a run are judged by it. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/result.h"
#include "gate/threshold.h"
#include "link/link.pb.h"
#include "plan/segments.h"
#include "run/order.h"

namespace portillon::run {

class SoFar {
public:
    // Takes a snapshot of a shard. When a shard is dead, its last one stays.
    void heard(unsigned shard, const link::v1::Snapshot& snapshot);

    // The sum over all shards of what snapshots contain: no exceptions, no series; failures have the cause "any". Only
    // parts that have changed since the last call are added up, so that a run of many stages costs no more each second
    // than one of few. The reference is valid until the next call.
    const fleet::Result& result(const plan::Segments& segments);

private:
    struct Shard {
        link::v1::Snapshot latest;  // without its histograms, which are in the next members
        std::map<std::uint32_t, link::v1::PartSoFar> parts;
        std::string connect, generator_lag;  // packed
    };
    void count();
    void add_up_part(std::uint32_t segment);

    std::map<unsigned, Shard> shards_;
    fleet::Result sum_;
    std::set<std::uint32_t> changed_;  // segments
    bool connect_changed_ = false, lag_changed_ = false;
};

// A threshold that does not hold and therefore ends the run.
struct Breach {
    std::string threshold;  // "response: p(95)<50ms"
    std::string observed;   // "81.2 ms"
};

// The first threshold of the scenario that ends the run `elapsed` after T0; nothing if none does. A threshold without
// data ends nothing, validations that are not answered yet do not count against it, and one that may still come to hold
// (gate::is_breached_for_good) is judged only at the end.
std::optional<Breach> breach_of(const Order& order, const fleet::Result& so_far, Nanos elapsed);

}  // namespace portillon::run
