#include "net/processor_wait.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace portillon::net {

ProcessorWait::ProcessorWait() : descriptor_(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}

ProcessorWait::~ProcessorWait() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

std::optional<Nanos> ProcessorWait::total() const {
    std::array<char, 96> text{};
    const ssize_t got = descriptor_ < 0 ? -1 : ::pread(descriptor_, text.data(), text.size(), 0);
    if (got <= 0) {
        return std::nullopt;
    }
    const std::string_view all(text.data(), static_cast<std::size_t>(got));
    const std::string_view second = all.substr(std::min(all.find(' '), all.size() - 1) + 1);
    std::int64_t waited = 0;
    if (std::from_chars(second.data(), second.data() + second.size(), waited).ec != std::errc{}) {
        return std::nullopt;
    }
    return Nanos{waited};
}

}  // namespace portillon::net
