#pragma once

// The words of a command line, as a fault of kind command has it. There is no shell: nothing is expanded, and a command
// that needs one says so ("sh -c '...'").

#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"

namespace portillon::faults {

// Splits at blanks, tabs and line ends. Within single or double quotes these are part of the word; within one kind of
// quotes the other kind, and a backslash everywhere, is a character like any other. The first word, the program, is
// never empty. The problem has only a message.
Checked<std::vector<std::string>> split_words(std::string_view command);

// A regular expression (ECMAScript) that matches exactly what split_words() can read; a byte 0 aside.
std::string_view command_pattern();

}  // namespace portillon::faults
