#pragma once

// A file is written whole or not at all.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace portillon::report {

// "-" is standard output. A path that is a device, pipe or socket is written to as it is; anything else gets a
// temporary file beside it, synced and renamed over it, symbolic links followed. On failure the old file, if any, is
// untouched and nothing is left behind.
error_code write_file(const std::string& path, std::string_view text);

// The descriptor that "-" or a path such as /dev/stdout, /dev/stderr or /dev/fd/7 means.
std::optional<int> inherited_descriptor(std::string_view path);

// Where the symbolic link `path` leads in the end, whether something is there or not; `path` if it is none.
std::string behind_links(const std::string& path);

// Makes the empty file from which write_file() makes `path`, and opens it; the caller closes and removes it. Its name.
Result<std::string> temporary_beside(const std::string& path, int& descriptor);

// At most 1 GiB.
Result<std::string> read_file(const std::string& path);

}  // namespace portillon::report
