#include "report/diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "base/check.h"
#include "base/units.h"
#include "report/diff_metrics.h"
#include "report/prose.h"
#include "stats/effects.h"

namespace portillon::report {

namespace {

using Entries = std::vector<Selection::Entry>;

// ---------------------------------------------------------------------------------------------------- words

std::string share_text(double share) {
    return share >= 1e-3 ? fmt::format("{:.3g} %", share * 100) : fmt::format("{:.3g} ppm", share * 1e6);
}

std::string repeats(std::size_t count) {
    return counted(count, "repeat");
}

// --------------------------------------------------------------------------------------------------- comparability

struct Trait {
    const char* name;
    std::string (*of)(const RunReport&);
};

const std::array<Trait, 1> workload_digests{{
    {"workload", [](const RunReport& run) { return run.scenario.workload_digest; }},
}};

const std::array<Trait, 4> must_agree{{
    {"kernel", [](const RunReport& run) { return run.context.kernel; }},
    {"cpu", [](const RunReport& run) { return run.context.cpu_model; }},
    {"cores", [](const RunReport& run) { return fmt::format("{}", run.context.cores); }},
    {"build type", [](const RunReport& run) { return run.context.build_type; }},
}};

const std::array<Trait, 6> may_differ{{
    {"target", [](const RunReport& run) { return run.target; }},
    {"portillon", [](const RunReport& run) { return run.context.version + " " + run.context.commit; }},
    {"compiler", [](const RunReport& run) { return run.context.compiler; }},
    {"shards", [](const RunReport& run) { return fmt::format("{}", run.context.shards); }},
    {"encoding", [](const RunReport& run) { return run.wire.encoding; }},
    {"libraries",
     [](const RunReport& run) {
         std::string text;
         for (const auto& [name, version] : run.context.libraries) {
             text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, version);
         }
         return text;
     }},
}};

std::string listed(const Entries& entries, const Trait& trait) {
    std::set<std::string> values;
    for (const auto& entry : entries) {
        values.insert(trait.of(*entry.run));
    }
    return fmt::format("{}", fmt::join(values, " and "));
}

// One clause for each trait in which the runs of both sides do not all agree.
template <std::size_t size>
std::vector<std::string> differences(const std::array<Trait, size>& traits, const Entries& base,
                                     const Entries& candidate) {
    std::vector<std::string> found;
    for (const auto& trait : traits) {
        std::set<std::string> values;
        for (const auto* side : {&base, &candidate}) {
            for (const auto& entry : *side) {
                values.insert(trait.of(*entry.run));
            }
        }
        if (values.size() > 1) {
            found.push_back(
                fmt::format("{}: {} against {}", trait.name, listed(base, trait), listed(candidate, trait)));
        }
    }
    return found;
}

std::vector<const RunReport*> runs_of(const Selection& selection) {
    std::vector<const RunReport*> runs;
    for (const auto& entry : selection.runs) {
        runs.push_back(entry.run);
    }
    return runs;
}

// "workload: delivery.batch.max: 1 against 60, fleet.equipments: 10 against 20"; the digests if no key explains it.
std::string about(const WorkloadDifference& difference, const Selection& base, const Selection& candidate) {
    constexpr std::size_t most_named = 8;
    std::vector<std::string> named;
    for (const auto& key : difference.keys) {
        if (!key.allowed && named.size() < most_named) {
            named.push_back(key.text());
        }
    }
    const auto all = static_cast<std::size_t>(
        std::count_if(difference.keys.begin(), difference.keys.end(), [](const auto& key) { return !key.allowed; }));
    auto text = fmt::format("{}", fmt::join(named, ", "));
    text += all > named.size() ? fmt::format(" and {} more", counted(all - named.size(), "key")) : "";
    if (difference.unexplained) {
        text = fmt::format("{}{}", differences(workload_digests, base.runs, candidate.runs).front(),
                           text.empty() ? " (the same keys; another trace or --compress?)" : " (" + text + ")");
        return text;
    }
    return "workload: " + text;
}

bool trustworthy(const RunReport& run) {
    return run.verdict.complete && run.verdict.measurement != Measurement::invalid;
}

DiffSide side_of(const Selection& selection) {
    const auto& first = *selection.runs.front().run;
    DiffSide side{.label = selection.label,
                  .target = first.target,
                  .scenario = {first.scenario.name, first.scenario.workload_digest, {}},
                  .context = first.context};
    side.runs = static_cast<unsigned>(selection.runs.size());
    side.left_out = static_cast<unsigned>(std::count_if(selection.runs.begin(), selection.runs.end(),
                                                        [](const auto& e) { return !trustworthy(*e.run); }));
    return side;
}

// ---------------------------------------------------------------------------------------------------- groups

struct Group {
    std::string name;
    Entries runs;
};

std::vector<Group> groups_of(const Selection& selection) {
    std::vector<Group> groups;
    for (const auto& entry : selection.runs) {
        const auto name = protocol_and_variant(*entry.run);
        auto found = std::find_if(groups.begin(), groups.end(), [&name](const Group& g) { return g.name == name; });
        if (found == groups.end()) {
            found = groups.insert(groups.end(), Group{name, {}});
        }
        found->runs.push_back(entry);
    }
    return groups;
}

bool same_rounds(const Entries& base, const Entries& candidate) {
    std::set<unsigned> rounds;
    for (const auto& entry : base) {
        rounds.insert(entry.repeat);
    }
    return rounds.size() == base.size() && base.size() == candidate.size() &&
           std::equal(base.begin(), base.end(), candidate.begin(),
                      [](const auto& a, const auto& b) { return a.repeat == b.repeat; });
}

// Leaves out runs that cannot be trusted. Warns of each of these, and of each suspect run that is kept.
Entries sifted(const Entries& entries, const char* side, const DiffOptions& options,
               std::vector<std::string>& warnings) {
    Entries kept;
    for (const auto& entry : entries) {
        const auto& verdict = entry.run->verdict;
        const bool keep = options.force || trustworthy(*entry.run);
        if (keep) {
            kept.push_back(entry);
        }
        if (!verdict.complete || verdict.measurement != Measurement::valid) {
            warnings.push_back(fmt::format("{}, repeat {}{}: {}{}{}", side, entry.repeat, keep ? "" : ", is left out",
                                           verdict.complete ? name_of(verdict.measurement) : "incomplete",
                                           verdict.reasons.empty() ? "" : ", ", fmt::join(verdict.reasons, "; ")));
        }
    }
    return kept;
}

// ---------------------------------------------------------------------------------------------------- figures

// Counts how many figures of a side have a value, and why the others have none.
struct Filled {
    std::size_t values = 0, never = 0, absent = 0, zeros = 0;
    std::string why;  // why the first absent one is absent

    explicit Filled(const std::vector<RunFigure>& figures) {
        for (const auto& figure : figures) {
            values += figure.value ? 1 : 0;
            zeros += figure.value && *figure.value <= 0 ? 1 : 0;
            never += figure.never ? 1 : 0;
            if (!figure.value && !figure.never) {
                ++absent;
                why = why.empty() ? figure.absent_because : why;
            }
        }
    }
    std::size_t all() const { return values + never + absent; }
};

std::vector<RunFigure> figures_of(const Entries& entries, const DiffMetric& metric) {
    std::vector<RunFigure> figures;
    for (const auto& entry : entries) {
        figures.push_back(metric.of(*entry.run, metric));
        figures.back().repeat = entry.repeat;
    }
    return figures;
}

double generated(const Selection::Entry& entry) {
    return static_cast<double>(std::max<Count>(*entry.run->counts.generated, 1));
}

std::string text_of(const DiffMetric& metric, const std::optional<double>& value) {
    if (!value) {
        return "-";
    }
    return gate::humanize_figure(metric.kind, *value) + (metric.key.ends_with("_per_s") ? "/s" : "");
}

// Turns the counts of a side into shares, and computes its mean and text.
void summarize(const DiffMetric& metric, const Entries& entries, std::vector<RunFigure>& figures,
               std::optional<double>& value, std::string& text) {
    const Filled tally(figures);
    if (tally.values < figures.size()) {
        text = tally.never > 0 ? "never" : "-";
        if (tally.values == 0) {
            return;
        }
    }
    double sum = 0;
    double count = 0;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        auto& figure = figures[i].value;
        if (!figure) {
            continue;
        }
        if (metric.measure == Measure::ratio) {
            sum += std::log(std::max(*figure, 0.0));
            continue;
        }
        count += *figure;
        figure = *figure / generated(entries[i]);
        sum += *figure;
    }
    const double mean = sum / static_cast<double>(tally.values);
    value = metric.measure == Measure::ratio ? std::exp(mean) : mean;
    if (!text.empty()) {
        return;
    }
    text = metric.measure == Measure::ratio ? text_of(metric, value)
           : count == 0                     ? "0"
                                            : fmt::format("{} ({})", humanize_count(count), share_text(*value));
}

// --------------------------------------------------------------------------------------- changes without statistics

struct Answer {
    Change change;
    std::string why;
};

std::string some_of(std::size_t some, std::size_t all, const char* side) {
    return all == 1 ? side : fmt::format("{} of {} {} runs", some, all, side);
}

// The answer if it needs no statistics; nothing if statistics have to decide.
std::optional<Answer> plain_answer(const DiffMetric& metric, const std::vector<RunFigure>& base_figures,
                                   const std::vector<RunFigure>& candidate_figures) {
    const Filled base(base_figures);
    const Filled candidate(candidate_figures);
    const auto enough = [](const Filled& side) { return side.all() >= least_repeats; };
    if (base.absent > 0 || candidate.absent > 0) {
        const bool in_base = base.absent > 0;
        const auto& side = in_base ? base : candidate;
        return Answer{
            Change::incomparable,
            fmt::format("{}: {}", some_of(side.absent, side.all(), in_base ? "base" : "candidate"), side.why)};
    }
    if (base.values == 0 && candidate.values == 0) {
        return Answer{Change::same, "never answered on either side"};
    }
    if (candidate.never * 2 > candidate.all() && base.never == 0) {
        return Answer{Change::worse, fmt::format("{}: among the never answered",
                                                 some_of(candidate.never, candidate.all(), "candidate"))};
    }
    if (base.never * 2 > base.all() && candidate.never == 0 && enough(base) && enough(candidate)) {
        return Answer{Change::better,
                      fmt::format("{}: was among the never answered", some_of(base.never, base.all(), "base"))};
    }
    if (base.never > 0 || candidate.never > 0) {
        const bool in_candidate = candidate.never > 0;
        const auto& side = in_candidate ? candidate : base;
        return Answer{Change::inconclusive,
                      fmt::format("{}: among the never answered",
                                  some_of(side.never, side.all(), in_candidate ? "candidate" : "base"))};
    }
    const bool none_in_base = base.zeros == base.values;
    const bool none_in_candidate = candidate.zeros == candidate.values;
    if (none_in_base && none_in_candidate) {
        return Answer{Change::same, "none on either side"};
    }
    if (metric.measure == Measure::promise && none_in_base) {
        return Answer{Change::worse, "none may be, and base has none"};
    }
    if (metric.measure == Measure::ratio && base.zeros + candidate.zeros > 0) {
        const bool gone = none_in_candidate && base.zeros == 0 && metric.better == Better::higher;
        return gone ? Answer{Change::worse, "nothing is left of it"} : Answer{Change::inconclusive, "some runs have 0"};
    }
    return std::nullopt;
}

// ------------------------------------------------------------------------------------------------------ statistics

// The logarithms of one side's figures. Half a validation is added to each share, so that 0 has a logarithm. The least
// spread is raised to that of Poisson counts, since events that happen by chance vary at least so much.
std::vector<double> logarithms(const DiffMetric& metric, const Entries& entries, const std::vector<RunFigure>& figures,
                               double& least_spread) {
    std::vector<double> logs;
    double counts = 0;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        if (metric.measure == Measure::ratio) {
            logs.push_back(std::log(*figures[i].value));
            continue;
        }
        const double count = *figures[i].value * generated(entries[i]) + 0.5;
        counts += count;
        logs.push_back(std::log(count / generated(entries[i])));
    }
    constexpr double resolution = 0.0005;  // of a histogram with three significant digits
    const double poisson = counts > 0 ? 1 / std::sqrt(counts / static_cast<double>(figures.size())) : 0;
    least_spread = std::max({least_spread, resolution, poisson});
    return logs;
}

double least_of(const std::vector<RunFigure>& figures) {
    return *std::min_element(figures.begin(), figures.end(), [](const auto& a, const auto& b) {
                return *a.value < *b.value;
            })->value;
}

double most_of(const std::vector<RunFigure>& figures) {
    return *std::max_element(figures.begin(), figures.end(), [](const auto& a, const auto& b) {
                return *a.value < *b.value;
            })->value;
}

// Compares figures that do not vary between runs, such as a size on the wire or a count that the scenario fixes.
// Nothing has to be estimated for them: they changed by exactly the difference, and two runs a side are enough to see
// it. A figure that varies would hardly be the same in all runs of each side and yet differ between the sides; only
// small counts are often the same by chance, so they need least_repeats. A figure that varies by no more than a
// histogram's resolution is taken for constant if it changed by far more than that. Returns nothing if statistics have
// to decide.
std::optional<Change> compare_constants(const DiffMetric& metric, MetricDiff& row, const DiffOptions& options) {
    const std::size_t enough = metric.measure == Measure::ratio ? 2 : least_repeats;
    if (std::min(row.base_runs.size(), row.candidate_runs.size()) < enough) {
        return std::nullopt;
    }
    const double base_least = least_of(row.base_runs);
    const double base_most = most_of(row.base_runs);
    const double least = least_of(row.candidate_runs);
    const double most = most_of(row.candidate_runs);
    constexpr double rounding = 1e-9;  // errors of sums and quotients
    constexpr double resolution = 1e-3;
    constexpr double far_more = 1e-2;
    const bool the_same = base_most - base_least <= rounding * base_most && most - least <= rounding * most;
    const bool nearly = metric.measure == Measure::ratio && base_most - base_least <= resolution * base_least &&
                        most - least <= resolution * least;
    const double beyond = 1 + (the_same ? options.min_effect : std::max(options.min_effect, far_more));
    const bool up = least > base_most * beyond;
    const bool down = most < base_least / beyond;
    if (!the_same && !(nearly && (up || down))) {
        return std::nullopt;
    }
    row.why = the_same ? "the same in every run of a side" : "nearly the same in every run of a side";
    if (row.ratio) {
        row.interval =
            the_same ? stats::Interval{*row.ratio, *row.ratio} : stats::Interval{least / base_most, most / base_least};
    }
    return !up && !down ? Change::same : up == (row.better == Better::lower) ? Change::worse : Change::better;
}

// A metric that statistics have to decide.
struct Pending {
    std::size_t metric = 0;  // in its group
    stats::Effect effect;
};

struct Working {
    GroupDiff group;
    std::vector<Pending> pending;
};

Working measured(const Entries& base, const Entries& candidate, GroupDiff group, const DiffOptions& options) {
    Working working{std::move(group), {}};
    std::vector<stats::Observed> observed;
    for (const auto& metric : diff_metrics()) {
        MetricDiff row;
        row.name = metric.name;
        row.key = metric.key;
        row.kind = metric.kind;
        row.better = metric.better;
        row.base_runs = figures_of(base, metric);
        row.candidate_runs = figures_of(candidate, metric);
        if (Filled(row.base_runs).absent == base.size() && Filled(row.candidate_runs).absent == candidate.size()) {
            continue;
        }
        const auto answer = plain_answer(metric, row.base_runs, row.candidate_runs);
        summarize(metric, base, row.base_runs, row.base, row.base_text);
        summarize(metric, candidate, row.candidate_runs, row.candidate, row.candidate_text);
        if (answer) {
            row.change = answer->change;
            row.why = answer->why;
        }
        if (row.base && row.candidate && *row.base > 0 && *row.candidate > 0 && row.base_text != "never" &&
            row.candidate_text != "never") {
            row.ratio = *row.candidate / *row.base;
        }
        const auto constant = answer ? std::nullopt : compare_constants(metric, row, options);
        if (constant) {
            row.change = *constant;
        } else if (!answer && base.size() >= 2 && candidate.size() >= 2) {
            stats::Observed figures{
                .base = {},
                .candidate = {},
                .scatter = metric.kind == gate::Kind::latency ? stats::Scatter::alike : stats::Scatter::own};
            figures.base = logarithms(metric, base, row.base_runs, figures.least_spread);
            figures.candidate = logarithms(metric, candidate, row.candidate_runs, figures.least_spread);
            observed.push_back(std::move(figures));
            working.pending.push_back({working.group.metrics.size(), {}});
        } else if (!answer) {
            row.change = Change::inconclusive;
            row.why = fmt::format("one run has no spread: it takes {} a side at least", repeats(least_repeats));
        }
        working.group.metrics.push_back(std::move(row));
    }
    const auto pairing = working.group.paired ? stats::Pairing::by_round : stats::Pairing::independent;
    const auto effects = stats::effects(observed, pairing);
    for (std::size_t i = 0; i < effects.size(); ++i) {
        working.pending[i].effect = effects[i];
    }
    return working;
}

struct Judge {
    const DiffOptions& options;
    std::size_t tests;
    double level;  // the limit for this metric's p, chosen so that all metrics together keep the confidence

    void judge(const GroupDiff& group, const stats::Effect& effect, MetricDiff& row) const {
        const double bound = std::log1p(options.min_effect);
        const double alpha = 1 - options.confidence;
        const auto fewest = std::min(group.base_repeats, group.candidate_repeats);
        if (row.ratio) {
            row.ratio = std::exp(effect.change);  // for a share, the half validation is included
        }
        if (fewest >= least_repeats) {
            const auto corrected = effect.deciding(bound, level);
            const auto each_end = effect.ratio_at(1 - 2 * alpha);
            const bool up = std::log(corrected.low) > bound;
            const bool down = std::log(corrected.high) < -bound;
            const bool within = std::log(each_end.low) >= -bound && std::log(each_end.high) <= bound;
            const auto& deciding = within ? each_end : corrected;
            row.why = row.ratio
                          ? fmt::format("between {} and {}", change_text(deciding.low), change_text(deciding.high))
                          : "one side has none";
            if (row.ratio) {
                row.interval = deciding;
            }
            if (up || down) {
                row.change = up == (row.better == Better::lower) ? Change::worse : Change::better;
                return;
            }
            if (within) {
                row.change = Change::same;
                return;
            }
        } else {
            row.why = fmt::format("it takes {} a side to tell a change from the spread", repeats(least_repeats));
        }
        row.change = Change::inconclusive;
        const auto needed =
            stats::runs_needed(effect, bound, alpha, tests, std::max(least_repeats, fewest + 1), most_repeats);
        if (needed <= most_repeats) {
            row.repeats_needed = needed;
        }
        if (fewest >= least_repeats) {
            row.why += row.repeats_needed ? fmt::format("; about {} a side would settle it", repeats(needed))
                                          : fmt::format("; not even {} a side would settle it", repeats(most_repeats));
        }
    }
};

// ---------------------------------------------------------------------------------------------------- sums

int gravity(Change change) {
    switch (change) {
        case Change::worse:
            return 4;
        case Change::incomparable:
            return 3;
        case Change::inconclusive:
            return 2;
        case Change::better:
            return 1;
        case Change::same:
            break;
    }
    return 0;
}

std::string names_of(const std::vector<const MetricDiff*>& rows) {
    constexpr std::size_t most_named = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(rows.size(), most_named); ++i) {
        text += fmt::format("{}{}{}", i == 0 ? "" : ", ", rows[i]->name,
                            rows[i]->ratio ? fmt::format(" ({})", change_text(*rows[i]->ratio)) : "");
    }
    return text + (rows.size() > most_named ? fmt::format(" and {} more", rows.size() - most_named) : "");
}

void conclude(GroupDiff& group) {
    if (group.metrics.empty()) {
        group.change = Change::incomparable;
        group.why = "no metric was measured on either side";
        return;
    }
    const bool axis = group.base_name != group.candidate_name;
    group.change = Change::same;
    std::string why;
    bool compared = false;
    for (const auto kind : {Change::worse, Change::incomparable, Change::inconclusive, Change::better}) {
        std::vector<const MetricDiff*> rows;
        for (const auto& row : group.metrics) {
            if (row.change == kind) {
                rows.push_back(&row);
            }
            compared = compared || row.change != Change::incomparable;
        }
        if (rows.empty()) {
            continue;
        }
        // Between two protocols, a metric that only one of them has does not make the group incomparable.
        if (!(axis && compared && kind == Change::incomparable) && gravity(kind) > gravity(group.change)) {
            group.change = kind;
        }
        why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", name_of(kind),
                           kind == Change::worse || kind == Change::better || rows.size() <= 3
                               ? names_of(rows)
                               : fmt::format("{} of {} metrics", rows.size(), group.metrics.size()));
    }
    group.why = why.empty() ? "no metric changed by as much as the minimum effect" : why;
}

void conclude(Diff& diff) {
    diff.change = Change::same;
    for (const auto& group : diff.groups) {
        if (gravity(group.change) > gravity(diff.change)) {
            diff.change = group.change;
        }
        const bool named = diff.groups.size() > 1 || group.base_name != group.candidate_name;
        const auto name = group.base_name == group.candidate_name
                              ? group.base_name
                              : group.candidate_name + " against " + group.base_name;
        diff.why += (diff.why.empty() ? "" : " / ") + (named ? name + ": " : "") + group.why;
    }
}

Diff incomparable(Diff diff, std::string why) {
    diff.change = Change::incomparable;
    diff.why = std::move(why);
    return diff;
}

}  // namespace

const char* name_of(Change change) {
    switch (change) {
        case Change::better:
            return "better";
        case Change::same:
            return "same";
        case Change::inconclusive:
            return "inconclusive";
        case Change::worse:
            return "worse";
        case Change::incomparable:
            break;
    }
    return "incomparable";
}

std::string how_decided(const Diff& diff) {
    const auto sure = fmt::format("{:.3g} %", diff.options.confidence * 100);
    const auto figures = diff.tests == 1 ? std::string("the one figure") : fmt::format("all {} figures", diff.tests);
    std::string text = fmt::format(
        "Better and worse are said of changes beyond {:.3g} %, and wrongly of any figure in at most {:.3g} % of the "
        "diffs "
        "in which nothing changed.",
        diff.options.min_effect * 100, (1 - diff.options.confidence) * 100);
    const bool any_interval = std::any_of(diff.groups.begin(), diff.groups.end(), [](const GroupDiff& group) {
        return std::any_of(group.metrics.begin(), group.metrics.end(),
                           [](const auto& row) { return row.interval.has_value(); });
    });
    if (diff.tests > 0 && any_interval) {
        text += fmt::format(
            " From \"at least\" to \"at most\" is the interval that decides: corrected for {} that vary; of the same, "
            "each end sure to {}. What never varies is compared as it is.",
            figures, sure);
    }
    return text;
}

bool comparable(const GroupDiff& group) {
    return group.change != Change::incomparable &&
           (group.base_name != group.candidate_name ||
            std::none_of(group.metrics.begin(), group.metrics.end(),
                         [](const MetricDiff& row) { return row.change == Change::incomparable; }));
}

Diff diff(const Selection& base, const Selection& candidate, const DiffOptions& options) {
    check(!base.runs.empty() && !candidate.runs.empty(), "a side of a diff without runs");
    check(options.min_effect >= 0 && options.confidence > 0 && options.confidence < 1,
          "options of a diff out of range");
    Diff result;
    result.base = side_of(base);
    result.candidate = side_of(candidate);
    result.options = options;
    result.notes = differences(may_differ, base.runs, candidate.runs);
    auto hindrances = differences(must_agree, base.runs, candidate.runs);
    const auto difference = workload_difference(runs_of(base), runs_of(candidate), options.allow);
    result.keys = difference.keys;
    if (difference.differs && !difference.is_allowed()) {
        hindrances.insert(hindrances.begin(), about(difference, base, candidate));
    }
    for (const auto& key : difference.keys) {
        if (key.allowed) {
            result.notes.push_back(key.text() + ", as allowed");
        }
    }
    if (options.force) {
        result.forced = hindrances;
        if (result.base.left_out + result.candidate.left_out > 0) {
            result.forced.emplace_back("invalid or incomplete measurements are among the runs");
        }
    } else if (!hindrances.empty()) {
        return incomparable(std::move(result), fmt::format("{}", fmt::join(hindrances, "; ")));
    }

    const auto base_groups = groups_of(base);
    const auto candidate_groups = groups_of(candidate);
    const bool axis = base_groups.size() == 1 && candidate_groups.size() == 1;
    std::vector<Working> works;
    std::vector<double> p;
    std::set<std::string> met;
    for (const auto& of_base : base_groups) {
        const auto partner = std::find_if(candidate_groups.begin(), candidate_groups.end(),
                                          [&](const Group& group) { return axis || group.name == of_base.name; });
        GroupDiff group;
        group.base_name = group.candidate_name = of_base.name;
        if (partner == candidate_groups.end()) {
            group.why = "only base has it";
            works.push_back({std::move(group), {}});
            continue;
        }
        met.insert(partner->name);
        group.candidate_name = partner->name;
        const auto base_runs = sifted(of_base.runs, "base", options, group.warnings);
        const auto candidate_runs = sifted(partner->runs, "candidate", options, group.warnings);
        group.base_repeats = static_cast<unsigned>(base_runs.size());
        group.candidate_repeats = static_cast<unsigned>(candidate_runs.size());
        if (base_runs.empty() || candidate_runs.empty()) {
            group.why =
                fmt::format("{} has no run that is complete and not invalid", base_runs.empty() ? "base" : "candidate");
            works.push_back({std::move(group), {}});
            continue;
        }
        group.paired = base.report == candidate.report && same_rounds(base_runs, candidate_runs);
        works.push_back(measured(base_runs, candidate_runs, std::move(group), options));
        for (const auto& pending : works.back().pending) {
            p.push_back(pending.effect.p_beyond(std::log1p(options.min_effect)));
        }
    }
    for (const auto& group : candidate_groups) {
        if (met.count(group.name) == 0) {
            result.warnings.push_back(fmt::format("only candidate has {}", group.name));
        }
    }

    result.tests = p.size();
    const auto adjusted = stats::adjusted(p);
    const auto levels = stats::levels(p, 1 - options.confidence);
    std::size_t next = 0;
    for (auto& work : works) {
        for (const auto& pending : work.pending) {
            auto& row = work.group.metrics[pending.metric];
            row.p = adjusted[next];
            Judge{options, p.size(), levels[next++]}.judge(work.group, pending.effect, row);
        }
        if (work.group.why.empty()) {
            conclude(work.group);
        }
        result.groups.push_back(std::move(work.group));
    }
    conclude(result);
    return result;
}

Checked<Diff> diff(const Report& comparison, const std::string& base_name, const std::string& candidate_name,
                   const DiffOptions& options) {
    const auto base = select(comparison, base_name, base_name);
    const auto candidate = select(comparison, candidate_name, candidate_name);
    Problems problems;
    for (const auto* side : {&base, &candidate}) {
        if (!*side) {
            problems.insert(problems.end(), side->problems().begin(), side->problems().end());
        }
    }
    return problems.empty() ? Checked(diff(*base, *candidate, options)) : Checked<Diff>(std::move(problems));
}

}  // namespace portillon::report
