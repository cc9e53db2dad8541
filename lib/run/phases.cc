#include "run/phases.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "run/due_counter.h"
#include "run/phases_of_faults.h"

namespace portillon::run {

namespace {

using report::Count;
using Acknowledges = driver::Traits::Acknowledges;

// The figures of one phase, merged over its segments.
struct Sum {
    fleet::Part part;
    std::optional<Count> undelivered, lost, reordered, duplicated;
    std::optional<stats::Histogram> end_to_end;
};

// The ledger's figures of each segment; absent if it does not know, or if it would take too long to find out.
struct LedgerBySegment {
    std::optional<std::vector<std::uint64_t>> undelivered, lost, reordered;
    std::optional<std::vector<SegmentAccount>> told;
};

LedgerBySegment by_segment(const scenario::Scenario& scenario, const plan::Segments& segments,
                           const fleet::Result& fleet, const LedgerAccount& ledger, const Reconciled& sets) {
    LedgerBySegment known;
    DueCounter counter(scenario, segments, fleet.generated);
    known.undelivered = counter.count(sets.undelivered);
    known.lost = counter.count(sets.lost);
    known.reordered = counter.count(normalised(ledger.reordered_ranges));
    // If a generator's shard died, the server's figures include its equipments, which the generator's do not.
    if (ledger.segments.size() == segments.size() && fleet.generated.size() == scenario.lot().fleet.equipments) {
        known.told = ledger.segments;
    }
    return known;
}

// Whether the segments' duplicates add up to those of the run. The server may be a foreign one, so this is checked.
bool add_up_to(const std::vector<SegmentAccount>& segments, Count duplicated) {
    return std::accumulate(segments.begin(), segments.end(), Count{0}, [](Count sum, const SegmentAccount& segment) {
               return sum + segment.duplicated;
           }) == duplicated;
}

void add(fleet::Part& into, const fleet::Part& other) {
    into.measure = other.measure;
    account::add(into.counts, other.counts);
    into.merge(other);
}

void add_to(std::optional<Count>& sum, const std::optional<std::vector<std::uint64_t>>& counts, std::size_t place) {
    if (counts) {
        sum = sum.value_or(0) + (*counts)[place];
    }
}

double per_second(Count count, double over_s) {
    return static_cast<double>(count) / over_s;
}

report::Phase phase_of(const Sum& sum, Acknowledges acknowledges) {
    const auto& part = sum.part;
    report::Phase phase;
    phase.measured = part.measure == arrival::Measure::on;
    const auto& counts = part.counts;
    account::set(phase.counts, account::Section::tally, counts);
    // If a server names more validations as missing than there were, the identities of the whole run report it.
    if (sum.undelivered && sum.lost && *sum.undelivered <= counts.generated) {
        const Count delivered = counts.generated - *sum.undelivered;
        phase.counts.undelivered = sum.undelivered;
        phase.counts.delivered = delivered;
        if (delivered + *sum.lost >= counts.acknowledged) {
            phase.counts.unconfirmed = delivered + *sum.lost - counts.acknowledged;
        }
        if (acknowledges == Acknowledges::yes) {
            phase.counts.lost = sum.lost;
        }
    }
    phase.counts.duplicated = sum.duplicated;
    phase.counts.reordered = sum.reordered;
    if (acknowledges == Acknowledges::yes) {
        phase.latency.response = report::Latency{part.response, counts.generated - counts.acknowledged};
        phase.latency.service = report::Latency{part.service};
    }
    phase.latency.lateness = report::Latency{part.lateness};
    if (sum.end_to_end) {
        const Count delivered = std::min(counts.generated, sum.end_to_end->count());
        phase.latency.end_to_end = report::Latency{*sum.end_to_end, counts.generated - delivered};
    }
    return phase;
}

// Everything from which phases are made.
struct Known {
    const plan::Segments& segments;
    const fleet::Result& fleet;
    const LedgerAccount* ledger;
    LedgerBySegment by_segment;
    Acknowledges acknowledges;
    Nanos generating;
};

// The phase that consists of segments [begin, end); it ends early if generation did.
report::Phase phase_over(const Known& known, std::size_t begin, std::size_t end) {
    const auto& told = known.by_segment.told;
    const bool tells_copies = told && add_up_to(*told, known.ledger->counts.duplicated);
    Sum sum;
    // A known count begins at 0, so that a phase without segments has 0 and not "unknown".
    const auto none_of = [](const auto& counts) { return counts ? std::optional<Count>(0) : std::nullopt; };
    sum.undelivered = none_of(known.by_segment.undelivered);
    sum.lost = none_of(known.by_segment.lost);
    sum.reordered = none_of(known.by_segment.reordered);
    if (told) {
        sum.end_to_end.emplace();
    }
    if (tells_copies) {
        sum.duplicated = 0;
    }
    bool measured = true;
    for (auto place = begin; place < end; ++place) {
        add(sum.part, known.fleet.parts[place]);
        measured = measured && known.fleet.parts[place].measure == arrival::Measure::on;
        add_to(sum.undelivered, known.by_segment.undelivered, place);
        add_to(sum.lost, known.by_segment.lost, place);
        add_to(sum.reordered, known.by_segment.reordered, place);
        if (told) {
            sum.end_to_end->merge((*told)[place].end_to_end);
        }
        if (tells_copies) {
            *sum.duplicated += (*told)[place].duplicated;
        }
    }
    auto phase = phase_of(sum, known.acknowledges);
    phase.measured = measured;
    const auto list = known.segments.list();
    const Nanos from = begin < list.size() ? list[begin].from : list.back().to;
    const Nanos to = end > begin ? list[end - 1].to : from;
    phase.from_s = seconds(from);
    phase.to_s = seconds(std::clamp(known.generating, from, to));
    if (const double length_s = phase.to_s - phase.from_s; length_s > 0) {
        phase.throughput.due_per_s = per_second(*phase.counts.generated, length_s);
        if (known.acknowledges == Acknowledges::yes) {
            phase.throughput.acknowledged_per_s = per_second(*phase.counts.acknowledged, length_s);
        }
        if (phase.counts.delivered) {
            phase.throughput.delivered_per_s = per_second(*phase.counts.delivered, length_s);
        }
    }
    return phase;
}

// The first segment that begins at `at` or later.
std::size_t place_from(const plan::Segments& segments, Nanos at) {
    const auto list = segments.list();
    return static_cast<std::size_t>(
        std::lower_bound(list.begin(), list.end(), at,
                         [](const plan::Segment& segment, Nanos from) { return segment.from < from; }) -
        list.begin());
}

}  // namespace

std::vector<Nanos> cuts_of(const scenario::Scenario& scenario) {
    std::vector<Nanos> cuts;
    for (const auto& around : fault_periods_of(scenario)) {
        cuts.insert(cuts.end(), {around.begin, around.end});
    }
    return cuts;
}

plan::Segments segments_of(const scenario::Scenario& scenario) {
    return plan::Segments(stages_of(scenario.lot().traffic), cuts_of(scenario));
}

std::vector<report::Phase> phases_of(const scenario::Scenario& scenario, const fleet::Result& fleet,
                                     const LedgerAccount* ledger, const Reconciled* sets, Acknowledges acknowledges,
                                     Nanos generating) {
    const auto segments = segments_of(scenario);
    if (fleet.parts.size() != segments.size()) {
        return {};  // no shard has reported
    }
    Known known{segments, fleet, ledger, {}, acknowledges, generating};
    if (ledger != nullptr && sets != nullptr) {
        known.by_segment = by_segment(scenario, segments, fleet, *ledger, *sets);
    }
    const auto names = stage_names(scenario.lot().traffic);
    std::vector<report::Phase> phases;
    std::size_t place = 0;
    for (std::uint32_t stage = 0; stage < names.size(); ++stage) {
        const auto begin = place;
        while (place < segments.size() && segments.list()[place].stage == stage) {
            ++place;
        }
        phases.push_back(phase_over(known, begin, place));
        phases.back().name = names[stage];
    }
    unsigned number = 0;
    for (const auto& around : fault_periods_of(scenario)) {
        ++number;
        struct Part {
            const char* name;
            Nanos from, to;
        };
        for (const auto& [name, from, to] :
             {Part{"before", around.before, around.begin}, Part{"during", around.begin, around.end},
              Part{"after", around.end, around.after}}) {
            phases.push_back(phase_over(known, place_from(segments, from), place_from(segments, to)));
            auto& phase = phases.back();
            phase.kind = "fault";
            phase.name = fmt::format("fault {} {}", number, name);
            phase.fault = number;
            phase.part = name;
        }
    }
    return phases;
}

}  // namespace portillon::run
