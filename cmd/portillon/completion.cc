#include "completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "faults/kinds.h"
#include "gate/metric.h"
#include "glossary/terms.h"
#include "json_schema/keys.h"
#include "protocols.h"
#include "report/scenario_keys.h"
#include "scenario/schema.h"
#include "scenario_names.h"
#include "words.h"

namespace portillon::cmd {

namespace {

using Candidates = std::vector<Candidate>;

Candidates commands_of(const CLI::App& app) {
    Candidates all;
    for (const auto& name : command_names(app)) {
        all.push_back({name, find_command(app, name)->get_description()});
    }
    return all;
}

Candidates options_of(const CLI::App& command) {
    Candidates all;
    for (const auto* option : command.get_options()) {
        if (!option->get_positional() && !option->get_group().empty()) {
            for (const auto& name : option->get_lnames()) {
                all.push_back({"--" + name, option->get_description()});
            }
            for (const auto& name : option->get_snames()) {
                all.push_back({"-" + name, option->get_description()});
            }
        }
    }
    return all;
}

// --- the values of options ---

Candidates scenarios(const CLI::App&, const std::string&) {
    Candidates all;
    for (const auto& scenario : installed_scenarios()) {
        all.push_back({scenario.name, scenario.description});
    }
    all.push_back({any_file, ""});
    return all;
}

Candidates commands(const CLI::App& app, const std::string&) {
    return commands_of(app);
}

Candidates terms(const CLI::App&, const std::string&) {
    Candidates all;
    for (const auto& term : glossary::terms()) {
        auto name = term.name;
        std::replace(name.begin(), name.end(), ' ', '-');
        all.push_back({name, std::string(glossary::first_sentence(term))});
    }
    return all;
}

Candidates protocols(const CLI::App&, const std::string&) {
    Candidates all;
    for (const auto& kind : driver_kinds()) {
        all.push_back({kind.name, ""});
    }
    return all;
}

Candidates metrics(const CLI::App&, const std::string&) {
    Candidates all;
    for (const auto& metric : gate::metrics()) {
        const auto* term = glossary::find_term(metric.name);
        all.push_back({metric.name + ":", term == nullptr ? "" : std::string(glossary::first_sentence(*term))});
    }
    return all;
}

Candidates targets(const CLI::App&, const std::string&) {
    Candidates all;
    for (const auto& kind : driver_kinds()) {
        all.push_back({kind.scheme + ":", ""});
    }
    return all;
}

Candidates keys_that_may_differ(const CLI::App&, const std::string&) {
    Candidates all;
    const std::string list = report::allowable_keys();
    for (std::size_t at = 0; at < list.size();) {
        const auto end = std::min(list.find(", ", at), list.size());
        all.push_back({list.substr(at, end - at), ""});
        at = end + 2;
    }
    return all;
}

Candidates listeners(const CLI::App&, const std::string&) {
    Candidates all;
    for (const auto& kind : listener_kinds()) {
        all.push_back({kind.name + "=", ""});
    }
    return all;
}

// "traffic.stages.0.rate" becomes "traffic.stages[].rate".
std::string without_indices(const std::string& key) {
    std::string path;
    for (std::size_t at = 0; at < key.size();) {
        const auto end = std::min(key.find('.', at), key.size());
        const auto part = key.substr(at, end - at);
        const bool index = !part.empty() && std::all_of(part.begin(), part.end(),
                                                        [](unsigned char letter) { return std::isdigit(letter) != 0; });
        path += index ? "[]" : (path.empty() ? "" : ".") + part;
        at = end + 1;
    }
    return path;
}

std::string with_first_index(std::string path) {
    for (auto at = path.find("[]"); at != std::string::npos; at = path.find("[]")) {
        path.replace(at, 2, ".0");
    }
    return path;
}

std::vector<json_schema::Key> scenario_keys() {
    return json_schema::keys_of(scenario::schema_text(known_protocols()));
}

// The values that may follow "protocols.mqtt.qos=", or "protocols.mqtt.qos=0," in a list of variants.
Candidates values_of(const std::string& begun) {
    Candidates all;
    const auto path = without_indices(begun.substr(0, begun.find('=')));
    for (const auto& known : scenario_keys()) {
        if (known.path == path) {
            auto values = known.allowed;
            if (known.type == "true or false") {
                values = {"true", "false"};
            }
            values.insert(values.end(), known.examples.begin(), known.examples.end());
            for (const auto& value : values) {
                all.push_back({begun + value, ""});
            }
        }
    }
    return all;
}

// Keys that hold a value, not other keys.
Candidates settings(const CLI::App&, const std::string& typed) {
    if (const auto equals = typed.find('='); equals != std::string::npos) {
        const auto comma = typed.rfind(',');
        return values_of(typed.substr(0, (comma == std::string::npos ? equals : std::max(comma, equals)) + 1));
    }
    const auto keys = scenario_keys();
    Candidates all;
    for (const auto& key : keys) {
        const bool is_outer = std::any_of(keys.begin(), keys.end(), [&](const auto& other) {
            return other.path.starts_with(key.path + ".") || other.path.starts_with(key.path + "[]");
        });
        if (!is_outer && key.path.find("NAME") == std::string::npos) {
            all.push_back({with_first_index(key.path) + "=", key.description});
        }
    }
    return all;
}

// The options and arguments whose type does not say what their values are.
struct Source {
    std::string_view option;
    Candidates (*values)(const CLI::App& app, const std::string& typed);
};
constexpr std::array sources{
    Source{"COMMAND", commands},     Source{"SCENARIO", scenarios},           Source{"TERM", terms},
    Source{"--protocol", protocols}, Source{"--protocols", protocols},        Source{"--set", settings},
    Source{"--vary", settings},      Source{"--threshold", metrics},          Source{"--target", targets},
    Source{"--listen", listeners},   Source{"--allow", keys_that_may_differ},
};

bool is_called(const CLI::Option& option, std::string_view name) {
    if (option.get_positional()) {
        return option.get_name(true) == name;
    }
    const auto& names = option.get_lnames();
    return name.starts_with("--") && std::find(names.begin(), names.end(), name.substr(2)) != names.end();
}

Candidates values_of(const CLI::App& app, CLI::Option& option, const std::string& typed) {
    for (const auto& source : sources) {
        if (is_called(option, source.option)) {
            return source.values(app, typed);
        }
    }
    Candidates all;
    for (const auto& word : allowed_words(option)) {
        all.push_back({word, ""});
    }
    const auto type = option.get_type_name();
    if (type.starts_with("FILE")) {
        all.push_back({any_file, ""});
    } else if (type.starts_with("FOLDER")) {
        all.push_back({any_folder, ""});
    }
    return all;
}

bool takes_a_value(const CLI::Option& option) {
    return !option.get_positional() && option.get_type_size_max() > 0;
}

CLI::Option* option_named(const CLI::App& command, const std::string& word) {
    const auto name = word.substr(0, word.find('='));
    return name.size() > 1 && name.front() == '-' ? const_cast<CLI::App&>(command).get_option_no_throw(name) : nullptr;
}

// The argument that comes next after `words`; the last one may be repeated.
CLI::Option* next_argument(const CLI::App& command, const std::vector<std::string>& words) {
    std::size_t place = 0;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const auto* option = option_named(command, words[at]);
        if (option == nullptr) {
            ++place;
        } else if (takes_a_value(*option) && words[at].find('=') == std::string::npos) {
            ++at;
        }
    }
    for (auto* option : const_cast<CLI::App&>(command).get_options()) {
        if (option->get_positional()) {
            if (place == 0 || option->get_expected_max() > 1) {
                return option;
            }
            --place;
        }
    }
    return nullptr;
}

void keep_matching(Candidates& all, const std::string& typed) {
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const Candidate& each) {
                                 return each.word != any_file && each.word != any_folder &&
                                        !each.word.starts_with(typed);
                             }),
              all.end());
}

// The values of `option` that `typed` may become: the whole value, or the last one of a list.
Candidates completed(const CLI::App& app, CLI::Option& option, const std::string& typed, const std::string& before) {
    const auto delimiter = option.get_delimiter();
    const auto comma = delimiter == '\0' ? std::string::npos : typed.rfind(delimiter);
    const auto kept = comma == std::string::npos ? "" : typed.substr(0, comma + 1);
    auto all = values_of(app, option, typed.substr(kept.size()));
    keep_matching(all, typed.substr(kept.size()));
    for (auto& each : all) {
        if (each.word != any_file && each.word != any_folder) {
            each.word = before + kept + each.word;
        }
    }
    return all;
}

Candidates of_command(const CLI::App& app, const CLI::App& command, const std::vector<std::string>& words) {
    const auto& typed = words.back();
    if (words.size() > 1) {
        auto* option = option_named(command, words[words.size() - 2]);
        if (option != nullptr && takes_a_value(*option) && words[words.size() - 2].find('=') == std::string::npos) {
            return completed(app, *option, typed, "");
        }
    }
    if (const auto equals = typed.find('='); typed.starts_with("--") && equals != std::string::npos) {
        auto* option = option_named(command, typed);
        return option == nullptr ? Candidates{}
                                 : completed(app, *option, typed.substr(equals + 1), typed.substr(0, equals + 1));
    }
    Candidates all;
    if (!typed.starts_with("-")) {
        if (auto* argument = next_argument(command, {words.begin(), words.end() - 1})) {
            all = completed(app, *argument, typed, "");
        }
    }
    if (all.empty()) {
        all = options_of(command);
        keep_matching(all, typed);
    }
    return all;
}

}  // namespace

std::vector<Candidate> candidates(const CLI::App& app, const std::vector<std::string>& words) {
    if (words.empty()) {
        return commands_of(app);
    }
    if (words.size() == 1) {
        auto all = words.front().starts_with("-") ? options_of(app) : commands_of(app);
        keep_matching(all, words.front());
        return all;
    }
    const auto* command = find_command(app, words.front());
    return command == nullptr ? Candidates{} : of_command(app, *command, {words.begin() + 1, words.end()});
}

}  // namespace portillon::cmd
