#pragma once

// A file is written whole or not at all.

#include <string>
#include <string_view>

#include "base/error.h"

namespace portillon::report {

// "-" is standard output. A path that is a device, pipe or socket is written to as it is; anything else gets a
// temporary file beside it, synced and renamed over it, symbolic links followed. On failure the old file, if any, is
// untouched and nothing is left behind.
error_code write_file(const std::string& path, std::string_view text);

// At most 1 GiB.
Result<std::string> read_file(const std::string& path);

}  // namespace portillon::report
