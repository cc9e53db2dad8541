#include "report/entrants.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "report/reach.h"

namespace portillon::report {

namespace {

std::string own_name(const Turn& turn, bool several_protocols) {
    const auto& run = turn.run;
    const auto kind = run.protocol + (run.variant.empty() ? "" : " " + run.variant);
    if (turn.name.empty()) {
        return kind;
    }
    return several_protocols || !run.variant.empty() ? turn.name + " " + kind : turn.name;
}

// As they ran, whatever their order in the file.
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

}  // namespace

std::vector<Entrant> entrants_of(const Comparison& comparison) {
    std::set<std::string> protocols;
    for (const auto& turn : comparison.runs) {
        protocols.insert(turn.run.protocol);
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
        if (same == firsts.end()) {
            firsts.push_back(turn);
            entrants.push_back({own_name(*turn, protocols.size() > 1), {&turn->run}});
        } else {
            entrants[static_cast<std::size_t>(same - firsts.begin())].runs.push_back(&turn->run);
        }
    }
    // Only their targets tell some of them apart.
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
    return {{run.protocol + (run.variant.empty() ? "" : " " + run.variant), {&run}}};
}

std::string unreachable_in(const Comparison& comparison, const std::vector<std::string>& names) {
    for (const auto& name : names) {
        const bool unreached = std::any_of(comparison.runs.begin(), comparison.runs.end(), [&name](const Turn& turn) {
            return turn.name == name && is_unreached(turn.run);
        });
        if (unreached) {
            return name;
        }
    }
    return {};
}

std::optional<Latency> merged(const Entrant& entrant, std::optional<Latency> Latencies::*which) {
    Latency whole;
    for (const auto* run : entrant.runs) {
        const auto& latency = run->latency.*which;
        if (!latency) {
            return std::nullopt;
        }
        whole.histogram.merge(latency->histogram);
        whole.unanswered += latency->unanswered;
    }
    return whole;
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
