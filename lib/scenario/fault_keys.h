#pragma once

// What a kind of fault takes, beside its `kind` and `at`: one table for the program and for the schema.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/scenario.h"

namespace portillon::scenario {

inline constexpr std::array<std::string_view, 13> fault_keys{"for",       "delay", "count",     "one_in", "retry_after",
                                                             "jitter",    "rate",  "every",     "up",     "down",
                                                             "direction", "share", "equipments"};

struct FaultKeys {
    std::vector<std::string_view> needed, allowed;  // of those above

    bool needs(std::string_view key) const;
    bool takes(std::string_view key) const;  // whether it needs it or not
};

FaultKeys keys_of(FaultKind kind);

// Such a fault needs `for` or `count`, so that it ends.
bool strikes_messages(FaultKind kind);

}  // namespace portillon::scenario
