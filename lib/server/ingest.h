#pragma once

// The one path behind all listeners: a message's bytes go in, an answer comes back, now or later. What differs between
// two reports is so the protocol. pipeline.h is what lies between the two.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/units.h"

namespace portillon::server {

enum class Disposition : std::uint8_t {
    accepted,   // every validation in it was finished with
    malformed,  // not a batch: rejected for good
    refused,    // not now: try again, later if retry_after says when
    failed,     // something went wrong here: try again
    rejected,   // for good, although it is a batch
    ignored,    // not finished with, and never answered: as if it had not come
    muted,      // finished with, and never answered
};

// Whether whoever sent it is to hear of it.
constexpr bool is_answered(Disposition disposition) {
    return disposition < Disposition::ignored;
}

struct Decision {
    Disposition disposition = Disposition::accepted;
    error_code cause;  // set when malformed
    // What the batch said of itself; zero when malformed.
    EquipmentId equipment{};
    Sequence first = 0;
    std::uint32_t count = 0;
    std::optional<Nanos> retry_after = std::nullopt;  // with refused: too much at once, not before that time
};

// Who asked: a connection of a listener and an exchange on it. By value, so that an answer may come when the connection
// is long gone: the listener knows from `generation` that nobody waits any more.
struct Ticket {
    std::uint32_t connection = 0;
    std::uint32_t generation = 0;
    std::uint64_t exchange = 0;  // stream or packet identifier
};

class Answers {
public:
    virtual ~Answers() = default;
    // Once per arrival, perhaps from inside Ingest::arrived().
    virtual void decided(const Ticket& ticket, const Decision& decision) = 0;
};

class Ingest {
public:
    virtual ~Ingest() = default;
    // `body` is read before this returns. The encoding is told from the first byte (wire::detect_encoding).
    virtual void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) = 0;
};

}  // namespace portillon::server
