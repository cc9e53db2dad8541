#pragma once

// What a command will write, held against the file system and against what it reads before it does anything: a place
// that cannot be written must not be found out after an hour of measuring.

#include <string>
#include <vector>

#include "base/problem.h"

namespace portillon::report {

struct Output {
    enum class Kind : std::uint8_t { file, folder };
    std::string option;  // as it is typed, for the problems
    std::string path;    // of a file: whatever write_file() takes
    Kind kind = Kind::file;
    std::vector<std::string> files = {};  // what a folder is for
};

struct Input {
    std::string option;
    std::string path;  // "-" is standard input
};

// Whatever would keep one of them from being written, as far as can be known, or would let it overwrite an input or
// another output. A file's folder must be there; a folder is made when it is needed, with those above it. Leaves
// nothing behind.
Problems problems_of(const std::vector<Output>& outputs, const std::vector<Input>& inputs);

}  // namespace portillon::report
