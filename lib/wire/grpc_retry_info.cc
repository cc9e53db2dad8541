#include "wire/grpc_retry_info.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "wire/protobuf_reader.h"
#include "wire/varint.h"

namespace portillon::wire {

namespace {

constexpr std::string_view retry_info_type = "type.googleapis.com/google.rpc.RetryInfo";
constexpr std::string_view retry_info_name = "/google.rpc.RetryInfo";
constexpr Nanos longest = std::chrono::hours{24 * 365};
constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto values_of_letters = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < base64_letters.size(); ++i) {
        values[static_cast<unsigned char>(base64_letters[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

std::optional<std::string> decode_base64(std::string_view text) {
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t gathered = 0;
    unsigned bits = 0;
    for (const char letter : text) {
        const int value = values_of_letters[static_cast<unsigned char>(letter)];
        if (value < 0) {
            return std::nullopt;
        }
        gathered = gathered << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>(gathered >> bits));
        }
    }
    return bytes;
}

// Encodes without padding, as gRPC wants it.
std::string encode_base64(std::string_view bytes) {
    std::string text;
    std::uint32_t gathered = 0;
    unsigned bits = 0;
    for (const char byte : bytes) {
        gathered = gathered << 8 | static_cast<std::uint8_t>(byte);
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text.push_back(base64_letters[gathered >> bits & 63]);
        }
    }
    if (bits > 0) {
        text.push_back(base64_letters[gathered << (6 - bits) & 63]);
    }
    return text;
}

// Reads a google.protobuf.Duration.
std::optional<Nanos> read_duration(std::string_view bytes) {
    ProtobufReader in(bytes);
    std::int64_t whole_seconds = 0;
    std::int32_t rest_ns = 0;
    while (in.more()) {
        switch (const std::uint32_t tag = in.tag()) {
            case tag_of(1, WireType::varint):
                whole_seconds = static_cast<std::int64_t>(in.varint());
                break;
            case tag_of(2, WireType::varint):
                rest_ns = static_cast<std::int32_t>(in.varint());
                break;
            default:
                in.skip(tag);
        }
    }
    if (in.error()) {
        return std::nullopt;
    }
    const std::int64_t most_s = longest / std::chrono::seconds{1};
    return std::clamp(Nanos{std::chrono::seconds{std::clamp<std::int64_t>(whole_seconds, -1, most_s)}} + Nanos{rest_ns},
                      Nanos{0}, longest);
}

// The first field `field` of wire type bytes; nothing if there is none, or if `message` is not protobuf.
std::optional<std::string_view> find_bytes(std::string_view message, std::uint32_t field) {
    ProtobufReader in(message);
    std::optional<std::string_view> found;
    while (in.more()) {
        const std::uint32_t tag = in.tag();
        if (tag == tag_of(field, WireType::bytes)) {
            const auto bytes = in.bytes();
            found = found ? found : bytes;
        } else {
            in.skip(tag);
        }
    }
    return in.error() ? std::nullopt : found;
}

std::optional<Nanos> read_any(std::string_view any) {
    const auto type = find_bytes(any, 1);
    const auto value = find_bytes(any, 2);
    if (!type || !type->ends_with(retry_info_name) || !value) {
        return std::nullopt;
    }
    const auto delay = find_bytes(*value, 1);
    return delay ? read_duration(*delay) : std::nullopt;
}

void put_number(std::string& to, std::uint32_t field, std::uint64_t value) {
    std::array<char, 16> bytes;
    char* end = put_varint(bytes.data(), tag_of(field, WireType::varint));
    end = put_varint(end, value);
    to.append(bytes.data(), end);
}

void put_bytes(std::string& to, std::uint32_t field, std::string_view value) {
    std::array<char, 16> bytes;
    char* end = put_varint(bytes.data(), tag_of(field, WireType::bytes));
    end = put_varint(end, value.size());
    to.append(bytes.data(), end).append(value);
}

}  // namespace

std::optional<Nanos> parse_retry_info(std::string_view status_details) {
    const auto status = decode_base64(status_details);
    if (!status) {
        return std::nullopt;
    }
    ProtobufReader in(*status);
    std::optional<Nanos> delay;
    while (in.more()) {
        const std::uint32_t tag = in.tag();
        if (tag == tag_of(3, WireType::bytes)) {
            const auto found = read_any(in.bytes());
            delay = delay ? delay : found;
        } else {
            in.skip(tag);
        }
    }
    return in.error() ? std::nullopt : delay;
}

std::string format_retry_info(GrpcStatus status, std::string_view message, Nanos retry_after) {
    const Nanos bounded = std::clamp(retry_after, Nanos{0}, longest);
    std::string duration;
    put_number(duration, 1, static_cast<std::uint64_t>(bounded / std::chrono::seconds{1}));
    put_number(duration, 2, static_cast<std::uint64_t>((bounded % std::chrono::seconds{1}).count()));
    std::string retry_info;
    put_bytes(retry_info, 1, duration);
    std::string any;
    put_bytes(any, 1, retry_info_type);
    put_bytes(any, 2, retry_info);
    std::string whole;
    put_number(whole, 1, static_cast<std::uint64_t>(status));
    put_bytes(whole, 2, message);
    put_bytes(whole, 3, any);
    return encode_base64(whole);
}

std::optional<Nanos> parse_pushback(std::string_view milliseconds) {
    std::int32_t count = 0;
    const char* const last = milliseconds.data() + milliseconds.size();
    const auto [end, error] = std::from_chars(milliseconds.data(), last, count);
    if (error != std::errc{} || end != last || count < 0) {
        return std::nullopt;
    }
    return std::chrono::milliseconds{count};
}

}  // namespace portillon::wire
