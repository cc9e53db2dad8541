#include "stats/histogram_codec.h"

#include <fmt/format.h>
#include <zlib.h>

#include <bit>
#include <limits>

#include "base/check.h"
#include "stats/base64.h"

namespace portillon::stats {

namespace {

constexpr std::uint32_t plain_cookie = 0x1c849313;
constexpr std::uint32_t deflated_cookie = 0x1c849314;
constexpr std::uint32_t pack_cookie = 0x70744831;  // "ptH1"
constexpr std::size_t header_bytes = 40;
constexpr std::size_t longest_number = 9;  // of a 64-bit LEB128 whose ninth byte holds eight bits
constexpr std::size_t most_plain_bytes = header_bytes + Histogram::bucket_count * longest_number;
constexpr std::uint64_t most_values = std::uint64_t{1} << 53;  // JSON's exact integers

Problems problem(std::string message) {
    return {Problem{.source = {}, .key = {}, .message = std::move(message)}};
}

template <class Word>
void put_big_endian(std::string& out, Word word) {
    for (int shift = static_cast<int>(sizeof word) * 8 - 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(word >> shift & 0xFF);
    }
}

// ZigZag, then seven bits per byte from the low end; the ninth byte holds eight.
void put_number(std::string& out, std::int64_t number) {
    auto rest = static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
    for (std::size_t i = 1; i < longest_number && rest > 0x7F; ++i) {
        out += static_cast<char>((rest & 0x7F) | 0x80);
        rest >>= 7;
    }
    out += static_cast<char>(rest);
}

// Reads from the front; once a read has failed, every further one returns 0 and `good()` is false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    bool good() const { return good_; }
    std::size_t left() const { return rest_.size(); }
    std::string_view rest() const { return rest_; }

    std::uint64_t big_endian(std::size_t bytes) {
        if (rest_.size() < bytes) {
            return fail();
        }
        std::uint64_t word = 0;
        for (const char byte : rest_.substr(0, bytes)) {
            word = word << 8 | static_cast<std::uint8_t>(byte);
        }
        rest_.remove_prefix(bytes);
        return word;
    }

    std::int64_t number() {
        std::uint64_t zigzag = 0;
        for (std::size_t i = 0; i < longest_number; ++i) {
            if (rest_.empty()) {
                return static_cast<std::int64_t>(fail());
            }
            const auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            const bool last = i + 1 == longest_number;
            zigzag |= std::uint64_t{last ? byte : byte & 0x7FU} << (7 * i);
            if (last || byte < 0x80) {
                break;
            }
        }
        return static_cast<std::int64_t>(zigzag >> 1 ^ (~(zigzag & 1) + 1));
    }

private:
    std::uint64_t fail() {
        good_ = false;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool good_ = true;
};

Checked<Histogram> decode_counts(Reader& reader) {
    const auto end = Histogram::index_of(Histogram::highest_trackable) + 1;
    Histogram histogram;
    std::uint32_t index = 0;
    while (reader.left() > 0) {
        const auto number = reader.number();
        if (!reader.good()) {
            return problem("the histogram ends within a count");
        }
        if (number < 0) {
            if (number < -std::int64_t{Histogram::bucket_count - index}) {
                return problem("the histogram has more buckets than its header says");
            }
            index += static_cast<std::uint32_t>(-number);
            continue;
        }
        if (number > 0) {
            if (index >= end) {
                return problem("the histogram holds values above 24 h");
            }
            if (static_cast<std::uint64_t>(number) > most_values - histogram.count()) {
                return problem("the histogram holds more than 2^53 values");
            }
            histogram.record(Histogram::lowest_at(index), static_cast<std::uint64_t>(number));
        }
        if (++index > Histogram::bucket_count) {
            return problem("the histogram has more buckets than its header says");
        }
    }
    if (!histogram.empty()) {
        const auto last = histogram.used_end() - 1;
        const auto highest = std::min(Histogram::lowest_at(last + 1) - 1ns, Histogram::highest_trackable);
        check(histogram.restore(0, *histogram.min(), highest), "decoded extremes that do not fit");
    }
    return histogram;
}

Checked<std::string> inflated(std::string_view bytes) {
    std::string plain(most_plain_bytes + 1, '\0');
    auto size = static_cast<uLongf>(plain.size());
    auto taken = static_cast<uLong>(bytes.size());
    const int status = uncompress2(reinterpret_cast<Bytef*>(plain.data()), &size,
                                   reinterpret_cast<const Bytef*>(bytes.data()), &taken);
    if (status != Z_OK || taken != bytes.size() || size > most_plain_bytes) {
        return problem(status == Z_MEM_ERROR ? "no memory to inflate the histogram" : "the histogram does not inflate");
    }
    plain.resize(size);
    return plain;
}

}  // namespace

std::string encode(const Histogram& histogram) {
    std::string counts;
    // Like the reference, which writes a lone zero and so encodes an empty histogram as one.
    const auto end = std::max(histogram.used_end(), std::uint32_t{1});
    for (std::uint32_t index = 0; index < end;) {
        const auto count = histogram.count_at(index);
        auto next = index + 1;
        while (count == 0 && next < end && histogram.count_at(next) == 0) {
            ++next;
        }
        const auto zeros = std::int64_t{next - index};
        put_number(counts, count == 0 && zeros > 1 ? -zeros : static_cast<std::int64_t>(count));
        index = next;
    }
    std::string bytes;
    bytes.reserve(header_bytes + counts.size());
    put_big_endian(bytes, plain_cookie);
    put_big_endian(bytes, static_cast<std::uint32_t>(counts.size()));
    put_big_endian(bytes, std::uint32_t{0});  // normalizing index offset
    put_big_endian(bytes, std::uint32_t{Histogram::significant_digits});
    put_big_endian(bytes, static_cast<std::uint64_t>(Histogram::lowest_discernible.count()));
    put_big_endian(bytes, static_cast<std::uint64_t>(Nanos{Histogram::highest_trackable}.count()));
    put_big_endian(bytes, std::bit_cast<std::uint64_t>(1.0));  // integer to double conversion ratio
    return bytes + counts;
}

Checked<Histogram> decode(std::string_view bytes) {
    Reader reader(bytes);
    if (const auto cookie = reader.big_endian(4); cookie != plain_cookie) {
        return problem(
            fmt::format("not an HdrHistogram V2 encoding (it begins with {:08x}, not {:08x})", cookie, plain_cookie));
    }
    const auto size = reader.big_endian(4);
    const auto offset = reader.big_endian(4);
    const auto digits = reader.big_endian(4);
    const auto lowest = reader.big_endian(8);
    const auto highest = reader.big_endian(8);
    const auto ratio = std::bit_cast<double>(reader.big_endian(8));
    if (!reader.good()) {
        return problem("the histogram ends within its header");
    }
    if (digits != Histogram::significant_digits ||
        lowest != static_cast<std::uint64_t>(Histogram::lowest_discernible.count()) ||
        highest != static_cast<std::uint64_t>(Nanos{Histogram::highest_trackable}.count()) || offset != 0 ||
        ratio != 1.0) {
        return problem(
            fmt::format("a histogram of another layout: {} significant digits, {} to {}, offset {}, ratio {} "
                        "(allowed: 3 significant digits, 1000 to 86400000000000, offset 0, ratio 1)",
                        digits, lowest, highest, offset, ratio));
    }
    if (size != reader.left()) {
        return problem(
            fmt::format("the histogram has {} bytes of counts where its header says {}", reader.left(), size));
    }
    return decode_counts(reader);
}

std::string encode_deflated(const Histogram& histogram) {
    const auto plain = encode(histogram);
    auto size = compressBound(static_cast<uLong>(plain.size()));
    std::string deflated(size, '\0');
    const int status =
        compress2(reinterpret_cast<Bytef*>(deflated.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
                  static_cast<uLong>(plain.size()), Z_DEFAULT_COMPRESSION);
    check(status == Z_OK, "zlib does not deflate");
    deflated.resize(size);
    std::string bytes;
    put_big_endian(bytes, deflated_cookie);
    put_big_endian(bytes, static_cast<std::uint32_t>(deflated.size()));
    return encode_base64(bytes + deflated);
}

Checked<Histogram> decode_deflated(std::string_view base64) {
    // 4/3 of the largest histogram, and zlib's margin: longer texts are refused unread.
    if (base64.size() > 2 * most_plain_bytes) {
        return problem("the histogram's text is too long");
    }
    const auto bytes = decode_base64(base64);
    if (!bytes) {
        return problem("the histogram is not base64");
    }
    Reader reader(*bytes);
    if (const auto cookie = reader.big_endian(4); cookie != deflated_cookie) {
        return problem(fmt::format("not a deflated HdrHistogram V2 encoding (it begins with {:08x}, not {:08x})",
                                   cookie, deflated_cookie));
    }
    const auto size = reader.big_endian(4);
    if (!reader.good() || size != reader.left()) {
        return problem("the deflated histogram is shorter or longer than it says");
    }
    const auto plain = inflated(reader.rest());
    return plain ? decode(*plain) : Checked<Histogram>(plain.problems());
}

std::string pack(const Histogram& histogram) {
    std::string bytes;
    put_big_endian(bytes, pack_cookie);
    put_number(bytes, static_cast<std::int64_t>(histogram.overflow()));
    put_number(bytes, histogram.min().value_or(Nanos{0}).count());
    put_number(bytes, histogram.max().value_or(Nanos{0}).count());
    return bytes + encode(histogram);
}

Checked<Histogram> unpack(std::string_view bytes) {
    Reader reader(bytes);
    const auto cookie = reader.big_endian(4);
    const auto overflow = reader.number();
    const Nanos min{reader.number()};
    const Nanos max{reader.number()};
    if (cookie != pack_cookie || !reader.good()) {
        return problem("not a packed histogram");
    }
    auto histogram = decode(reader.rest());
    if (histogram && (overflow < 0 || static_cast<std::uint64_t>(overflow) > most_values ||
                      !histogram->restore(static_cast<std::uint64_t>(overflow), min, max))) {
        return problem("the histogram's overflow, minimum and maximum contradict its buckets");
    }
    return histogram;
}

}  // namespace portillon::stats
