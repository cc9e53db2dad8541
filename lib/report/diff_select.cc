#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/diff.h"

namespace portillon::report {

namespace {

struct Candidate {
    unsigned repeat, order;
    const RunReport* run;
    const std::string* name;  // the name of its target
};

// The runs in the order in which they ran, whatever their order in the file.
std::vector<Candidate> runs_of(const Report& report) {
    static const std::string nameless;
    if (const auto* run = std::get_if<RunReport>(&report)) {
        return {{1, 1, run, &nameless}};
    }
    std::vector<Candidate> runs;
    for (const auto& turn : std::get<Comparison>(report).runs) {
        if (!turn.superseded) {
            runs.push_back({turn.repeat, turn.order, &turn.run, &turn.name});
        }
    }
    std::stable_sort(runs.begin(), runs.end(), [](const Candidate& a, const Candidate& b) {
        return a.repeat != b.repeat ? a.repeat < b.repeat : a.order < b.order;
    });
    return runs;
}

void add_once(std::vector<std::string>& list, const std::string& text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) {
        list.push_back(text);
    }
}

bool holds(const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// The words that a selector may use: protocols, and groups if a protocol has several.
std::vector<std::string> groups_of(const std::vector<Candidate>& runs) {
    std::vector<std::string> groups;
    for (const auto& candidate : runs) {
        add_once(groups, candidate.run->protocol);
    }
    for (const auto& candidate : runs) {
        add_once(groups, protocol_and_variant(*candidate.run));
    }
    return groups;
}

}  // namespace

std::vector<std::string> target_names(const Report& report) {
    std::vector<std::string> names;
    for (const auto& candidate : runs_of(report)) {
        if (!candidate.name->empty()) {
            add_once(names, *candidate.name);
        }
    }
    return names;
}

Checked<Selection> select(const Report& report, const std::string& selector, const std::string& label) {
    const auto runs = runs_of(report);
    const auto names = target_names(report);
    const auto groups = groups_of(runs);
    const auto refused = [&label](std::string message) {
        return Problems{{.source = label, .key = {}, .message = std::move(message)}};
    };

    const auto slash = selector.find('/');
    std::string name;
    std::string group;
    if (slash != std::string::npos) {
        name = selector.substr(0, slash);
        group = selector.substr(slash + 1);
    } else if (holds(names, selector)) {
        name = selector;
    } else {
        group = selector;
    }
    if (slash == std::string::npos && holds(names, selector) && holds(groups, selector)) {
        return refused(
            fmt::format("\"{0}\" is the name of a target and a protocol (allowed: \"{0}/PROTOCOL\")", selector));
    }
    if (!name.empty() && !holds(names, name)) {
        return refused(names.empty()
                           ? fmt::format("no target is called \"{}\": this report has but one", name)
                           : fmt::format("no target is called \"{}\" (allowed: {})", name, fmt::join(names, ", ")));
    }
    if (!group.empty() && !holds(groups, group)) {
        auto allowed = names;
        allowed.insert(allowed.end(), groups.begin(), groups.end());
        return refused(fmt::format("nothing is called \"{}\" (allowed after #: {})", group, fmt::join(allowed, ", ")));
    }
    if (name.empty() && names.size() > 1) {
        return refused(
            fmt::format("it went to several targets: choose one (allowed after #: {})", fmt::join(names, ", ")));
    }

    const bool all_variants = std::none_of(runs.begin(), runs.end(),
                                           [&group](const auto& c) { return protocol_and_variant(*c.run) == group; });
    Selection selection{.label = label, .report = &report, .runs = {}};
    for (const auto& candidate : runs) {
        const bool of_target = name.empty() || *candidate.name == name;
        const bool of_group = group.empty() || protocol_and_variant(*candidate.run) == group ||
                              (all_variants && candidate.run->protocol == group);
        if (of_target && of_group) {
            selection.runs.push_back({candidate.repeat, candidate.run});
        }
    }
    if (selection.runs.empty()) {
        return refused(fmt::format("\"{}\" never went to \"{}\"", group, name));
    }
    return selection;
}

}  // namespace portillon::report
