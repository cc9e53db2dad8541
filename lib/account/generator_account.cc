#include "account/generator_account.h"

#include <zlib.h>

#include <optional>

#include "base/check.h"
#include "stats/base64.h"

namespace portillon::account {

namespace {

constexpr std::uint64_t format = 1;

void put(std::string& out, std::uint64_t number) {
    while (number > 0x7F) {
        out += static_cast<char>((number & 0x7F) | 0x80);
        number >>= 7;
    }
    out += static_cast<char>(number);
}

// Reads numbers from the front. Once a read has failed, every further one returns 0 and `good()` is false.
class Numbers {
public:
    explicit Numbers(std::string_view bytes) : rest_(bytes) {}

    bool good() const { return good_; }
    bool at_end() const { return rest_.empty(); }

    std::uint64_t next() {
        std::uint64_t number = 0;
        for (unsigned shift = 0; !rest_.empty() && shift < 63; shift += 7) {
            const auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            number |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) {
                return number;
            }
        }
        good_ = false;
        rest_ = {};
        return 0;
    }

private:
    std::string_view rest_;
    bool good_ = true;
};

std::string deflated(const std::string& plain) {
    auto size = compressBound(plain.size());
    std::string bytes(size, '\0');
    const int status = compress2(reinterpret_cast<Bytef*>(bytes.data()), &size,
                                 reinterpret_cast<const Bytef*>(plain.data()), plain.size(), Z_BEST_COMPRESSION);
    check(status == Z_OK, "zlib does not deflate");
    bytes.resize(size);
    return bytes;
}

// Nothing if the bytes are not exactly one zlib stream, or hold more than most_plain_bytes.
std::optional<std::string> inflated(std::string_view bytes) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) {
        return std::nullopt;
    }
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string plain;
    int status = Z_OK;
    while (status == Z_OK && plain.size() < most_plain_bytes) {
        const auto before = plain.size();
        plain.resize(std::min(most_plain_bytes, before + (1 << 16) + before));
        stream.next_out = reinterpret_cast<Bytef*>(plain.data() + before);
        stream.avail_out = static_cast<uInt>(plain.size() - before);
        status = inflate(&stream, Z_NO_FLUSH);
        plain.resize(plain.size() - stream.avail_out);
    }
    const bool whole = status == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    return whole ? std::optional(std::move(plain)) : std::nullopt;
}

Problems problem(std::string message) {
    return {{.source = {}, .key = {}, .message = std::move(message)}};
}

bool read_generated(Numbers& numbers, Generated& generated) {
    const auto equipments = numbers.next();
    if (equipments > most_equipments) {
        return false;
    }
    std::uint64_t sum = 0;
    while (numbers.good() && generated.size() < equipments) {
        const auto in_a_row = numbers.next();
        const auto count = numbers.next();
        if (in_a_row == 0 || in_a_row > equipments - generated.size() || count > most_validations + 1) {
            return false;
        }
        sum += in_a_row * (count - (count > 0 ? 1 : 0));
        if (sum > most_validations) {
            return false;
        }
        generated.resize(generated.size() + in_a_row, count > 0 ? std::optional(count - 1) : std::nullopt);
    }
    return numbers.good();
}

bool read_ranges(Numbers& numbers, GeneratorAccount& account) {
    const auto ranges = numbers.next();
    if (ranges > most_ranges) {
        return false;
    }
    std::uint64_t equipment = 0, last = 0;
    for (std::uint64_t at = 0; at < ranges; ++at) {
        const auto step = numbers.next();
        const auto first = numbers.next();
        const auto more = numbers.next();
        if (!numbers.good() || step > most_equipments || first > most_validations || more > most_validations) {
            return false;
        }
        last = step > 0 ? 0 : last;
        equipment += step;
        // Two ranges of an equipment do not touch: otherwise they would be one.
        const bool touches = last > 0 && first < 2;
        const Range range{EquipmentId{static_cast<std::uint32_t>(equipment)}, last + first, last + first + more};
        const bool exists = equipment >= 1 && equipment <= account.generated.size() && range.first >= 1 &&
                            range.last <= account.generated[equipment - 1].value_or(0);
        if (touches || !exists) {
            return false;
        }
        last = range.last;
        account.unacknowledged.push_back(range);
    }
    return numbers.good() && numbers.at_end();
}

}  // namespace

std::uint64_t GeneratorAccount::count_generated() const {
    std::uint64_t sum = 0;
    for (const auto& count : generated) {
        sum += count.value_or(0);
    }
    return sum;
}

std::string encode(const GeneratorAccount& account) {
    const auto& generated = account.generated;
    if (generated.size() > most_equipments || account.count_generated() > most_validations ||
        account.unacknowledged.size() > most_ranges) {
        return {};
    }
    std::string plain;
    put(plain, format);
    put(plain, generated.size());
    for (std::size_t at = 0; at < generated.size();) {
        std::size_t end = at + 1;
        while (end < generated.size() && generated[end] == generated[at]) {
            ++end;
        }
        put(plain, end - at);
        put(plain, generated[at] ? *generated[at] + 1 : 0);
        at = end;
    }
    put(plain, account.unacknowledged.size());
    Range previous{EquipmentId{0}, 0, 0};
    for (const auto& range : account.unacknowledged) {
        const auto step = number_of(range.equipment) - number_of(previous.equipment);
        put(plain, step);
        put(plain, step > 0 ? range.first : range.first - previous.last);
        put(plain, range.last - range.first);
        previous = range;
    }
    return plain.size() > most_plain_bytes ? std::string() : stats::encode_base64(deflated(plain));
}

Checked<GeneratorAccount> decode(std::string_view text) {
    const auto bytes = stats::decode_base64(text);
    if (!bytes) {
        return problem("is not base64");
    }
    const auto plain = inflated(*bytes);
    if (!plain) {
        return problem("does not inflate");
    }
    Numbers numbers(*plain);
    if (const auto found = numbers.next(); found != format) {
        return problem("has the format " + std::to_string(found) + " (allowed: " + std::to_string(format) + ")");
    }
    GeneratorAccount account;
    if (!read_generated(numbers, account.generated) || !read_ranges(numbers, account)) {
        return problem("is no account of equipments");
    }
    return account;
}

}  // namespace portillon::account
