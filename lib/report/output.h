#pragma once

// Checks the outputs of a command against the file system and against its inputs before the command does anything: that
// a file cannot be written must not be discovered after an hour of measuring.

#include <string>
#include <vector>

#include "base/problem.h"

namespace portillon::report {

struct Output {
    enum class Kind : std::uint8_t { file, folder };
    std::string option;  // as the user types it, for the problems
    std::string path;    // for a file: any path that write_file() takes
    Kind kind = Kind::file;
    std::vector<std::string> files = {};  // for a folder: the files to be written into it
};

struct Input {
    std::string option;
    std::string path;  // "-" is standard input
};

// A problem for each output that could not be written, as far as can be known, or that would overwrite an input or
// another output. The folder of a file must exist; an output that is a folder is made when needed, with those above it.
// The check leaves nothing behind.
Problems problems_of(const std::vector<Output>& outputs, const std::vector<Input>& inputs);

}  // namespace portillon::report
