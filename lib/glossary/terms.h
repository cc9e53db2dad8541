#pragma once

// The terms that users read in reports, in scenarios and on the terminal, each defined once. `portillon explain`
// and the glossary of the documents show these definitions.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portillon::glossary {

// The part of the subject to which a term belongs, in the order in which a reader meets them.
enum class Group : std::uint8_t { fleet, delivery, latency, cost, measurement, processes, faults };
inline constexpr std::array groups{Group::fleet,       Group::delivery,  Group::latency, Group::cost,
                                   Group::measurement, Group::processes, Group::faults};

// "The fleet and its traffic", for headings.
std::string_view title_of(Group group);

struct Term {
    std::string name;                      // as texts for readers write it: "send delay"
    std::vector<std::string> other_names;  // keys of reports and scenarios, older words: "lateness"
    std::string definition;                // one or more sentences; the first is enough for a list
    Group group{};
    std::string metric;  // the metric of thresholds that the term names: "lateness"; empty if there is none
    std::string usage;   // how a threshold on the metric, or a fault of the kind, is written; empty for other terms
};

// All terms, group by group. Every metric of thresholds is one of them, and every kind of fault.
const std::vector<Term>& terms();

// The term with this name or other name, whatever its case; '-', '_' and ' ' are alike, and a tag as in
// "response{stage:peak}" is ignored. nullptr if there is none.
const Term* find_term(std::string_view name);

// Every name and other name, to suggest one that was meant.
std::vector<std::string> names();

// The definition up to its first full stop, included.
std::string_view first_sentence(const Term& term);

}  // namespace portillon::glossary
