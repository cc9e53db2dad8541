#include "arrived/arrivals.h"

#include <algorithm>
#include <bit>

namespace portillon::arrived {

namespace {

constexpr std::uint64_t word_bits = 64;

std::uint64_t mask_of(std::uint64_t bit) {
    return std::uint64_t{1} << (bit % word_bits);
}

}  // namespace

Arrivals::Arrivals(const account::GeneratorAccount& account) {
    equipments_.reserve(account.generated.size());
    for (const auto& generated : account.generated) {
        equipments_.push_back({bits_, generated.value_or(0), generated.has_value()});
        bits_ += generated.value_or(0);
    }
    arrived_.resize((bits_ + word_bits - 1) / word_bits);
}

void Arrivals::add(EquipmentId equipment, Sequence sequence) {
    const std::size_t place = number_of(equipment) - std::size_t{1};
    if (place < equipments_.size() && !equipments_[place].known) {
        return;
    }
    if (place >= equipments_.size() || sequence < 1 || sequence > equipments_[place].count) {
        ++counts_.unexpected;
        if (unexpected_.size() < most_named) {
            unexpected_.push_back({equipment, sequence, sequence});
        }
        return;
    }
    const auto bit = equipments_[place].begin + sequence - 1;
    auto& word = arrived_[bit / word_bits];
    if ((word & mask_of(bit)) == 0) {
        word |= mask_of(bit);
        ++counts_.delivered;
        return;
    }
    ++counts_.duplicated;
    again_.resize(arrived_.size());
    again_[bit / word_bits] |= mask_of(bit);
}

Findings Arrivals::findings() const {
    Findings findings;
    findings.ledger.counts = counts_;
    findings.ledger.missing = ranges_where(arrived_, Bit::clear);
    findings.ledger.duplicated_ranges = again_.empty() ? std::vector<account::Range>{} : ranges_where(again_, Bit::set);
    findings.unexpected = account::normalised(unexpected_);
    findings.unexpected_unnamed = counts_.unexpected - unexpected_.size();
    return findings;
}

// The ranges of validations whose bit is set, or is not. Whole words that hold none are passed over at once.
std::vector<account::Range> Arrivals::ranges_where(const std::vector<std::uint64_t>& bits, Bit wanted) const {
    std::vector<account::Range> ranges;
    for (std::size_t place = 0; place < equipments_.size(); ++place) {
        const auto& slots = equipments_[place];
        const auto end = slots.begin + slots.count;
        const EquipmentId equipment{static_cast<std::uint32_t>(place + 1)};
        for (auto bit = slots.begin; bit < end;) {
            const auto word = bits[bit / word_bits];
            const auto found = (wanted == Bit::set ? word : ~word) >> (bit % word_bits);
            if (found == 0) {
                bit += word_bits - bit % word_bits;
                continue;
            }
            const auto first = bit + static_cast<unsigned>(std::countr_zero(found));
            const auto length = static_cast<unsigned>(std::countr_one(found >> (first - bit)));
            const auto last = std::min(end, first + length);
            if (first < end) {
                const auto from = first - slots.begin + 1;
                if (!ranges.empty() && ranges.back().equipment == equipment && ranges.back().last + 1 == from) {
                    ranges.back().last = last - slots.begin;
                } else {
                    ranges.push_back({equipment, from, last - slots.begin});
                }
            }
            bit = first + length;
        }
    }
    return ranges;
}

}  // namespace portillon::arrived
