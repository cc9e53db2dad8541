#pragma once

// What the sessions of drivers over HTTP/2 have in common: one connection, from dialling to its end, and every batch
// settled once. How a batch travels is for those who derive from it.
//
// GOAWAY: what it leaves out is settled broken, the rest is waited for, and then the session is broken. close() says
// GOAWAY and waits for the other side's end. With a keepalive, a silence of that length is answered by a PING, and a
// second one in a row ends the session.
//
// No state of a peer holds a session for good: what counts is whether it answers batches, not whether it sends bytes.
//   - A batch's time passes, and nothing was answered since it was offered: PING, at once. If no byte comes within the
//     time that a batch has (or 20 s, or the keepalive, if shorter), the session ends: http2_no_ping_answer.
//   - The time of a batch passes that was offered after that, and still nothing was answered: http2_no_answers. So ends
//     a connection whose windows or streams never open, that stands still within a frame or a header block, or that
//     accepts every request and answers none, whatever PINGs it answers. The late answer to a cancelled request is one.
//   - 16 streams are reset in a row with nothing answered between: http2_only_resets.

#include <memory>
#include <optional>
#include <vector>

#include "driver/stream_session.h"
#include "drivers/over_http2/flight.h"
#include "drivers/over_http2/response.h"
#include "drivers/over_http2/words.h"
#include "http2/client_connection.h"

namespace portillon::over_http2 {

// What the sessions of one driver share. Outlives them.
struct Common : driver::StreamCommon {
    std::uint32_t in_flight;
    Nanos keepalive;  // 0: none

    std::vector<Flight*> started = {};  // whose first byte is in `out`
    Words words = {};
};

// What came of a batch; the instants are the session's.
struct Reading {
    driver::Answer answer;
    error_code cause;
    std::optional<Nanos> retry_after;
};

class Session : public driver::StreamSession, private http2::ClientConnection::Events, private Alarm {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts);
    ~Session() override;  // who derives has given its flights back by give_all_back()

    void offer(const driver::Batch& batch) final;
    void abandon(Sequence first) final;

protected:
    virtual Flight& take_flight() = 0;
    virtual void give_back(Flight& flight) = 0;
    void give_all_back();

    virtual void begin() {}  // the connection is usable from now on
    // On an error the batch was not taken, and the connection takes no more.
    virtual error_code carry(Flight& flight) = 0;
    // Its time has passed: settles it at least.
    virtual void time_out(Flight& flight) = 0;
    virtual void withdraw_waiting() {}  // the other side wants nothing new
    virtual void end() {}               // nothing is offered any more; GOAWAY follows

    // For those who derive, as lost() is, which is never to be called from within the connection's own calls. An answer
    // is the server's word on a batch.
    void answered(Flight& flight, const Reading& reading);
    void was_reset(Flight& flight, const Reading& reading);
    void settle(Flight& flight, const Reading& reading);
    void complain(const error_code& cause) { complaint_ = complaint_ ? complaint_ : cause; }  // instead, from there
    void started(Flight& flight);  // its first byte is among those that go out now
    void pass_on_words(const Response& response, const error_code& cause);
    http2::ClientConnection& connection() { return *connection_; }
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
    enum class Silence : std::uint8_t { none, asked } silence_ = Silence::none;  // asked: since the last byte
    std::uint8_t resets_ = 0;                                                    // since the last answer
    std::uint32_t unsettled_ = 0;
    std::unique_ptr<http2::ClientConnection> connection_;  // from greet() until the connection is gone
    List<Flight> in_flight_;
    List<Flight> settled_;
    error_code farewell_;   // why the other side, or the connection, takes no new requests; then the rest is waited for
    error_code complaint_;  // for which this connection is to be lost
    Instant last_byte_{};
    Instant byte_until_ = never;    // once asked
    Instant last_answer_{};         // or the opening
    Instant doubted_from_ = never;  // when the first time-out since the last answer came
};

}  // namespace portillon::over_http2
