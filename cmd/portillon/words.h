#pragma once

// Words that the command line does not know, and what they may have been meant to be.

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <optional>
#include <string>
#include <vector>

namespace portillon::cmd {

// A validator for options whose value is one of a few words.
CLI::Validator one_of(std::vector<std::string> words);

// The words of an option that was declared with one_of(); nothing for other options.
std::vector<std::string> allowed_words(const CLI::Option& option);

// "; did you mean run?", or nothing. Ignores upper and lower case.
std::string suggestion(const std::string& word, const std::vector<std::string>& known);

// Call this before parsing. Returns what is wrong with the first word, which should be a command, or with the order of
// words, in one line or more; nothing if all is well.
std::optional<std::string> wrong_command(const CLI::App& app, const std::vector<std::string>& words);

// Call this after parsing has failed. Returns an option or a word that the chosen command does not know.
std::optional<std::string> unknown_word(const CLI::App& app);

// nullptr if there is no such command.
const CLI::App* find_command(const CLI::App& app, const std::string& name);

// The commands that help shows.
std::vector<std::string> command_names(const CLI::App& app);

}  // namespace portillon::cmd
