#include "clock_time.h"

#include <fmt/format.h>

namespace portillon::cmd {

std::string clock_time(Nanos value) {
    if (value < Nanos{0}) {
        return "-" + clock_time(-value);
    }
    const auto whole = std::chrono::floor<std::chrono::seconds>(value);
    if (value < 60s || whole != value) {
        return format_duration(value);
    }
    const auto total = whole.count();
    std::string text;
    for (const auto& [unit, name] : {std::pair{3600L, "h"}, std::pair{60L, "m"}, std::pair{1L, "s"}}) {
        const auto part = unit == 3600 ? total / unit : total / unit % 60;
        text += part > 0 ? fmt::format("{}{}", part, name) : "";
    }
    return text;
}

}  // namespace portillon::cmd
