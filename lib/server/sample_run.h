#pragma once

// For tests and benchmarks: a run with its ledger, the batches that its fleet would send, and a receiver of the
// answers.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "server/figures.h"
#include "server/ingest.h"
#include "server/ledger.h"
#include "server/shared_memory.h"
#include "wire/batch_codec.h"

namespace portillon::server {

inline constexpr Instant sample_t0{1'000s};

inline std::map<std::string, std::uint64_t> counts_of(const Causes& causes) {
    std::map<std::string, std::uint64_t> counts;
    causes.for_each([&](std::string_view name, std::uint64_t count) { counts[std::string(name)] = count; });
    return counts;
}

inline plan::RunSpec sample_spec(std::uint32_t equipments = 3, Sequence sequences = 1'000) {
    return {.run = RunId{0xA1},
            .payload = {.seed = 7, .bytes = 100},
            .equipments = equipments,
            .sequences = sequences,
            .measured = {}};
}

struct SampleRun {
    explicit SampleRun(const plan::RunSpec& wanted = sample_spec(), unsigned shards = 1)
        : spec(wanted),
          memory(SharedMemory::create("sample", Ledger::bytes_needed(spec, shards)).value()),
          ledger(Ledger::create(memory.bytes(), spec, shards)) {}

    // The validations are due one second after the other, the first at 0.
    std::vector<std::byte> batch(std::uint32_t equipment, Sequence first, std::uint32_t count,
                                 wire::Encoding encoding = wire::Encoding::protobuf) const {
        const wire::BatchHead head{spec.run, EquipmentId{equipment}, first, count};
        const auto due_from = [&] {
            return [due = Nanos{std::chrono::seconds{first - 1}}]() mutable {
                due += 1s;
                return due - 1s;
            };
        };
        std::vector<std::byte> bytes(wire::encoded_size(head, spec.payload, encoding, due_from()));
        wire::encode(head, spec.payload, encoding, due_from(), bytes);
        return bytes;
    }

    plan::RunSpec spec;
    SharedMemory memory;
    Ledger ledger;
};

// Remembers the decisions, in order.
class HeardAnswers final : public Answers {
public:
    struct Heard {
        Ticket ticket;
        Decision decision;
    };
    void decided(const Ticket& ticket, const Decision& decision) override { all.push_back({ticket, decision}); }
    std::size_t count(Disposition disposition) const {
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const Heard& each) { return each.decision.disposition == disposition; }));
    }
    std::vector<Heard> all;
};

}  // namespace portillon::server
