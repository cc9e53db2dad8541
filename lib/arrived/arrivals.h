#pragma once

// Holds what arrived of a run against what its generator knows, as a server's ledger would have done. The rows of an
// export have no order, so nothing is known of reordered validations.

#include <cstdint>
#include <vector>

#include "account/generator_account.h"
#include "account/ledger_account.h"
#include "base/units.h"

namespace portillon::arrived {

struct Findings {
    // Only the counts delivered, duplicated and unexpected are set.
    account::LedgerAccount ledger;
    // The unexpected validations by name, the first most_named of them; the rest is only counted.
    std::vector<account::Range> unexpected;
    account::Count unexpected_unnamed = 0;
};

class Arrivals {
public:
    static constexpr std::size_t most_named = 1'000;

    // Needs one bit for each generated validation, and another one if anything arrives twice.
    explicit Arrivals(const account::GeneratorAccount& account);

    // Rows of an equipment of which nobody knows what it generated, because its generator's process was lost, count
    // nowhere.
    void add(EquipmentId equipment, Sequence sequence);

    Findings findings() const;

private:
    enum class Bit : std::uint8_t { clear, set };
    std::vector<account::Range> ranges_where(const std::vector<std::uint64_t>& bits, Bit wanted) const;

    struct Slots {
        std::uint64_t begin = 0, count = 0;  // its bits
        bool known = true;
    };
    std::vector<Slots> equipments_;
    std::uint64_t bits_ = 0;
    std::vector<std::uint64_t> arrived_, again_;  // bits, 64 in each
    account::Counts counts_;
    std::vector<account::Range> unexpected_;
};

}  // namespace portillon::arrived
