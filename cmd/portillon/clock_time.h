#pragma once

#include <string>

#include "base/units.h"

namespace portillon::cmd {

// Writes 90 s as "1m30s": in full, unlike format_duration's single unit.
std::string clock_time(Nanos value);

}  // namespace portillon::cmd
