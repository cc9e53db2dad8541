#include "report/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "report/entrants.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

// A figure in which entrants are ranked; the least is the best.
struct Contest {
    const char* name;
    const char* metric;
    const char* expression;      // any threshold on the figure
    const char* key;             // in the JSON report
    bool hardly_varies = false;  // between repeats, so that few are enough to tell a difference
};
constexpr std::array<Contest, 3> contests_of_time{{{"P50", "response", "p(50)<1s", "latency.response.p50_us"},
                                                   {"P95", "response", "p(95)<1s", "latency.response.p95_us"},
                                                   {"P99", "response", "p(99)<1s", "latency.response.p99_us"}}};
constexpr std::array<Contest, 3> contests_of_cost{
    {{"CPU", "server.cpu_us_per_validation", "value<1", "resources.server.cpu_us_per_validation"},
     {"memory", "server.rss_bytes_per_equipment", "value<1", "resources.server.rss_bytes_per_equipment"},
     {"bytes", "bytes_per_validation", "value<1", "wire.bytes_per_validation", true}}};

std::string named(const std::vector<std::string>& names) {
    if (names.size() < 2) {
        return names.empty() ? "" : names.front();
    }
    return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

std::size_t repeats_of(const Entrant& entrant) {
    return entrant.counting().size();
}

std::pair<double, double> extremes_of(const std::vector<RunFigure>& figures) {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    for (const auto& figure : figures) {
        least = std::min(least, figure.value.value_or(std::numeric_limits<double>::infinity()));
        most = std::max(most, figure.value.value_or(std::numeric_limits<double>::infinity()));
    }
    return {least, most};
}

// Returns -1 if the candidate of a difference is better, 1 if it is worse, 0 if it is the same; nothing if that cannot
// be told.
std::optional<int> told_by(const MetricDiff& row, const Contest& contest, const DiffOptions& options) {
    const int better = row.better == Better::lower ? -1 : 1;
    switch (row.change) {
        case Change::better:
            return better;
        case Change::worse:
            return -better;
        case Change::same:
            return 0;
        case Change::incomparable:
            return std::nullopt;
        case Change::inconclusive:
            break;
    }
    const auto fewest = std::min(row.base_runs.size(), row.candidate_runs.size());
    if (fewest >= least_repeats || row.base_runs.empty() || row.candidate_runs.empty()) {
        return std::nullopt;
    }
    const double apart = 1 + (contest.hardly_varies ? options.min_effect : silent_below(fewest, options));
    const auto [base_least, base_most] = extremes_of(row.base_runs);
    const auto [least, most] = extremes_of(row.candidate_runs);
    return most * apart < base_least ? std::optional(-1) : least > base_most * apart ? std::optional(1) : std::nullopt;
}

// Entrants in the order of a figure, the best first.
struct Ranking {
    std::vector<std::size_t> places;  // of the entrants that have the figure
    std::size_t leaders = 0;          // so many are better than all the others; all of them: there is no winner
    bool alike = false;               // all are the same, within the minimum effect

    bool is_held() const { return places.size() > 1; }
    bool has_leaders() const { return is_held() && leaders < places.size(); }
    bool has_winner() const { return is_held() && leaders == 1; }
};

// The differences between each two of the entrants.
class Field {
public:
    Field(std::vector<const Entrant*> entrants, const DiffOptions& options)
        : entrants_(std::move(entrants)), options_(options) {
        options_.force = true;  // encodings are part of the workload; only repeats that count are compared
        for (std::size_t base = 0; base < entrants_.size(); ++base) {
            for (std::size_t candidate = base + 1; candidate < entrants_.size(); ++candidate) {
                auto found = diff(selection_of(base), selection_of(candidate), options_);
                if (!found.groups.empty()) {
                    for (auto& row : found.groups.front().metrics) {
                        rows_.emplace(std::tuple(base, candidate, row.key), std::move(row));
                    }
                }
            }
        }
    }

    Ranking ranking(const Contest& contest) const {
        Ranking ranking;
        std::vector<double> figures;
        const auto question = gate::parse_threshold(contest.metric, contest.expression);
        for (std::size_t i = 0; i < entrants_.size(); ++i) {
            const auto spread = spread_of(*entrants_[i], *question);
            figures.push_back(spread.value.value_or(std::numeric_limits<double>::infinity()));
            if (spread.value || !spread.beyond.empty()) {
                ranking.places.push_back(i);
            }
        }
        std::stable_sort(ranking.places.begin(), ranking.places.end(),
                         [&figures](std::size_t a, std::size_t b) { return figures[a] < figures[b]; });
        ranking.leaders = leaders_of(ranking.places, contest);
        ranking.alike = all_alike(ranking.places, contest);
        return ranking;
    }

    // Returns the figure of `worse` divided by that of `better`; 0 if it was never answered, nothing if that is not
    // sure.
    std::optional<double> times(std::size_t better, std::size_t worse, const Contest& contest) const {
        if (told(better, worse, contest) != 1) {
            return std::nullopt;
        }
        const auto* row = row_of(better, worse, contest);
        return row->ratio ? (better < worse ? *row->ratio : 1 / *row->ratio) : 0;
    }

private:
    Selection selection_of(std::size_t place) const {
        Selection selection{.label = entrants_[place]->name, .report = nullptr, .runs = {}};
        const auto& entrant = *entrants_[place];
        for (std::size_t i = 0; i < entrant.runs.size(); ++i) {
            if (counts(*entrant.runs[i])) {
                selection.runs.push_back({entrant.repeats[i], entrant.runs[i]});
            }
        }
        return selection;
    }

    const MetricDiff* row_of(std::size_t one, std::size_t other, const Contest& contest) const {
        const auto row = rows_.find(std::tuple(std::min(one, other), std::max(one, other), std::string(contest.key)));
        return row == rows_.end() ? nullptr : &row->second;
    }

    // Returns 1 if the figure of `candidate` is greater than that of `base`, -1 if it is less, 0 if it is the same.
    std::optional<int> told(std::size_t base, std::size_t candidate, const Contest& contest) const {
        const auto* row = row_of(base, candidate, contest);
        const auto said = row == nullptr ? std::nullopt : told_by(*row, contest, options_);
        return said ? std::optional(base < candidate ? *said : -*said) : std::nullopt;
    }

    std::size_t leaders_of(const std::vector<std::size_t>& places, const Contest& contest) const {
        for (std::size_t ahead = 1; ahead < places.size(); ++ahead) {
            bool holds = true;
            for (std::size_t i = 0; i < ahead && holds; ++i) {
                for (std::size_t j = ahead; j < places.size() && holds; ++j) {
                    holds = told(places[i], places[j], contest) == 1;
                }
            }
            if (holds) {
                return ahead;
            }
        }
        return places.size();
    }

    bool all_alike(const std::vector<std::size_t>& places, const Contest& contest) const {
        for (std::size_t i = 0; i < places.size(); ++i) {
            for (std::size_t j = i + 1; j < places.size(); ++j) {
                if (told(places[i], places[j], contest) != 0) {
                    return false;
                }
            }
        }
        return true;
    }

    std::vector<const Entrant*> entrants_;
    DiffOptions options_;
    std::map<std::tuple<std::size_t, std::size_t, std::string>, MetricDiff> rows_;
};

using Clauses = std::vector<std::string>;

// --------------------------------------------------------------------------------------------- who is best in what

struct Held {
    const Contest* contest;
    Ranking ranking;
};

template <class Contests>
std::vector<Held> held(const Field& field, const Contests& contests) {
    std::vector<Held> all;
    for (const auto& contest : contests) {
        if (auto ranking = field.ranking(contest); ranking.is_held()) {
            all.push_back({&contest, std::move(ranking)});
        }
    }
    return all;
}

// The entrant that wins all these contests; nothing if there is none, or but one contest.
std::optional<std::size_t> winner_of_all(const std::vector<Held>& contests) {
    for (const auto& each : contests) {
        if (!each.ranking.has_winner() || each.ranking.places.front() != contests.front().ranking.places.front()) {
            return std::nullopt;
        }
    }
    return contests.size() < 2 ? std::nullopt : std::optional(contests.front().ranking.places.front());
}

std::string leaders_named(const std::vector<const Entrant*>& entrants, const Ranking& ranking) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < ranking.leaders; ++i) {
        names.push_back(entrants[ranking.places[i]]->name);
    }
    return named(names);
}

void add_who_needs_least(Clauses& clauses, const std::vector<const Entrant*>& entrants,
                         const std::vector<Held>& costs) {
    std::vector<std::pair<std::string, std::vector<std::string>>> won;  // leaders, contests
    for (const auto& each : costs) {
        if (!each.ranking.has_leaders()) {
            continue;
        }
        const auto leaders = leaders_named(entrants, each.ranking) + (each.ranking.has_winner() ? " needs" : " need");
        const auto known =
            std::find_if(won.begin(), won.end(), [&leaders](const auto& pair) { return pair.first == leaders; });
        (known == won.end() ? won.emplace_back(leaders, std::vector<std::string>{}) : *known)
            .second.emplace_back(each.contest->name);
    }
    for (const auto& [leaders, names] : won) {
        clauses.push_back(fmt::format("{} the least {}", leaders, named(names)));
    }
}

// Adds the clauses on the entrant that is fastest by P95 and the one that needs least.
void add_winners(Clauses& clauses, const std::vector<const Entrant*>& entrants, const std::vector<Held>& times,
                 const std::vector<Held>& costs) {
    const auto by_p95 = std::find_if(times.begin(), times.end(),
                                     [](const Held& each) { return std::string_view(each.contest->name) == "P95"; });
    const auto cheapest = winner_of_all(costs);
    std::optional<std::size_t> fastest;
    if (by_p95 != times.end() && by_p95->ranking.has_winner()) {
        fastest = by_p95->ranking.places.front();
        clauses.push_back(fmt::format("{} answers fastest{}", entrants[*fastest]->name,
                                      cheapest == fastest ? " and needs least" : ""));
    } else if (by_p95 != times.end() && by_p95->ranking.has_leaders()) {
        clauses.push_back(fmt::format("{} answer faster than the others, with no winner between them",
                                      leaders_named(entrants, by_p95->ranking)));
    }
    if (cheapest && cheapest != fastest) {
        clauses.push_back(fmt::format("{} needs least", entrants[*cheapest]->name));
    } else if (!cheapest) {
        add_who_needs_least(clauses, entrants, costs);
    }
    for (const auto& each : times) {
        const bool another = each.ranking.has_winner() && each.ranking.places.front() != fastest;
        if (another && (by_p95 == times.end() || &each != &*by_p95)) {
            clauses.push_back(
                fmt::format("{} is fastest in {}", entrants[each.ranking.places.front()]->name, each.contest->name));
        }
    }
}

// "2.1", "99", "120": more digits would claim more than is known.
std::string times_text(double times) {
    constexpr double most_with_two_digits = 99.5;
    return times < most_with_two_digits ? fmt::format("{:.2g}", times) : humanize_count(std::round(times / 10) * 10);
}

// Adds the clause on the distance between the slowest and the fastest in P99.
void add_distance(Clauses& clauses, const Field& field, const std::vector<const Entrant*>& entrants,
                  const std::vector<Held>& times) {
    for (const auto& each : times) {
        if (std::string_view(each.contest->name) != "P99") {
            continue;
        }
        const auto best = each.ranking.places.front();
        const auto worst = each.ranking.places.back();
        const auto times_as_long = field.times(best, worst, *each.contest);
        if (!times_as_long) {
            continue;
        }
        const auto& name = entrants[worst]->name;
        constexpr double many = 1.5;
        clauses.push_back(*times_as_long == 0      ? fmt::format("{}'s P99 is among the never answered", name)
                          : *times_as_long >= many ? fmt::format("{}'s P99 is {} times {}'s", name,
                                                                 times_text(*times_as_long), entrants[best]->name)
                                                   : fmt::format("{}'s P99 is {:.0f} % above {}'s", name,
                                                                 (*times_as_long - 1) * 100, entrants[best]->name));
    }
}

void add_undecided(Clauses& clauses, const std::vector<Held>& times, const std::vector<Held>& costs,
                   const DiffOptions& options) {
    std::vector<std::string> undecided, alike;
    for (const auto* contests : {&times, &costs}) {
        for (const auto& each : *contests) {
            if (!each.ranking.has_leaders()) {
                (each.ranking.alike ? alike : undecided).emplace_back(each.contest->name);
            }
        }
    }
    if (!alike.empty()) {
        clauses.push_back(fmt::format("{} alike, within {:.3g} %", named(alike), options.min_effect * 100));
    }
    if (!undecided.empty()) {
        clauses.push_back(fmt::format("no winner in {}", named(undecided)));
    }
}

// ---------------------------------------------------------------------------------------------------------- losses

void add_losses(Clauses& clauses, const std::vector<Entrant>& entrants) {
    std::vector<std::string> unknown;
    Clauses lost;
    for (const auto& entrant : entrants) {
        Count sum = 0;
        bool known = true;
        for (const auto* run : entrant.runs) {
            sum += run->counts.lost.value_or(0);
            known = known && run->counts.lost;
        }
        for (const auto* turn : entrant.again) {  // a loss counts, also in a run that was measured badly
            sum += turn->run.counts.lost.value_or(0);
        }
        if (sum > 0) {
            lost.push_back(fmt::format("{} lost {}", entrant.name, counted(sum, "validation")));
        } else if (!known) {
            unknown.push_back(entrant.name);
        }
    }
    if (lost.empty() && unknown.empty()) {
        clauses.emplace_back(entrants.size() > 1 ? "nobody lost anything" : "nothing was lost");
    }
    clauses.insert(clauses.end(), lost.begin(), lost.end());
    if (!unknown.empty()) {
        clauses.push_back(fmt::format("whether {} lost anything is not known", named(unknown)));
    }
}

void add_undelivered(Clauses& clauses, const std::vector<Entrant>& entrants) {
    for (const auto& entrant : entrants) {
        const auto undelivered = entrant.whole().counts.undelivered.value_or(0);
        if (undelivered > 0) {
            clauses.push_back(fmt::format("{} of {} never arrived", counted(undelivered, "validation"), entrant.name));
        }
    }
}

// ------------------------------------------------------------------------------------------------ what it rests on

std::vector<const Entrant*> trusted(const std::vector<Entrant>& entrants) {
    std::vector<const Entrant*> some;
    for (const auto& entrant : entrants) {
        if (entrant.valid() > 0) {
            some.push_back(&entrant);
        }
    }
    return some;
}

void add_doubts(Clauses& clauses, const std::vector<Entrant>& entrants) {
    std::vector<std::string> invalid, suspect;
    for (const auto& entrant : entrants) {
        if (entrant.valid() == 0) {
            invalid.push_back(entrant.name);
        } else if (entrant.verdict().measurement == Measurement::suspect) {
            suspect.push_back(entrant.name);
        }
    }
    if (!invalid.empty()) {
        clauses.push_back(
            fmt::format("nothing is said of the times and costs of {}, without a valid measurement", named(invalid)));
    }
    if (suspect.size() == entrants.size() && entrants.size() > 1) {
        clauses.emplace_back("all measurements are suspect: read the figures with care");
    } else if (!suspect.empty()) {
        clauses.push_back(
            suspect.size() == 1
                ? fmt::format("the measurement of {} is suspect: read its figures with care", suspect.front())
                : fmt::format("the measurements of {} are suspect: read their figures with care", named(suspect)));
    }
}

void add_basis(Clauses& clauses, const std::vector<const Entrant*>& compared, const DiffOptions& options) {
    auto fewest = repeats_of(*compared.front());
    for (const auto* entrant : compared) {
        fewest = std::min(fewest, repeats_of(*entrant));
    }
    const double silent = silent_below(fewest, options);
    clauses.push_back(
        fewest < least_repeats
            ? fmt::format("{}: no statement about differences below {:.3g} %, in bytes {:.3g} %",
                          counted(fewest, "repeat"), silent * 100, options.min_effect * 100)
            : fmt::format("{}: differences below {:.3g} % count as none", counted(fewest, "repeat"), silent * 100));
}

}  // namespace

double silent_below(std::size_t repeats, const DiffOptions& options) {
    constexpr double of_one = 0.5;
    constexpr double of_few = 0.25;
    return repeats >= least_repeats ? options.min_effect : std::max(options.min_effect, repeats < 2 ? of_one : of_few);
}

std::vector<std::string> findings_of(const Comparison& comparison, const DiffOptions& options) {
    const auto entrants = entrants_of(comparison);
    if (entrants.empty()) {
        return {};
    }
    const auto compared = trusted(entrants);
    Clauses clauses;
    add_doubts(clauses, entrants);
    if (compared.size() > 1) {
        const Field field(compared, options);
        const auto times = held(field, contests_of_time);
        const auto costs = held(field, contests_of_cost);
        add_winners(clauses, compared, times, costs);
        add_losses(clauses, entrants);
        add_undelivered(clauses, entrants);
        add_distance(clauses, field, compared, times);
        add_undecided(clauses, times, costs, options);
        add_basis(clauses, compared, options);
    } else {
        add_losses(clauses, entrants);
        add_undelivered(clauses, entrants);
    }
    return clauses;
}

}  // namespace portillon::report
