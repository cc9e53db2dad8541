#pragma once

// The part that the sessions of all drivers over HTTP/2 share: one connection, from dialling to its end, with every
// batch settled once. How a batch travels is up to the derived classes.
//
// GOAWAY: batches that it excludes are settled as broken, the others are awaited, and then the session is broken.
// close() sends GOAWAY and waits for the other side's end. With a keepalive, a PING is sent after that much silence; if
// no byte comes for as long again (20 s at most), the session ends.
//
// No state of a peer may hold a session for ever. What counts is whether the peer answers batches, not whether it sends
// bytes:
//   - A batch times out, and nothing was answered since it was offered: a PING is sent at once. If no byte comes
//     within the time that a batch has (or 20 s, or the keepalive, if shorter), the session ends: http2_no_ping_answer.
//   - A batch that was offered after that times out as well, and still nothing was answered: http2_no_answers. This
//     ends a connection whose windows or streams never open, that stops within a frame or a header block, or that
//     accepts every request and answers none, even if it answers PINGs. A late answer to a cancelled request counts.
//   - 16 streams in a row are reset with no answer between: http2_only_resets.

#include <memory>
#include <optional>
#include <vector>

#include "driver/stream_session.h"
#include "drivers/over_http2/flight.h"
#include "drivers/over_http2/response.h"
#include "drivers/over_http2/words.h"
#include "http2/client_connection.h"

namespace portillon::drivers::over_http2 {

// State that the sessions of one driver share. Outlives them.
struct Common : driver::StreamCommon {
    std::uint32_t in_flight;
    Nanos keepalive;  // 0: none

    std::vector<Flight*> started = {};  // flights whose first byte is in `out`
    Words words = {};
};

// The outcome of a batch without its instants, which the session knows.
struct AnswerMeaning {
    driver::Answer answer;
    error_code cause;
    std::optional<Nanos> retry_after;
};

class Session : public driver::StreamSession, private portillon::http2::ClientConnection::Events, private Alarm {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts);
    ~Session() override;  // derived classes have called give_all_back() in theirs

    void offer(const driver::Batch& batch) final;
    void abandon(Sequence first) final;

protected:
    virtual Flight& take_flight() = 0;
    virtual void give_back(Flight& flight) = 0;
    void give_all_back();

    virtual void begin() {}  // the connection is usable from now on
    // On an error the batch was not taken, and the connection takes no more.
    virtual error_code carry(Flight& flight) = 0;
    // The batch's time has passed: settles it, and may do more.
    virtual void time_out(Flight& flight) = 0;
    virtual void withdraw_waiting() {}  // the peer wants no new requests
    virtual void end() {}               // nothing is offered any more; GOAWAY follows

    // For derived classes, like lost(), which must not be called from within the connection's own calls. answered()
    // means that the server has answered the batch, with whatever meaning.
    void answered(Flight& flight, const AnswerMeaning& meaning);
    void was_reset(Flight& flight, const AnswerMeaning& meaning);
    void settle(Flight& flight, const AnswerMeaning& meaning);
    // Loses the connection, from within its calls.
    void complain(const error_code& cause) { complaint_ = complaint_ ? complaint_ : cause; }
    void started(Flight& flight);  // its first byte is part of the present output
    void pass_on_words(const Response& response, const error_code& cause);
    portillon::http2::ClientConnection& connection() { return *connection_; }
    List<Flight>& in_flight() { return in_flight_; }
    bool is_draining() const { return farewell_.failed(); }

private:
    void usable() final;
    void going_away(std::string_view words) final;
    void answered_late() final { heard(); }
    void greet() final;
    void opened() final;
    void take(std::span<const std::byte> bytes) final;
    void write() final;
    void break_all() final;
    driver::Settled take_settled() final;
    void say_goodbye() final;
    void gone() final;
    void ended(const error_code& cause) final;
    void ring(Instant now) final;

    void heard();
    void doubt(Instant offered, Instant deadline);
    void ask(Nanos patience);
    void set_alarm();

    Common& common_;
    // Asked: a PING was sent since the last byte.
    enum class Silence : std::uint8_t { none, asked } silence_ = Silence::none;
    std::uint8_t resets_ = 0;  // since the last answer
    std::uint32_t unsettled_ = 0;
    std::unique_ptr<portillon::http2::ClientConnection> connection_;  // from greet() until the connection has gone
    List<Flight> in_flight_;
    List<Flight> settled_;
    error_code farewell_;   // why no new requests are taken; then the rest is awaited
    error_code complaint_;  // for which this connection is to be lost
    Instant last_byte_{};
    Instant byte_until_ = never;    // once asked
    Instant last_answer_{};         // or the opening
    Instant doubted_from_ = never;  // when the first time-out since the last answer came
};

}  // namespace portillon::drivers::over_http2
