#pragma once

// The seam that every protocol plugs into: a Driver makes the Sessions of one protocol in one shard. It sees neither
// schedules nor statistics: what it cannot see it cannot mis-measure.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "net/task.h"
#include "wire/batch_codec.h"

namespace portillon::driver {

// What a batch is in bytes. Recomputable, any number of times, until the batch is settled.
class Body {
public:
    virtual ~Body() = default;
    virtual std::size_t size() const = 0;
    virtual void write_to(std::span<std::byte> out) const = 0;  // out.size() == size()
};

// The 1..N consecutive validations of one equipment that travel together. `first` names the batch: an equipment has at
// most one batch with it in flight, and boundaries are never re-cut.
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
    sent,       // written to the socket, and the protocol will never say more (MQTT QoS 0)
    rejected,   // no, for good
    throttled,  // not now: retry_after, or the usual backoff
    try_again,  // neither yes nor no
    timed_out,  // abandoned before an answer came
    broken,     // the connection went before an answer came
};

struct Outcome {
    Answer answer = Answer::broken;
    error_code cause;  // set unless acknowledged or sent; its cause_name() is what reports count
    Instant sent{};  // just before the write that carried the attempt's first byte; Instant{} if it never came to that
    Instant answered{};
    std::optional<Nanos> retry_after;
};

// The equipment behind a session. Its calls come from the loop, never from inside offer(), abandon() or open(); within
// a call it may offer again.
class Receipts {
public:
    virtual ~Receipts() = default;
    // Exactly once per offered batch.
    virtual void settled(Sequence first, const Outcome& outcome) = 0;
    // The open session is of no more use: once, after every batch in flight was settled as broken. open() may follow.
    virtual void broken(const error_code& cause) = 0;
    // What the server said of `cause` in its own words (a reason string, grpc-message, GOAWAY's debug data, the first
    // bytes of an error's body): any bytes, a view that holds during the call. Called before the outcome, the break or
    // the failure of open() that carries the cause, as often as the session likes: the receiver keeps the first
    // most_words_bytes of the first words that it hears for each cause.
    virtual void said([[maybe_unused]] const error_code& cause, [[maybe_unused]] std::string_view words) {}
    // An answer came that nothing in flight waits for: a second one, or one for a batch that was never sent. It settles
    // nothing and ends nothing; the receiver counts it under its cause, once each.
    virtual void stray([[maybe_unused]] const error_code& cause) {}
};

inline constexpr std::size_t most_words_bytes = 200;

// One equipment's connection over one protocol.
class Session {
public:
    virtual ~Session() = default;  // at any time; nothing is settled any more

    // Dials and shakes hands; also again after a break: the session keeps what its protocol resumes. Fails with
    // asio::error::timed_out at `deadline`. Once it has completed without error, offers are taken.
    virtual net::Task<error_code> open(Instant deadline) = 0;

    // Takes the batch and never blocks. Writes happen at the end of the loop's turn, so that what is offered together
    // travels together. Only while open; after a break that Receipts has not heard of yet, the batch is settled broken.
    virtual void offer(const Batch& batch) = 0;

    // The attempt's deadline has passed: it is settled timed_out as the protocol allows (cancelling one stream, or
    // dropping the connection). No effect if it is settled already.
    virtual void abandon(Sequence first) = 0;

    // Says goodbye as the protocol does and waits for the other side, until `deadline` at the latest. What is still in
    // flight is settled as broken first. Nothing is settled afterwards, and broken() is not called.
    virtual net::Task<void> close(Instant deadline) = 0;

    // Whether the server may keep something of this session, for a connection that will not come: a session of MQTT
    // outlives its connections. While the session is open: whether it would if the connection were lost now.
    virtual bool is_kept() const { return false; }

    // Has the server forget it, which may take a connection of its own; also what an earlier process left under the
    // same run and equipment, so that a new session may be asked as well. Only while closed; may be tried again. Fails
    // with asio::error::timed_out at `deadline`, or as open() does. Nothing is settled and broken() is not called.
    virtual net::Task<error_code> forget([[maybe_unused]] Instant deadline) { co_return error_code{}; }
};

// What planning and measuring need to know of a protocol.
struct Traits {
    std::uint32_t descriptors_per_session = 1;
    enum class Acknowledges : std::uint8_t { yes, no } acknowledges = Acknowledges::yes;  // no: every answer is `sent`
    wire::Encoding native = wire::Encoding::protobuf;
    // sessions: a server keeps something of each session after its connection, until Session::forget().
    enum class Leaves : std::uint8_t { nothing, sessions } leaves = Leaves::nothing;
};

class Driver {
public:
    virtual ~Driver() = default;  // after its sessions
    virtual Traits traits() const = 0;
    virtual std::unique_ptr<Session> make_session(EquipmentId equipment, Receipts& receipts) = 0;
};

}  // namespace portillon::driver
