#pragma once

// Completes a command line for the shells. The words that fit follow from the commands and options as they are
// declared; the values of an option follow from its name or its type.

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace portillon::cmd {

struct Candidate {
    std::string word;         // whole, not only what is missing
    std::string description;  // one line, may be empty
};

// Stand for the names of all files, and of all folders.
inline constexpr const char* any_file = ":files";
inline constexpr const char* any_folder = ":folders";

// `words` follow the program's name; the last one is being typed and may be empty. A candidate that ends in '=' or ':'
// is to be continued.
std::vector<Candidate> candidates(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace portillon::cmd
