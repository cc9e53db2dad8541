#pragma once

// The seam into which every protocol plugs: a Driver makes the Sessions of one protocol in one shard. It knows neither
// schedules nor statistics, so it cannot mis-measure.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "driver/inbox.h"
#include "net/task.h"
#include "wire/batch_codec.h"

namespace portillon::driver {

// The bytes of a batch. They can be computed any number of times until the batch is settled.
class Body {
public:
    virtual ~Body() = default;
    virtual std::size_t size() const = 0;
    virtual void write_to(std::span<std::byte> out) const = 0;  // out.size() == size()
};

// The 1..N consecutive validations of one equipment that travel together. `first` names the batch: an equipment has at
// most one batch in flight with it, and a batch's boundaries never change.
struct Batch {
    EquipmentId equipment{};
    Sequence first = 1;
    std::uint32_t count = 1;
    std::uint32_t attempt = 1;   // 1 for the first offer
    Instant deadline = never;    // when the fleet will abandon this attempt
    const Body* body = nullptr;  // outlives the attempt
};

enum class Answer : std::uint8_t {
    acknowledged,
    sent,       // written to the socket, and the protocol has no answer to it (MQTT QoS 0)
    rejected,   // refused for good
    throttled,  // refused for now: try again after retry_after, or after the usual backoff
    try_again,  // neither accepted nor refused
    timed_out,  // abandoned before an answer came
    broken,     // the connection was lost before an answer came
};

struct Outcome {
    Answer answer = Answer::broken;
    error_code cause;  // set unless acknowledged or sent; reports count its cause_name()
    Instant sent{};    // just before the write of the attempt's first byte; Instant{}: never written
    Instant answered{};
    std::optional<Nanos> retry_after;
};

// The equipment behind a session. The functions are called from the loop, never from inside offer(), abandon() or
// open(); from within them the equipment may offer again.
class Receipts {
public:
    virtual ~Receipts() = default;
    // Called exactly once per offered batch.
    virtual void settled(Sequence first, const Outcome& outcome) = 0;
    // The open session cannot be used any more: called once, after every batch in flight was settled as broken. open()
    // may follow.
    virtual void broken(const error_code& cause) = 0;
    // The server's own words about `cause` (a reason string, grpc-message, GOAWAY's debug data, the first bytes of an
    // error's body): any bytes, a view that is valid during the call. Called before the outcome, the break or the
    // failure of open() that carries the cause, any number of times: the receiver keeps the first most_words_bytes of
    // the first words for each cause.
    virtual void said([[maybe_unused]] const error_code& cause, [[maybe_unused]] std::string_view words) {}
    // A stray answer came: a second one, or one for a batch that was never sent. It settles nothing and ends nothing;
    // the receiver counts each under its cause.
    virtual void stray([[maybe_unused]] const error_code& cause) {}
};

inline constexpr std::size_t most_words_bytes = 200;

// One equipment's connection over one protocol.
class Session {
public:
    virtual ~Session() = default;  // at any time; nothing is settled any more

    // Dials and completes the handshake; also again after a break: the session keeps what its protocol resumes. Fails
    // with asio::error::timed_out at `deadline`. Once open() has completed without error, offers are accepted.
    virtual net::Task<error_code> open(Instant deadline) = 0;

    // Takes the batch and never blocks. Writes happen at the end of the loop's turn, so that batches offered together
    // travel together. Allowed while open; after a break that Receipts have not been told yet, the batch is settled as
    // broken.
    virtual void offer(const Batch& batch) = 0;

    // The attempt's deadline has passed: it is settled as timed_out in the way that the protocol allows (cancelling one
    // stream, or dropping the connection). No effect if it is settled already.
    virtual void abandon(Sequence first) = 0;

    // Ends the connection as the protocol demands and waits for the other side, until `deadline` at the latest. Batches
    // in flight are settled as broken first. Nothing is settled afterwards, and broken() is not called.
    virtual net::Task<void> close(Instant deadline) = 0;

    // Whether the server may keep state of this session for a next connection that will not come: an MQTT session
    // outlives its connections. While the session is open: whether it would if the connection were lost now.
    virtual bool is_kept() const { return false; }

    // Makes the server forget that state, which may take a connection of its own; also state that an earlier process
    // left under the same run and equipment, so a new session may be asked as well. Allowed while closed; may be tried
    // again. Fails with asio::error::timed_out at `deadline`, or as open() does. Nothing is settled and broken() is not
    // called.
    virtual net::Task<error_code> forget([[maybe_unused]] Instant deadline) { co_return error_code{}; }
};

// The properties of a protocol that planning and measuring need.
struct Traits {
    std::uint32_t descriptors_per_session = 1;
    enum class Acknowledges : std::uint8_t { yes, no } acknowledges = Acknowledges::yes;  // no: every answer is `sent`
    wire::Encoding native = wire::Encoding::protobuf;
    // sessions: a server keeps state of each session after its connection, until Session::forget().
    enum class Leaves : std::uint8_t { nothing, sessions } leaves = Leaves::nothing;
};

class Driver {
public:
    virtual ~Driver() = default;  // after its sessions
    virtual Traits traits() const = 0;
    virtual std::unique_ptr<Session> make_session(EquipmentId equipment, Receipts& receipts) = 0;
    // A session that only receives, and that may not be offered anything. open() completes once the server has granted
    // everything that `interest` asks for; opened again, the session receives what the server kept for it meanwhile.
    // Its client name differs from those of make_session() if `number` does, or the run. The inbox outlives the
    // session. nullptr: the protocol has no such sessions.
    virtual std::unique_ptr<Session> make_receiver(EquipmentId /* number */, Receipts& /* receipts */,
                                                   Inbox& /* inbox */, Interest /* interest */) {
        return nullptr;
    }
};

}  // namespace portillon::driver
