#pragma once

// The one path behind all listeners: a message's bytes go in, an answer comes back, now or later. All protocols share
// it, so two reports differ by their protocol only. pipeline.h implements it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/units.h"

namespace portillon::server {

enum class Disposition : std::uint8_t {
    accepted,   // every validation in it was processed
    malformed,  // not a batch: rejected for good
    refused,    // not now: to be sent again, after retry_after if that is set
    failed,     // an error of this server: to be sent again
    rejected,   // rejected for good, although it is a batch
    ignored,    // not processed, and never answered: as if it had not arrived
    muted,      // processed, and never answered
};

// Whether the sender gets an answer.
constexpr bool is_answered(Disposition disposition) {
    return disposition < Disposition::ignored;
}

struct Decision {
    Disposition disposition = Disposition::accepted;
    error_code cause;  // set when malformed
    // The head of the batch; zero when malformed.
    EquipmentId equipment{};
    Sequence first = 0;
    std::uint32_t count = 0;
    std::optional<Nanos> retry_after = std::nullopt;  // with refused: too many at once, send again after this time
};

// Identifies the exchange of a connection that waits for an answer. By value, so that an answer may come after the
// connection has gone: the listener tells from `generation` that nobody waits any more.
struct Ticket {
    std::uint32_t connection = 0;
    std::uint32_t generation = 0;
    std::uint64_t exchange = 0;  // stream or packet identifier
};

class Answers {
public:
    virtual ~Answers() = default;
    // Called once per arrival, perhaps from inside Ingest::arrived().
    virtual void decided(const Ticket& ticket, const Decision& decision) = 0;
};

class Ingest {
public:
    virtual ~Ingest() = default;
    // `body` is not used after this returns. The encoding is detected from the first byte (wire::detect_encoding).
    virtual void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) = 0;
};

}  // namespace portillon::server
