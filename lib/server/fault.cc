#include "server/fault.h"

#include <array>
#include <utility>

namespace portillon::server {

namespace {
constexpr std::array names{
    std::pair{FaultKind::stall, "stall"}, std::pair{FaultKind::delay, "delay"},
    std::pair{FaultKind::lose, "lose"},   std::pair{FaultKind::duplicate, "duplicate"},
    std::pair{FaultKind::swap, "swap"},
};
}  // namespace

std::string_view name_of(FaultKind kind) {
    return names[static_cast<std::size_t>(kind)].second;
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
    for (const auto& [kind, each] : names) {
        if (name == each) {
            return kind;
        }
    }
    return std::nullopt;
}

}  // namespace portillon::server
