#pragma once

// The part that both ends share: an nghttp2 session that is fed and emptied by hand. Only for the files of this folder.

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "http2/header.h"

namespace portillon::http2 {

struct FreeCallbacks {
    void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};
using CallbacksPointer = std::unique_ptr<nghttp2_session_callbacks, FreeCallbacks>;

struct FreeOption {
    void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using OptionPointer = std::unique_ptr<nghttp2_option, FreeOption>;

CallbacksPointer new_callbacks();
OptionPointer new_option();

error_code feed(nghttp2_session& session, std::span<const std::byte> bytes);
error_code empty(nghttp2_session& session, std::vector<std::byte>& out);

void append(std::vector<std::byte>& out, const std::uint8_t* bytes, std::size_t size);

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}
inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Headers in nghttp2's form, on the stack.
class NameValues {
public:
    explicit NameValues(std::span<const Header> headers);
    const nghttp2_nv* begin() const { return values_.data(); }
    std::size_t size() const { return size_; }

private:
    std::array<nghttp2_nv, 16> values_;
    std::size_t size_;
};

}  // namespace portillon::http2
