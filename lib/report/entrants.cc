#include "report/entrants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "report/figures.h"
#include "report/reach.h"

namespace portillon::report {

namespace {

std::string own_name(const Turn& turn, bool several_protocols) {
    const auto& run = turn.run;
    const auto kind = protocol_and_variant(run);
    if (turn.name.empty()) {
        return kind;
    }
    return several_protocols || !run.variant.empty() ? turn.name + " " + kind : turn.name;
}

// The runs in the order in which they ran, whatever their order in the file.
std::vector<const Turn*> in_time(const Comparison& comparison) {
    std::vector<const Turn*> turns;
    for (const auto& turn : comparison.runs) {
        turns.push_back(&turn);
    }
    std::stable_sort(turns.begin(), turns.end(), [](const Turn* a, const Turn* b) {
        return std::tie(a->repeat, a->order) < std::tie(b->repeat, b->order);
    });
    return turns;
}

// ---------------------------------------------------------------------------------------------- repeats as one

void add(std::map<std::string, Count>& sums, const std::map<std::string, Count>& counts) {
    for (const auto& [name, count] : counts) {
        sums[name] += count;
    }
}

void add(std::optional<double>& sum, std::optional<double> more) {
    sum = sum && more ? std::optional(*sum + *more) : std::nullopt;
}

void add(RunReport& sum, const RunReport& run) {
    for (const auto& figure : account::latency_figures) {
        account::add(sum.latency.*figure.member, run.latency.*figure.member);
    }
    account::add_repeat(sum.counts, run.counts);
    add(sum.fleet.connect_failures, run.fleet.connect_failures);
    add(sum.errors, run.errors);
    sum.server_said.insert(run.server_said.begin(), run.server_said.end());
    add(sum.wire.bytes_sent, run.wire.bytes_sent);
    add(sum.wire.bytes_received, run.wire.bytes_received);
}

// Sets the values of a table, each to the median over the owners that have it.
template <class Figures, class Owner>
void set_medians(Owner& into, const std::vector<const Owner*>& owners, const Figures& figures) {
    for (const auto& figure : figures) {
        std::vector<gate::Figure> values;
        for (const auto* owner : owners) {
            values.push_back({owner->*figure.member, {}});
        }
        into.*figure.member = spread_of(values).value;
    }
}

std::optional<Resources> typical(const std::vector<const RunReport*>& runs, std::optional<Resources> Costs::*side) {
    std::vector<const Resources*> owners;
    for (const auto* run : runs) {
        if (run->resources.*side) {
            owners.push_back(&*(run->resources.*side));
        }
    }
    if (owners.empty()) {
        return std::nullopt;
    }
    Resources resources;
    set_medians(resources, owners, account::resource_figures);
    return resources;
}

std::string clause_about(const Verdict& verdict) {
    auto text = verdict.complete ? std::string(name_of(verdict.measurement)) : why_incomplete(verdict);
    for (std::size_t i = 0; i < verdict.reasons.size(); ++i) {
        text += (i == 0 ? ": " : "; ") + verdict.reasons[i];
    }
    return text;
}

// ---------------------------------------------------------------------------------------------- thresholds

bool asks_for_more(const gate::Threshold& threshold) {
    return threshold.comparison == gate::Comparison::greater || threshold.comparison == gate::Comparison::at_least;
}

// Describes the judgement of measured figures: "median of 5 repeats (1.90-105 ms)".
std::string how_judged(const std::vector<JudgedThreshold>& each, const gate::Threshold& threshold) {
    if (each.size() < 2) {
        return {};
    }
    if (threshold.metric.kind == gate::Kind::counter) {
        return fmt::format("worst of {} repeats", each.size());
    }
    std::vector<gate::Figure> figures;
    for (const auto& judged : each) {
        figures.push_back({judged.observed, {}, judged.observed ? "" : "no data"});
    }
    const auto range = range_text(spread_of(figures), threshold.metric.kind);
    const bool varies = std::any_of(each.begin(), each.end(),
                                    [&](const JudgedThreshold& one) { return one.observed != each.front().observed; });
    return fmt::format("median of {} repeats{}", each.size(), varies ? " (" + range + ")" : "");
}

// For counts: the judgement of the worst repeat.
JudgedThreshold worst_of(const std::vector<JudgedThreshold>& each, const std::vector<unsigned>& repeats,
                         const gate::Threshold& threshold) {
    std::size_t worst = 0;
    const auto badness = [&](const JudgedThreshold& judged) {
        constexpr double unknown = std::numeric_limits<double>::infinity();
        if (!judged.observed) {
            return judged.passed ? -unknown : unknown;
        }
        const double above = *judged.observed - threshold.bound;
        return asks_for_more(threshold)                                       ? -above
               : threshold.comparison == gate::Comparison::equal && above < 0 ? -above
                                                                              : above;
    };
    for (std::size_t i = 1; i < each.size(); ++i) {
        const bool fails_alone = each[worst].passed && !each[i].passed;
        const bool fails_more = each[worst].passed == each[i].passed && badness(each[i]) > badness(each[worst]);
        worst = fails_alone || fails_more ? i : worst;
    }
    auto judged = each[worst];
    if (!judged.passed) {
        judged.reason += fmt::format(" in repeat {}", repeats[worst]);
    }
    return judged;
}

// For measured figures: the judgement of the median. An unknown figure ranks as one for which the threshold does not
// hold.
JudgedThreshold median_of(const std::vector<JudgedThreshold>& each, const gate::Threshold& threshold) {
    constexpr double unknown = std::numeric_limits<double>::infinity();
    std::vector<double> ranked;
    const JudgedThreshold* blind = nullptr;
    std::size_t without = 0;
    for (const auto& judged : each) {
        ranked.push_back(judged.observed.value_or(asks_for_more(threshold) ? -unknown : unknown));
        without += judged.observed ? 0 : 1;
        blind = !judged.observed && blind == nullptr ? &judged : blind;
    }
    std::sort(ranked.begin(), ranked.end());
    const double low = ranked[(ranked.size() - 1) / 2];
    const double high = ranked[ranked.size() / 2];
    auto judged = blind != nullptr ? *blind : each.front();
    judged.observed.reset();
    judged.passed = false;
    if (!std::isfinite(low) || !std::isfinite(high)) {
        judged.reason += fmt::format(" in {} of {} repeats", without, each.size());
        return judged;
    }
    const auto judgement = gate::judge(threshold, [&](const gate::Threshold&) {
        return gate::Figure{low + (high - low) / 2, {}};
    });
    judged.observed = judgement.observed;
    judged.passed = judgement.outcome == gate::Outcome::passed;
    judged.reason = judgement.reason;
    return judged;
}

}  // namespace

bool counts(const RunReport& run) {
    const auto& verdict = run.verdict;
    return (verdict.complete || !verdict.aborted_by.empty()) && verdict.measurement != Measurement::invalid;
}

std::vector<const RunReport*> Entrant::counting() const {
    std::vector<const RunReport*> some;
    std::copy_if(runs.begin(), runs.end(), std::back_inserter(some), [](const auto* run) { return counts(*run); });
    return some.empty() ? runs : some;
}

unsigned Entrant::valid() const {
    return static_cast<unsigned>(std::count_if(runs.begin(), runs.end(), [](const auto* run) { return counts(*run); }));
}

Verdict Entrant::verdict() const {
    if (asked <= 1 && runs.size() == 1) {
        return runs.front()->verdict;
    }
    Verdict row;
    const auto good = valid();
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto& verdict = runs[i]->verdict;
        const bool counted_in = counts(*runs[i]);
        if (counted_in || good == 0) {
            row.measurement = std::max(row.measurement, verdict.measurement);
            row.complete = row.complete && verdict.complete;
            row.aborted_by = row.aborted_by.empty() ? verdict.aborted_by : row.aborted_by;
            row.ended_because = row.ended_because.empty() ? verdict.ended_because : row.ended_because;
        }
        if (!verdict.complete || verdict.measurement != Measurement::valid) {
            row.reasons.push_back(fmt::format("repeat {}{}: {}", i < repeats.size() ? repeats[i] : i + 1,
                                              counted_in ? "" : " does not count", clause_about(verdict)));
        }
    }
    if (good == 0) {
        row.measurement = Measurement::invalid;
    } else if (2 * good < asked) {
        row.measurement = std::max(row.measurement, Measurement::suspect);
        row.reasons.insert(row.reasons.begin(), fmt::format("only {} of {} repeats are valid", good, asked));
    }
    return row;
}

std::string Entrant::verdict_text() const {
    const auto row = verdict();
    if (asked <= 1 && runs.size() == 1) {
        return std::string(name_of(row.measurement)) + (row.complete ? "" : ", incomplete");
    }
    return fmt::format("{}{} of {} valid{}",
                       row.measurement == Measurement::valid ? "" : std::string(name_of(row.measurement)) + ", ",
                       valid(), asked, row.complete ? "" : ", incomplete");
}

RunReport Entrant::whole() const {
    const auto some = counting();
    RunReport sum = *some.front();
    sum.intervals.clear();
    sum.phases.clear();
    sum.thresholds.clear();
    sum.delivery.exceptions.clear();
    std::vector<const Throughput*> rates;
    std::vector<const Wire*> wires;
    std::vector<const Fleet*> fleets;
    for (const auto* run : some) {
        fleets.push_back(&run->fleet);
        rates.push_back(&run->throughput);
        wires.push_back(&run->wire);
        if (run != some.front()) {
            add(sum, *run);
        }
    }
    sum.verdict = verdict();
    set_medians(sum.fleet, fleets, account::fleet_figures);
    set_medians(sum.throughput, rates, account::throughput_figures);
    const auto bytes = std::tuple(sum.wire.bytes_sent, sum.wire.bytes_received);
    set_medians(sum.wire, wires, account::wire_figures);
    std::tie(sum.wire.bytes_sent, sum.wire.bytes_received) = bytes;  // these are added up, like counts
    for (const auto& side : account::sides) {
        sum.resources.*side.member = typical(some, side.member);
    }
    return sum;
}

Spread spread_of(const Entrant& entrant, const gate::Threshold& question) {
    std::vector<gate::Figure> figures;
    for (const auto* run : entrant.counting()) {
        figures.push_back(figures_of(*run)(question));
    }
    return spread_of(figures);
}

std::vector<gate::Threshold> own_thresholds(const Entrant& entrant) {
    std::vector<gate::Threshold> own;
    for (const auto* run : entrant.runs) {
        for (const auto& written : run->thresholds) {
            const bool known = std::any_of(own.begin(), own.end(), [&written](const gate::Threshold& each) {
                return each.metric_text() == written.metric && each.expression == written.expression;
            });
            if (auto read = gate::parse_threshold(written.metric, written.expression); read && !known) {
                read->origin = written.origin;
                own.push_back(std::move(*read));
            }
        }
    }
    return own;
}

JudgedRepeats judge(const Entrant& entrant, const gate::Threshold& threshold) {
    JudgedRepeats result;
    std::vector<JudgedThreshold> each;
    std::vector<unsigned> numbers;
    const bool any = entrant.valid() > 0;
    for (std::size_t i = 0; i < entrant.runs.size(); ++i) {
        const auto& run = *entrant.runs[i];
        if (any && !counts(run)) {
            continue;
        }
        each.push_back(judge(run, std::vector{threshold}).front());
        numbers.push_back(i < entrant.repeats.size() ? entrant.repeats[i] : static_cast<unsigned>(i + 1));
        result.held += each.back().passed ? 1 : 0;
    }
    result.repeats = each.size();
    result.how = how_judged(each, threshold);
    result.judged = each.size() == 1                               ? each.front()
                    : threshold.metric.kind == gate::Kind::counter ? worst_of(each, numbers, threshold)
                                                                   : median_of(each, threshold);
    if (!result.judged.passed && result.judged.observed && threshold.metric.kind != gate::Kind::counter &&
        each.size() > 1) {
        result.judged.reason += ", the " + result.how;
    }
    return result;
}

std::vector<Entrant> entrants_of(const Comparison& comparison) {
    std::set<std::string> protocols;
    for (const auto& turn : comparison.runs) {
        protocols.insert(turn.run.protocol);
    }
    unsigned asked = comparison.repeats;
    for (const auto& turn : comparison.runs) {
        asked = comparison.repeats == 0 ? std::max(asked, turn.repeat) : asked;
    }
    std::vector<const Turn*> firsts;
    std::vector<Entrant> entrants;
    for (const auto* turn : in_time(comparison)) {
        const auto same = std::find_if(firsts.begin(), firsts.end(), [turn](const Turn* first) {
            const auto identity = [](const Turn& each) {
                return std::tie(each.run.protocol, each.run.variant, each.run.target, each.name);
            };
            return identity(*first) == identity(*turn);
        });
        const auto place = static_cast<std::size_t>(same - firsts.begin());
        if (same == firsts.end()) {
            firsts.push_back(turn);
            entrants.push_back({.name = own_name(*turn, protocols.size() > 1), .runs = {}});
        }
        auto& entrant = entrants[place];
        if (turn->superseded) {
            entrant.again.push_back(turn);
        } else {
            entrant.runs.push_back(&turn->run);
            entrant.repeats.push_back(turn->repeat);
        }
    }
    for (auto& entrant : entrants) {
        if (entrant.runs.empty()) {  // only in a report that was altered; an entrant needs at least one run
            for (const auto* turn : entrant.again) {
                entrant.runs.push_back(&turn->run);
                entrant.repeats.push_back(turn->repeat);
            }
        }
        entrant.asked = std::max(asked, static_cast<unsigned>(entrant.runs.size()));
    }
    // Entrants with the same name differ only by their targets, so the target becomes part of the name.
    std::multiset<std::string> names;
    for (const auto& entrant : entrants) {
        names.insert(entrant.name);
    }
    const bool with_target =
        std::any_of(names.begin(), names.end(), [&names](const auto& name) { return names.count(name) > 1; });
    for (auto& entrant : entrants) {
        entrant.name += with_target ? " at " + entrant.runs.front()->target : "";
    }
    return entrants;
}

std::vector<Entrant> entrants_of(const Report& report) {
    if (const auto* comparison = std::get_if<Comparison>(&report)) {
        return entrants_of(*comparison);
    }
    const auto& run = std::get<RunReport>(report);
    return {{.name = protocol_and_variant(run), .runs = {&run}, .repeats = {1}}};
}

std::string unreachable_in(const Comparison& comparison, const std::vector<std::string>& names) {
    for (const auto& name : names) {
        const bool unreached = std::any_of(comparison.runs.begin(), comparison.runs.end(), [&name](const Turn& turn) {
            return !turn.superseded && turn.name == name && is_unreached(turn.run);
        });
        if (unreached) {
            return name;
        }
    }
    return {};
}

std::vector<WholePhase> stages_of(const Entrant& entrant) {
    std::vector<WholePhase> stages;
    const auto runs = entrant.counting();
    for (std::size_t repeat = 0; repeat < runs.size(); ++repeat) {
        const auto& phases = runs[repeat]->phases;
        for (std::size_t i = 0; i < phases.size(); ++i) {
            const auto& phase = phases[i];
            if (phase.kind != "stage") {
                continue;
            }
            // Two stages of one run may share a name, so take the first one to which this repeat has not been added.
            const auto stage = std::find_if(stages.begin(), stages.end(), [&](const WholePhase& each) {
                return each.first->name == phase.name && each.latencies.size() <= repeat;
            });
            if (stage == stages.end()) {
                stages.push_back({&phase, i, phase.counts, {&phase.latency}});
            } else {
                account::add_repeat(stage->counts, phase.counts);
                stage->latencies.push_back(&phase.latency);
            }
        }
    }
    return stages;
}

std::optional<Latency> merged(const Entrant& entrant, std::optional<Latency> Latencies::*which) {
    std::optional<Latency> sum = Latency{};
    for (const auto* run : entrant.counting()) {
        account::add(sum, run->latency.*which);
    }
    return sum;
}

std::vector<std::string> losses_beside(const Entrant& entrant) {
    std::vector<std::string> sentences;
    const auto look = [&](const RunReport& run, unsigned repeat) {
        if (run.counts.lost.value_or(0) > 0) {
            sentences.push_back(
                fmt::format("{} lost in a run of repeat {} that does not count", *run.counts.lost, repeat));
        }
    };
    for (const auto* turn : entrant.again) {
        look(turn->run, turn->repeat);
    }
    for (std::size_t i = 0; i < entrant.runs.size() && entrant.valid() > 0; ++i) {
        if (!counts(*entrant.runs[i])) {
            look(*entrant.runs[i], entrant.repeats[i]);
        }
    }
    return sentences;
}

std::string file_name_of(const Entrant& entrant) {
    std::string name;
    for (const char letter : entrant.name) {
        const bool lower =
            (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '.' || letter == '_';
        const bool upper = letter >= 'A' && letter <= 'Z';
        if (lower || upper) {
            name += upper ? static_cast<char>(letter - 'A' + 'a') : letter;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    while (!name.empty() && (name.back() == '-' || name.back() == '.')) {
        name.pop_back();
    }
    return name;
}

}  // namespace portillon::report
