#pragma once

// Writes a file as a whole or not at all, and reads one.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace portillon::report {

// "-" is standard output. A device, pipe or socket is written to directly. For anything else, the text goes into a
// temporary file in the same folder, which is synced and then renamed to `path`; symbolic links are followed. On
// failure the old file, if any, is unchanged and nothing is left behind.
error_code write_file(const std::string& path, std::string_view text);

// The inherited descriptor that "-" or a path such as /dev/stdout, /dev/stderr or /dev/fd/7 stands for.
std::optional<int> inherited_descriptor(std::string_view path);

// The path to which the symbolic link `path` finally leads, whether it exists or not; `path` itself if it is no link.
std::string behind_links(const std::string& path);

// Makes and opens the empty temporary file that write_file() would use for `path`, and returns its name. The caller
// closes and removes it.
Result<std::string> temporary_beside(const std::string& path, int& descriptor);

// Reads a file of 1 GiB at most.
Result<std::string> read_file(const std::string& path);

}  // namespace portillon::report
