#pragma once

// Gold files contain the expected texts; they are in lib/report/gold. With PORTILLON_WRITE_GOLD in the environment they
// are written instead of compared; read the difference before you commit it.

#include <string>

namespace portillon::report {

void expect_gold(const std::string& name, const std::string& text);

}  // namespace portillon::report
