#include "glossary/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "faults/kinds.h"
#include "gate/metric.h"
#include "glossary/definitions.h"

namespace portillon::glossary {

namespace {

// The form in which names are compared.
std::string plain(std::string_view name) {
    std::string text(name.substr(0, name.find('{')));
    for (char& letter : text) {
        letter =
            letter == '-' || letter == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return text;
}

bool is_called(const Term& term, const std::string& plain_name) {
    return plain(term.name) == plain_name || std::any_of(term.other_names.begin(), term.other_names.end(),
                                                         [&](const auto& other) { return plain(other) == plain_name; });
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> words;
    while (!list.empty()) {
        const auto end = std::min(list.find(", "), list.size());
        words.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 2, list.size()));
    }
    return words;
}

std::string usage_of(const gate::Metric& metric) {
    switch (metric.kind) {
        case gate::Kind::latency:
            return fmt::format("{}: p(95)<50ms (or avg, min, med, max)", metric.name);
        case gate::Kind::counter:
            return fmt::format("{}: count==0 (or rate, the count by those generated)", metric.name);
        case gate::Kind::bytes:
            return fmt::format("{}: value<2GB", metric.name);
        case gate::Kind::number:
            break;
    }
    return fmt::format("{}: value<100", metric.name);
}

template <class Figures>
std::string explanation_in(const Figures& figures, std::string_view name) {
    const auto* figure = account::find_value(figures, name);
    return figure == nullptr ? "" : std::string(figure->explanation);
}

// Of metrics that the account's tables explain by the line above theirs: a phrase that can stand alone.
struct Phrase {
    std::string_view metric, text;
};
constexpr std::array<Phrase, 9> phrases{{
    {"reconnects", "sessions made after a break of an earlier one"},
    {"generator.connect_cpu_s", "CPU time that the generator takes to connect the fleet, before the start"},
    {"generator.rss_growth_bytes",
     "memory of their own that the generator's processes have gained since before the fleet was there"},
    {"generator.rss_bytes_per_equipment",
     "the growth of the generator's memory, divided by the number of connected equipments"},
    {"server.connect_cpu_s", "CPU time that the server takes while the fleet connects, before the start"},
    {"server.rss_growth_bytes",
     "memory of their own that the server's processes have gained since before the fleet was there"},
    {"server.rss_bytes_per_equipment",
     "the growth of the server's memory, divided by the number of connected equipments"},
    {"bytes_sent", "bytes that the generator has written to its connections"},
    {"bytes_received", "bytes that the generator has read from its connections"},
}};

// Returns the phrase with which the account's tables explain a metric: "sessions made".
std::string explanation_of(const gate::Metric& metric) {
    if (const auto own = std::find_if(phrases.begin(), phrases.end(),
                                      [&](const Phrase& phrase) { return phrase.metric == metric.name; });
        own != phrases.end()) {
        return std::string(own->text);
    }
    if (metric.name == gate::failed_dials) {
        return "dials that failed, whatever the cause";
    }
    if (const auto* count = account::find_count(metric.name)) {
        return std::string(count->explanation);
    }
    if (const auto* latency = account::find_value(account::latency_figures, metric.name)) {
        return std::string(latency->explanation);
    }
    for (const auto& side : account::sides) {
        const auto prefix = std::string(side.name) + ".";
        if (metric.name.starts_with(prefix)) {
            return fmt::format("{} of the {}",
                               explanation_in(account::resource_figures, metric.name.substr(prefix.size())), side.name);
        }
    }
    const auto of_throughput = explanation_in(account::throughput_figures, metric.name);
    const auto of_wire = explanation_in(account::wire_figures, metric.name);
    return !of_throughput.empty() ? of_throughput + ", per second of the measured stages"
           : !of_wire.empty()     ? of_wire
                                  : explanation_in(account::fleet_figures, metric.name);
}

Group group_of(const gate::Metric& metric) {
    if (metric.kind == gate::Kind::latency) {
        return Group::latency;
    }
    const auto* count = account::find_count(metric.name);
    if (count != nullptr) {
        return count->section == account::Section::fleet ? Group::fleet : Group::delivery;
    }
    return metric.name == gate::failed_dials ? Group::fleet : Group::cost;
}

Term term_of(const Definition& definition) {
    return {.name = std::string(definition.name),
            .other_names = split(definition.other_names),
            .definition = std::string(definition.text),
            .group = definition.group,
            .metric = {},
            .usage = {}};
}

Term term_of(const gate::Metric& metric) {
    auto text = explanation_of(metric);
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    return {.name = metric.name,
            .other_names = {},
            .definition = text + ".",
            .group = group_of(metric),
            .metric = {},
            .usage = {}};
}

// "{ kind: latency, at: 30s, for: ..., delay: ... } and, if wanted, jitter, share, equipments"
std::string usage_of(const faults::KindOfFault& kind) {
    std::string needed = fmt::format("{{ kind: {}, at: 30s", kind.name), allowed;
    for (const auto key : faults::keys) {
        if (kind.needs(key)) {
            needed += fmt::format(", {}: ...", key);
        } else if (kind.takes(key)) {
            allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", key);
        }
    }
    return needed + " }" + (allowed.empty() ? "" : "; it also takes " + allowed);
}

const char* origin_of(faults::Side side) {
    return side == faults::Side::network  ? "of the network"
           : side == faults::Side::server ? "of the server"
                                          : "by a command";
}

Term term_of(const faults::KindOfFault& kind) {
    return {.name = std::string(kind.name),
            .other_names = {},
            .definition = fmt::format("A fault {}: {}.", origin_of(kind.side), kind.meaning),
            .group = Group::faults,
            .metric = {},
            .usage = usage_of(kind)};
}

// The term whose name or other name is that of the metric, which becomes one if there is none.
void add_metric(std::vector<Term>& list, const gate::Metric& metric) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Term& term) { return is_called(term, plain(metric.name)); });
    auto& term = found == list.end() ? list.emplace_back(term_of(metric)) : *found;
    term.metric = term.metric.empty() ? metric.name : term.metric;
    term.usage = term.usage.empty() ? usage_of(metric) : term.usage;
    for (const auto& alias : gate::aliases) {
        if (alias.metric == metric.name) {
            term.other_names.emplace_back(alias.name);
        }
    }
}

std::vector<Term> make_terms() {
    std::vector<Term> list;
    for (const auto& definition : definitions()) {
        list.push_back(term_of(definition));
    }
    for (const auto& metric : gate::metrics()) {
        add_metric(list, metric);
    }
    for (const auto& kind : faults::kinds) {
        list.push_back(term_of(kind));
    }
    std::stable_sort(list.begin(), list.end(), [](const Term& a, const Term& b) { return a.group < b.group; });
    return list;
}

}  // namespace

std::string_view title_of(Group group) {
    switch (group) {
        case Group::fleet:
            return "The fleet and its traffic";
        case Group::delivery:
            return "What became of each validation";
        case Group::latency:
            return "Times";
        case Group::cost:
            return "What it costs";
        case Group::measurement:
            return "Whether to trust it, and whether it is good";
        case Group::processes:
            return "Generator and server";
        case Group::faults:
            break;
    }
    return "Faults";
}

const std::vector<Term>& terms() {
    static const auto all = make_terms();
    return all;
}

const Term* find_term(std::string_view name) {
    const auto wanted = plain(name);
    const auto& all = terms();
    const auto called = [&](const Term& term) { return plain(term.name) == wanted; };
    auto found = std::find_if(all.begin(), all.end(), called);
    if (found == all.end()) {
        found = std::find_if(all.begin(), all.end(), [&](const Term& term) { return is_called(term, wanted); });
    }
    return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& term : terms()) {
        all.push_back(term.name);
        all.insert(all.end(), term.other_names.begin(), term.other_names.end());
    }
    return all;
}

std::string_view first_sentence(const Term& term) {
    const std::string_view text = term.definition;
    const auto end = text.find(". ");
    return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

}  // namespace portillon::glossary
