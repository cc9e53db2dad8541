#include "server/reconcile.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace portillon::server {

namespace {

using Words = std::span<const std::uint64_t>;

enum class Bit : std::uint8_t { clear, set };

// The first sequence in [from, last] with the wanted bit; last + 1 if there is none. Beyond the words all bits are
// clear.
Sequence next(Words words, Bit wanted, Sequence from, Sequence last) {
    while (from <= last) {
        const std::uint64_t index = (from - 1) / 64;
        if (index >= words.size()) {
            return wanted == Bit::clear ? from : last + 1;
        }
        const std::uint64_t candidates = wanted == Bit::set ? words[index] : ~words[index];
        const std::uint64_t rest = candidates >> ((from - 1) % 64);
        if (rest != 0) {
            return std::min(from + static_cast<Sequence>(std::countr_zero(rest)), last + 1);
        }
        from = (index + 1) * 64 + 1;
    }
    return last + 1;
}

void collect(Words words, Bit wanted, EquipmentId equipment, Sequence last, std::vector<Range>& into) {
    const Bit other = wanted == Bit::set ? Bit::clear : Bit::set;
    for (Sequence first = next(words, wanted, 1, last); first <= last;) {
        const Sequence end = next(words, other, first, last);
        into.push_back({equipment, first, end - 1});
        first = next(words, wanted, end, last);
    }
}

struct Split {
    std::uint64_t within = 0, beyond = 0;  // set bits of sequences up to `last`, and above
};

Split count(Words words, Sequence last) {
    Split split;
    for (std::size_t index = 0; index < words.size(); ++index) {
        const Sequence before = index * 64;
        const std::uint64_t below = last >= before + 64 ? ~std::uint64_t{0}
                                    : last > before     ? (std::uint64_t{1} << (last - before)) - 1
                                                        : 0;
        split.within += static_cast<std::uint64_t>(std::popcount(words[index] & below));
        split.beyond += static_cast<std::uint64_t>(std::popcount(words[index] & ~below));
    }
    return split;
}

}  // namespace

std::optional<LedgerAccount> reconcile(const Ledger& ledger, const Generated& generated, std::size_t most_ranges) {
    check(ledger.frozen(), "a ledger is frozen before it is reconciled");
    LedgerAccount found;
    std::uint64_t duplicated_validations = 0;
    std::uint64_t not_generated = 0;
    bool all_known = true;
    const std::size_t known = ledger.spec().equipments;
    for (std::size_t i = 0; i < std::max(known, generated.size()); ++i) {
        const auto equipment = static_cast<EquipmentId>(i + 1);
        if (i < generated.size() && !generated[i]) {
            all_known = false;
            continue;
        }
        const Sequence last = i < generated.size() ? *generated[i] : 0;
        const auto bits = [&](Mark mark) { return i < known ? ledger.bits(mark, equipment) : Words{}; };

        const Words delivered = bits(Mark::delivered);
        const Split first_copies = count(delivered, last);
        found.counts.delivered += first_copies.within;
        not_generated += first_copies.beyond;
        if (first_copies.within < last) {
            collect(delivered, Bit::clear, equipment, last, found.missing);
        }
        const Words reordered = bits(Mark::reordered);
        found.counts.reordered += count(reordered, last).within;
        collect(reordered, Bit::set, equipment, last, found.reordered_ranges);
        const Words duplicated = bits(Mark::duplicated);
        duplicated_validations += count(duplicated, last).within;
        collect(duplicated, Bit::set, equipment, last, found.duplicated_ranges);
        if (found.missing.size() + found.reordered_ranges.size() + found.duplicated_ranges.size() > most_ranges) {
            return std::nullopt;
        }
    }
    const LedgerCounts counts = ledger.counts();
    found.counts.unexpected = counts.unexpected + not_generated;
    // The bitmap says which validations were duplicated, the counter how often; what a killed shard had no time to
    // count shows only in the bitmap.
    found.counts.duplicated = all_known ? std::max(counts.duplicated, duplicated_validations) : duplicated_validations;
    found.end_to_end = ledger.end_to_end();
    found.delivered_per_s = ledger.delivered_per_second();
    found.segments = ledger.segments();
    return found;
}

}  // namespace portillon::server
