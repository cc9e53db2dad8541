#include "http2/session.h"

#include "http2/error.h"

namespace portillon::http2 {

CallbacksPointer new_callbacks() {
    nghttp2_session_callbacks* made = nullptr;
    check(nghttp2_session_callbacks_new(&made) == 0, "out of memory");
    return CallbacksPointer(made);
}

OptionPointer new_option() {
    nghttp2_option* made = nullptr;
    check(nghttp2_option_new(&made) == 0, "out of memory");
    return OptionPointer(made);
}

error_code feed(nghttp2_session& session, std::span<const std::byte> bytes) {
    const auto taken =
        nghttp2_session_mem_recv(&session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    switch (taken) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
            return Error::not_http2;
        case NGHTTP2_ERR_FLOODED:
            return Error::flooded;
        default:
            return taken < 0 ? make_error_code(Error::internal_error) : error_code{};
    }
}

error_code empty(nghttp2_session& session, std::vector<std::byte>& out) {
    for (;;) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(&session, &bytes);
        if (size <= 0) {
            return size < 0 ? make_error_code(Error::internal_error) : error_code{};
        }
        append(out, bytes, static_cast<std::size_t>(size));
    }
}

void append(std::vector<std::byte>& out, const std::uint8_t* bytes, std::size_t size) {
    const auto* from = reinterpret_cast<const std::byte*>(bytes);
    out.insert(out.end(), from, from + size);
}

NameValues::NameValues(std::span<const Header> headers) : size_(headers.size()) {
    check(headers.size() <= values_.size(), "more headers than one ever sends");
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const Header& header = headers[i];
        // nghttp2 only reads through these pointers; it uses the same structure where it writes.
        values_[i].name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.name.data()));
        values_[i].value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.value.data()));
        values_[i].namelen = header.name.size();
        values_[i].valuelen = header.value.size();
        values_[i].flags = header.kind == Header::Value::constant
                               ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE
                               : NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_INDEX;
    }
}

}  // namespace portillon::http2
