#include "words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/problem.h"
#include "escape/formats.h"
#include "scenario_names.h"

namespace portillon::cmd {

namespace {

std::string lower(std::string text) {
    for (char& letter : text) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return text;
}

bool is_option(const std::string& word) {
    return word.size() > 1 && word.front() == '-';
}

constexpr std::string_view one_of_these = "one of ";

// Returns "--rate" for "--rate=5/s".
std::string name_of_option(const std::string& word) {
    return word.substr(0, word.find('='));
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const auto* option : command.get_options()) {
        for (const auto& name : option->get_snames()) {
            names.push_back("-" + name);
        }
        for (const auto& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// The same words with the one at `place` in front.
std::string reordered(const std::vector<std::string>& words, std::size_t place) {
    std::string text = "portillon " + escape::terminal(words[place]);
    for (std::size_t i = 0; i < words.size(); ++i) {
        text += i == place ? "" : " " + escape::terminal(words[i]);
    }
    return text;
}

std::string arguments_of(const CLI::App& command) {
    std::vector<std::string> names;
    for (const auto* option : command.get_options()) {
        if (option->get_positional()) {
            names.push_back(option->get_name(true));
        }
    }
    return names.empty() ? "no argument" : fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
    const auto near = contains(known, lower(word)) ? lower(word) : did_you_mean(lower(word), known);
    return near.empty() ? "" : "; did you mean " + near + "?";
}

CLI::Validator one_of(std::vector<std::string> words) {
    const auto all = fmt::format("{}", fmt::join(words, ", "));
    return CLI::Validator(
        [words = std::move(words), all](std::string& word) {
            return contains(words, word) ? std::string()
                                         : fmt::format("unknown '{}' (allowed: {}){}", escape::terminal(word), all,
                                                       suggestion(word, words));
        },
        "", std::string(one_of_these) + all);  // the name is where allowed_words() finds them
}

std::vector<std::string> allowed_words(const CLI::Option& option) {
    std::string list;
    try {
        list = const_cast<CLI::Option&>(option).get_validator(0)->get_name();  // CLI11 has no const one
    } catch (const CLI::OptionNotFound&) {
        return {};
    }
    if (!list.starts_with(one_of_these)) {
        return {};
    }
    std::vector<std::string> words;
    for (std::size_t at = one_of_these.size(); at < list.size();) {
        const auto end = std::min(list.find(", ", at), list.size());
        words.push_back(list.substr(at, end - at));
        at = end + 2;
    }
    return words;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
    const auto found = app.get_subcommands([&name](const CLI::App* each) { return each->get_name() == name; });
    return found.empty() ? nullptr : found.front();
}

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty()) {
            names.push_back(command->get_name());
        }
    }
    return names;
}

std::optional<std::string> wrong_command(const CLI::App& app, const std::vector<std::string>& words) {
    const auto commands = command_names(app);
    const auto all = fmt::format("commands: {}; portillon help COMMAND says more", fmt::join(commands, ", "));
    if (words.empty()) {
        return "no command is given\n" + all;
    }
    const auto& word = words.front();
    const bool option = is_option(word);
    if (option ? contains(option_names(app), name_of_option(word)) : find_command(app, word) != nullptr) {
        return std::nullopt;
    }
    const auto command =
        std::find_if(words.begin(), words.end(), [&](const auto& each) { return contains(commands, each); });
    if (command != words.end()) {
        return fmt::format("the command comes first: {}",
                           reordered(words, static_cast<std::size_t>(command - words.begin())));
    }
    if (option) {
        return fmt::format("unknown option {}{}\n{}", escape::terminal(word), suggestion(word, option_names(app)), all);
    }
    if (is_scenario(word)) {
        return fmt::format("'{}' is no command; did you mean portillon run {}?\n{}", escape::terminal(word),
                           escape::terminal(word), all);
    }
    return fmt::format("unknown command '{}'{}\n{}", escape::terminal(word), suggestion(word, commands), all);
}

std::optional<std::string> unknown_word(const CLI::App& app) {
    for (const auto* command : app.get_subcommands()) {
        const auto help = fmt::format("portillon help {} says what there is", command->get_name());
        const auto words = command->remaining();
        for (const auto& word : words) {
            if (is_option(word)) {
                return fmt::format("{}: unknown option {}{}\n{}", command->get_name(), escape::terminal(word),
                                   suggestion(name_of_option(word), option_names(*command)), help);
            }
        }
        if (!words.empty()) {
            return fmt::format("{}: '{}' is one word too many (allowed: {})\n{}", command->get_name(),
                               escape::terminal(words.front()), arguments_of(*command), help);
        }
    }
    return std::nullopt;
}

}  // namespace portillon::cmd
