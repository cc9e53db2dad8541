#pragma once

// What is known of a run while it runs: gathered from what the generator's shards tell once a second. The live line and
// the thresholds that end a run are judged by it. Pure.

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
    // Of a dead shard its last words stay.
    void heard(unsigned shard, const link::v1::Snapshot& snapshot);

    // Only what snapshots tell: no exceptions, no series, no causes. Adds up what has changed since the last call, so
    // that a run of many stages costs no more each second than one of few. Valid until the next one.
    const fleet::Result& result(const plan::Segments& segments);

private:
    struct Shard {
        link::v1::Snapshot latest;  // its histograms apart
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

// A threshold that ends the run as soon as it is seen not to hold.
struct Breach {
    std::string threshold;  // "response: p(95)<50ms"
    std::string observed;   // "81.2 ms"
};

// The first of the scenario's that does, `elapsed` after T0. What has no data yet ends nothing, what is not answered
// yet is not counted against it, and what may still come to hold (gate::is_breached_for_good) is judged at the end.
std::optional<Breach> breach_of(const Order& order, const fleet::Result& so_far, Nanos elapsed);

}  // namespace portillon::run
