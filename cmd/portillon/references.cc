#include "references.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "glossary/terms.h"
#include "json_schema/keys.h"
#include "protocols.h"
#include "scenario/schema.h"

namespace portillon::cmd {

namespace {

// Text of a schema or of the glossary in a cell of a table: letters that Markdown would interpret are escaped.
std::string cell(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        if (std::string_view("|*_<>`\\[]").find(letter) != std::string_view::npos) {
            out += '\\';
        }
        out += letter == '\n' ? ' ' : letter;
    }
    return out;
}

std::string code(std::string_view text) {
    return text.empty() ? "" : fmt::format("`{}`", text);
}

std::string codes(const std::vector<std::string>& texts) {
    std::vector<std::string> all;
    for (const auto& text : texts) {
        all.push_back(code(text));
    }
    return fmt::format("{}", fmt::join(all, ", "));
}

// Returns the values that are allowed: the words of an enumeration, else the range and examples.
std::string limits_of(const json_schema::Key& key) {
    if (!key.allowed.empty()) {
        return codes(key.allowed);
    }
    const auto range = key.examples.empty() || key.type.ends_with("number") ? cell(key.range) : "";
    const bool is_quantity = key.type == "duration" || key.type == "rate" || key.type == "size";  // see the head
    const auto examples = key.examples.empty() || is_quantity ? "" : "such as " + codes(key.examples);
    return range.empty() || examples.empty() ? range + examples : range + "; " + examples;
}

std::string row_of(const json_schema::Key& key) {
    auto type = cell(key.type);
    type += key.is_nullable ? " or null" : "";
    const auto standard = key.is_required ? "required" : code(key.default_value);
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", key.path, type, standard, limits_of(key),
                       cell(key.description));
}

constexpr const char* key_columns = "| key | type | default | allowed | meaning |\n| --- | --- | --- | --- | --- |\n";

constexpr const char* reference_head =
    R"(# Every key of a scenario

This page is made from the schema that `portillon schema scenario` shows (`portillon help --document reference` prints
it); it is not edited by hand. An unknown key is an error. A key without a default is off, or needs a value from you.
`[]` stands for the place in a list, from 0 in `--set traffic.stages.0.rate=2/s`; `NAME` for a name that the scenario
chooses. `portillon plan SCENARIO` shows every value of a scenario, [README.md](README.md) the scenarios that are
shipped, [FAULTS.md](FAULTS.md) what each fault does on each protocol.

| type | how it is written |
| --- | --- |
| duration | `200ms`, `1.5s`, `5m`, `1h30m` |
| rate | `10/s`, `6/m`, `0.5/s` |
| size | `100`, `10kB`, `64KiB`, `2GB`: a kB is 1,000 bytes, a KiB 1,024 |
)";

}  // namespace

std::string scenario_reference() {
    auto text = fmt::format("{}\n## The scenario itself\n{}", reference_head, key_columns);
    const auto keys = json_schema::keys_of(scenario::schema_text(known_protocols()));
    for (const auto& key : keys) {
        const bool is_outermost = key.path.find_first_of(".[") == std::string::npos;
        if (is_outermost && (key.type == "mapping" || key.type == "list")) {
            text += fmt::format("\n## {}\n{}", key.path, key_columns);
        }
        text += row_of(key);
    }
    return text;
}

std::string glossary_document() {
    std::string text =
        R"(# The words of reports and scenarios

This page is made from the definitions that `portillon explain TERM` shows (`portillon help --document glossary` prints
it); it is not edited by hand. In brackets stand keys of reports and scenarios, and older words.
)";
    for (const auto group : glossary::groups) {
        text += fmt::format("\n## {}\n| term | meaning |\n| --- | --- |\n", glossary::title_of(group));
        for (const auto& term : glossary::terms()) {
            if (term.group == group) {
                const auto others =
                    term.other_names.empty() ? "" : cell(fmt::format(" ({})", fmt::join(term.other_names, ", ")));
                text += fmt::format("| **{}**{} | {} |\n", cell(term.name), others, cell(term.definition));
            }
        }
    }
    return text;
}

}  // namespace portillon::cmd
