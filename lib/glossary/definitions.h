#pragma once

// The terms whose definitions are written by hand. Those of the other metrics and of the faults follow from their
// tables.

#include <span>
#include <string_view>

#include "glossary/terms.h"

namespace portillon::glossary {

struct Definition {
    Group group{};
    std::string_view name;
    std::string_view other_names;  // separated by ", "
    std::string_view text;
};

std::span<const Definition> definitions();

}  // namespace portillon::glossary
