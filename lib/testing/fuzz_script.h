#pragma once

// A fuzz target's input, read as a script, one step after the other: beyond its end all is 0 and empty.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

namespace portillon::testing {

class FuzzScript {
public:
    explicit FuzzScript(std::span<const std::uint8_t> bytes) : left_(bytes) {}
    bool over() const { return left_.empty(); }
    std::uint8_t byte() {
        const std::uint8_t value = left_.empty() ? std::uint8_t{0} : left_.front();
        left_ = left_.subspan(left_.empty() ? 0 : 1);
        return value;
    }
    std::string text() {
        const std::size_t length = byte();  // before the remaining length is read
        const auto some = left_.first(std::min(length, left_.size()));
        left_ = left_.subspan(some.size());
        return {reinterpret_cast<const char*>(some.data()), some.size()};
    }

private:
    std::span<const std::uint8_t> left_;
};

}  // namespace portillon::testing
