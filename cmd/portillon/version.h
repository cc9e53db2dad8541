#pragma once

// The program's identity: for --version and for the context of every report.

#include <string_view>

namespace portillon::cmd {

std::string_view version();       // "0.1.0"
std::string_view commit();        // of the source that was built, "-dirty" if changed; "unknown" outside a checkout
std::string_view version_line();  // "portillon 0.1.0 (1a2b3c4d)"

}  // namespace portillon::cmd
