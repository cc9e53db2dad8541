#include "faults/kinds.h"

#include <algorithm>
#include <vector>

namespace portillon::faults {

std::string_view name_of(Victim victim) {
    switch (victim) {
        case Victim::validations:
            return "validations";
        case Victim::connections:
        case Victim::ways:
            return "connections";
        case Victim::shards:
            return "shards";
        case Victim::nothing:
            return "nothing";
        case Victim::held_messages:
        case Victim::messages:
            break;
    }
    return "messages";
}

std::optional<Kind> kind_named(std::string_view name, Side side) {
    const auto found = std::find_if(kinds.begin(), kinds.end(), [name, side](const KindOfFault& each) {
        return each.name == name && each.side == side;
    });
    return found == kinds.end() ? std::nullopt : std::optional(found->kind);
}

std::string names_of(Side side) {
    std::vector<std::string_view> names;
    for (const auto& each : kinds) {
        if (each.side == side) {
            names.push_back(each.name);
        }
    }
    std::string text;
    for (const auto name : names) {
        text += text.empty() ? "" : name == names.back() ? " or " : ", ";
        text += name;
    }
    return text;
}

}  // namespace portillon::faults
