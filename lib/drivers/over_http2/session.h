#pragma once

// The session of a driver whose batches are requests on one HTTP/2 connection, many at once.
//
// GOAWAY: batches that it leaves out are settled try_again, the others are waited for, and then the session is broken.
// abandon() resets that stream alone. close() says GOAWAY and waits for the other side's end.

#include <memory>
#include <optional>
#include <vector>

#include "driver/driver.h"
#include "drivers/over_http2/dialect.h"
#include "http2/client_connection.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/wakeup.h"

namespace portillon::over_http2 {

class Flight;

// What the sessions of one driver share. Outlives them.
struct Common {
    net::Loop& loop;
    net::Dialer& dialer;
    Dialect& dialect;
    std::uint32_t in_flight;

    std::vector<std::byte> out;    // one connection's bytes on their way to its transport
    std::vector<Flight*> started;  // whose first byte is in `out`
};

class Session final : public driver::Session,
                      private http2::ClientConnection::Events,
                      private net::Transport::Reader,
                      private net::Deferred {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts);
    ~Session() override;

    net::Task<error_code> open(Instant deadline) override;
    void offer(const driver::Batch& batch) override;
    void abandon(Sequence first) override;
    net::Task<void> close(Instant deadline) override;

private:
    friend class Flight;
    enum class State : std::uint8_t { closed, opening, open, draining, broken, closing };

    void usable() override;
    void going_away() override;
    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void run() override;

    Flight& take_flight();
    void release(Flight& flight);
    void settle(Flight& flight, const Reading& reading);
    void settle_all(const error_code& cause);
    bool deliver();
    void flush();
    void lost(const error_code& cause);
    void drop_connection();

    Common& common_;
    driver::Receipts& receipts_;
    EquipmentId equipment_;
    State state_ = State::closed;
    bool* destroyed_ = nullptr;  // set while Receipts are called
    bool* destroyed_while_dialling_ = nullptr;
    std::unique_ptr<net::Transport> transport_;
    std::unique_ptr<http2::ClientConnection> connection_;
    std::unique_ptr<Flight[]> flights_;
    Flight* free_ = nullptr;
    Flight* settled_first_ = nullptr;
    Flight* settled_last_ = nullptr;
    std::uint32_t unsettled_ = 0;
    error_code cause_;  // of the last break
    net::Wakeup changed_;
};

}  // namespace portillon::over_http2
