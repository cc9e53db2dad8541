#include "report/grouped.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "report/prose.h"

namespace portillon::report {

namespace {

struct TimeUnit {
    std::string_view name;
    double ns;
};
constexpr std::array<TimeUnit, 4> time_units{{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};

// A number of a sentence that is a quantity, with the unit of time that follows it.
struct Quantity {
    std::string text;  // "1.3 ms"
    double value = 0;  // in ns if it is a time
    std::string unit;
};

// A sentence cut at its quantities: words[0] number words[1] number ... words[n].
struct Cut {
    std::vector<std::string> words = std::vector<std::string>(1);
    std::vector<Quantity> quantities;
};

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' || is_digit(letter);
}

// The length of the number that begins at `at`, with separators inside it; 0 if none does. The digit of "P99" or
// "http2" belongs to a word.
std::size_t number_at(std::string_view text, std::size_t at) {
    if (!is_digit(text[at]) || (at > 0 && is_letter(text[at - 1]))) {
        return 0;
    }
    std::size_t end = at;
    while (end < text.size() && (is_digit(text[end]) || ((text[end] == ',' || text[end] == '.') &&
                                                         end + 1 < text.size() && is_digit(text[end + 1])))) {
        ++end;
    }
    return end < text.size() && is_letter(text[end]) ? 0 : end - at;
}

Quantity quantity_of(std::string_view number, std::string_view rest) {
    Quantity quantity{.text = std::string(number), .unit = {}};
    std::string digits;
    std::copy_if(number.begin(), number.end(), std::back_inserter(digits), [](char letter) { return letter != ','; });
    quantity.value = std::strtod(digits.c_str(), nullptr);
    for (const auto& unit : time_units) {
        const auto end = 1 + unit.name.size();
        if (rest.starts_with(' ') && rest.substr(1).starts_with(unit.name) &&
            (rest.size() == end || !is_letter(rest[end]))) {
            quantity.text += fmt::format(" {}", unit.name);
            quantity.value *= unit.ns;
            quantity.unit = unit.name;
        }
    }
    return quantity;
}

// Whether a number may have another value in a sentence that says the same: a time, a percentage, a part or its whole
// ("900 of 20,000"). Any other number is a name: of a fault, a process, a port, a status.
bool is_quantity(const Quantity& number, std::string_view before, std::string_view rest) {
    constexpr std::string_view of = " of ";
    return !number.unit.empty() || rest.starts_with(" %") || before == of ||
           (rest.starts_with(of) && rest.size() > of.size() && is_digit(rest[of.size()]));
}

Cut cut_at_quantities(std::string_view sentence) {
    Cut cut;
    for (std::size_t at = 0; at < sentence.size();) {
        const auto length = number_at(sentence, at);
        const auto rest = sentence.substr(at + length);
        const auto number = length == 0 ? Quantity{} : quantity_of(sentence.substr(at, length), rest);
        if (length == 0 ||
            !is_quantity(number, cut.quantities.empty() ? "" : std::string_view(cut.words.back()), rest)) {
            cut.words.back() += sentence.substr(at, std::max<std::size_t>(length, 1));
            at += std::max<std::size_t>(length, 1);
            continue;
        }
        at += number.text.size();
        cut.quantities.push_back(number);
        cut.words.emplace_back();
    }
    return cut;
}

// Returns whether both sentences say the same about quantities of the same kind.
bool alike(const Cut& a, const Cut& b) {
    return a.words == b.words && std::equal(a.quantities.begin(), a.quantities.end(), b.quantities.begin(),
                                            b.quantities.end(), [](const Quantity& one, const Quantity& other) {
                                                return one.unit.empty() == other.unit.empty();
                                            });
}

struct Grown {
    Cut least, most;
    std::size_t count = 1;
};

std::string text_of_range(const Quantity& least, const Quantity& most) {
    if (least.text == most.text) {
        return least.text;
    }
    const bool one_unit = !least.unit.empty() && least.unit == most.unit;
    return fmt::format(
        "{} to {}", one_unit ? least.text.substr(0, least.text.size() - least.unit.size() - 1) : least.text, most.text);
}

std::string text_of_group(const Grown& grown) {
    auto text = grown.least.words.front();
    for (std::size_t i = 0; i < grown.least.quantities.size(); ++i) {
        text += text_of_range(grown.least.quantities[i], grown.most.quantities[i]) + grown.least.words[i + 1];
    }
    return text;
}

// Which repeats a sentence of grouped_reasons() is about.
struct Condition {
    Measurement measurement = Measurement::valid;
    std::string incomplete;
    bool operator==(const Condition&) const = default;
};

std::string name_of_condition(const Condition& condition) {
    return condition.incomplete.empty()                    ? name_of(condition.measurement)
           : condition.measurement == Measurement::invalid ? "invalid and incomplete"
                                                           : "incomplete";
}

// Of reasons that not all of so many `runs` have, the clause says how many have them.
std::string clause_of(const Condition& condition, const std::vector<std::string>& reasons, std::size_t runs) {
    std::vector<std::string> clauses;
    if (!condition.incomplete.empty()) {
        clauses.push_back(condition.incomplete);
    }
    for (const auto& reason : grouped(reasons)) {
        clauses.push_back(reason.text + (reason.count < runs ? fmt::format(" (in {})", reason.count) : ""));
    }
    return fmt::format("{}{}", clauses.empty() ? "" : ": ", fmt::join(clauses, "; "));
}

}  // namespace

std::vector<GroupedSentence> grouped(const std::vector<std::string>& sentences) {
    std::vector<Grown> groups;
    for (const auto& sentence : sentences) {
        auto cut = cut_at_quantities(sentence);
        const auto group =
            std::find_if(groups.begin(), groups.end(), [&cut](const Grown& each) { return alike(each.least, cut); });
        if (group == groups.end()) {
            groups.push_back({cut, cut});
            continue;
        }
        ++group->count;
        for (std::size_t i = 0; i < cut.quantities.size(); ++i) {
            auto& least = group->least.quantities[i];
            auto& most = group->most.quantities[i];
            least = cut.quantities[i].value < least.value ? cut.quantities[i] : least;
            most = cut.quantities[i].value > most.value ? cut.quantities[i] : most;
        }
    }
    std::vector<GroupedSentence> texts;
    for (const auto& group : groups) {
        texts.push_back({text_of_group(group), group.count});
    }
    return texts;
}

std::vector<std::string> grouped_reasons(const Entrant& entrant) {
    std::vector<std::pair<Condition, std::vector<const RunReport*>>> kinds;
    for (const auto* run : entrant.runs) {
        const auto& verdict = run->verdict;
        const Condition condition{verdict.measurement, why_incomplete(verdict)};
        if (condition == Condition{}) {
            continue;
        }
        const auto known = std::find_if(kinds.begin(), kinds.end(),
                                        [&condition](const auto& kind) { return kind.first == condition; });
        (known == kinds.end() ? kinds.emplace_back(condition, std::vector<const RunReport*>{}) : *known)
            .second.push_back(run);
    }
    std::vector<std::string> sentences;
    for (const auto& [condition, runs] : kinds) {
        std::vector<std::string> reasons;
        for (const auto* run : runs) {
            reasons.insert(reasons.end(), run->verdict.reasons.begin(), run->verdict.reasons.end());
        }
        const auto of =
            entrant.asked > 1 ? fmt::format("{} of {} ", runs.size(), counted(entrant.asked, "repeat")) : std::string{};
        const bool left_out = entrant.asked > 1 && entrant.valid() > 0 && !counts(*runs.front());
        sentences.push_back(of + name_of_condition(condition) + (left_out ? ", not counted" : "") +
                            clause_of(condition, reasons, runs.size()));
    }
    return sentences;
}

}  // namespace portillon::report
