#include "server/listeners/over_http2/dialect.h"

#include <algorithm>
#include <charconv>

namespace portillon::server::listeners::over_http2 {

namespace {

// Codings and expectations are case-insensitive (RFC 9110, 8.4.1 and 10.1.1).
std::string lower(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return lowered;
}

}  // namespace

std::string_view name_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            break;
        case Refusal::headers_too_large:
            return "headers_too_large";
        case Refusal::not_found:
            return "not_found";
        case Refusal::wrong_method:
            return "wrong_method";
        case Refusal::wrong_media_type:
            return "wrong_media_type";
        case Refusal::unknown_call:
            return "unknown_call";
        case Refusal::too_large:
            return "too_large";
        case Refusal::too_much:
            return "too_much";
        case Refusal::compressed:
            return "compressed";
        case Refusal::bad_compression:
            return "bad_compression";
        case Refusal::not_one_message:
            return "not_one_message";
        case Refusal::malformed:
            return "malformed";
        case Refusal::unfinished:
            return "unfinished";
        case Refusal::late:
            return "late";
        case Refusal::stopping:
            return "stopping";
    }
    return "none";
}

void RequestHead::clear() {
    method.clear();
    path.clear();
    content_type.clear();
    content_encoding.clear();
    for (std::string& value : own) {
        value.clear();
    }
    content_length = 0;
    expects = Expects::nothing;
}

void RequestHead::note(std::string_view name, std::string_view value, std::span<const std::string_view> own_headers) {
    constexpr std::size_t most_kept_bytes = 64;
    const auto kept = value.substr(0, most_kept_bytes);
    if (name == ":method") {
        method = kept;
    } else if (name == ":path") {
        path = kept;
    } else if (name == "content-type") {
        content_type = kept;
    } else if (name == "content-length") {
        std::from_chars(value.data(), value.data() + value.size(), content_length);
    } else if (name == "content-encoding") {
        content_encoding = lower(kept);
    } else if (name == "expect") {
        expects = lower(kept) == "100-continue" ? Expects::to_be_asked : expects;
    } else if (const auto found = std::find(own_headers.begin(), own_headers.end(), name); found != own_headers.end()) {
        own[static_cast<std::size_t>(found - own_headers.begin())] = kept;
    }
}

}  // namespace portillon::server::listeners::over_http2
