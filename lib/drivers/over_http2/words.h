#pragma once

// A server's own words about a failure. One buffer per driver gathers them, for one response at a time and only for
// causes without words so far; so an error costs no memory, and from its second time on no copy: only the first words
// of each cause are kept anyway (driver.h). Words of other responses at the same instant are dropped.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "driver/driver.h"

namespace portillon::drivers::over_http2 {

class Words {
public:
    // Words of greater worth replace those of less; words of less worth are dropped; words of the same worth are
    // appended.
    enum class Worth : std::uint8_t {
        nothing,
        header,
        body,
        message,
        escaped_message
    };  // escaped_message: percent-encoded

    // Whether `response` may add words now: it is the one that gathers, or none does.
    bool take(const void* response) {
        if (gatherer_ == nullptr) {
            gatherer_ = response;
            size_ = 0;
            worth_ = Worth::nothing;
        }
        return gatherer_ == response;
    }

    void add(Worth worth, std::string_view text) {
        if (worth < worth_) {
            return;
        }
        size_ = worth > worth_ ? 0 : size_;
        worth_ = worth;
        const std::size_t now = std::min(text.size(), text_.size() - size_);
        std::copy_n(text.begin(), now, text_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += now;
    }

    // The words that `response` has gathered; empty if it does not gather.
    std::string_view of(const void* response) const {
        return gatherer_ == response ? std::string_view(text_.data(), size_) : std::string_view{};
    }
    Worth worth() const { return worth_; }

    // `response` has ended, or begins anew.
    void leave(const void* response) { gatherer_ = gatherer_ == response ? nullptr : gatherer_; }

    bool are_known(const error_code& cause) const {
        return std::find(known_.begin(), known_.end(), cause) != known_.end();
    }
    void know(const error_code& cause) { known_.push_back(cause); }

private:
    static constexpr std::size_t most_bytes_of_an_escape = 3;  // %XX

    const void* gatherer_ = nullptr;
    std::array<char, most_bytes_of_an_escape * driver::most_words_bytes> text_{};
    std::size_t size_ = 0;
    Worth worth_ = Worth::nothing;
    std::vector<error_code> known_;  // a few dozen at most: statuses of HTTP and gRPC
};

}  // namespace portillon::drivers::over_http2
