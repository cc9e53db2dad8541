#pragma once

// The generator's account of each equipment of a run. With it a list of what arrived tells later what was lost.
// Reports against a server without a ledger keep it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "account/ledger_account.h"
#include "account/range.h"
#include "base/problem.h"

namespace portillon::account {

struct GeneratorAccount {
    Generated generated;
    std::vector<Range> unacknowledged;  // generated and not acknowledged, for whatever reason; normalised
    bool operator==(const GeneratorAccount&) const = default;

    std::uint64_t count_generated() const;
};

// Limits of what is stored. Beyond them a report does without.
inline constexpr std::uint32_t most_equipments = 1 << 20;                  // a little more than a scenario may have
inline constexpr std::uint64_t most_validations = std::uint64_t{1} << 34;  // a reader keeps two bits of each: 4 GiB
inline constexpr std::size_t most_ranges = 1 << 22;                        // 100 MB in memory
inline constexpr std::size_t most_plain_bytes = 64 << 20;                  // before they are deflated

// A text for JSON: base64 of zlib of numbers that are 7 bits a byte, the lowest first, the highest bit set in all bytes
// but the last (LEB128). The numbers are: 1, the format; how many equipments there are; for them, in order, runs of
// equal counts: how many equipments in a row, and their count plus 1, or 0 where it is unknown; then how many ranges
// there are; for each range, in order: the difference of its equipment to the previous range's (0 at first); `first`,
// less the previous range's `last` if the equipment is the same; and last - first.
// Empty if a limit is exceeded.
std::string encode(const GeneratorAccount& account);

// Takes untrusted text. What is returned is consistent: ranges are normalised and lie within what was generated.
Checked<GeneratorAccount> decode(std::string_view text);

}  // namespace portillon::account
