#pragma once

// A client's part of the keep-alive (MQTT 5.0, 3.1.2.10): PINGREQ once the client has written nothing for a while, and
// the end of a connection whose server does not answer it. A session derives from KeepAlive.

#include <cstdint>

#include "base/timers.h"
#include "base/units.h"

namespace portillon::drivers::mqtt {

class KeepAlive : private Alarm {
protected:
    ~KeepAlive() = default;

    void agree(std::uint16_t seconds) { seconds_ = seconds; }  // 0: the connection needs no keep-alive
    // From the instant of the last wrote() on, until end().
    void begin() {
        ping_ = Ping::none;
        if (seconds_ > 0) {
            timers().set(*this, last_written_ + interval());
        }
    }
    void end() { cancel(); }
    void wrote(Instant now) { last_written_ = now; }
    void ping_answered() { ping_ = Ping::none; }

private:
    virtual Timers& timers() = 0;
    virtual void ping() = 0;             // the session writes PINGREQ
    virtual void ping_unanswered() = 0;  // no PINGRESP came: the connection is lost

    void ring(Instant now) final {
        if (ping_ == Ping::awaited) {
            ping_unanswered();
        } else if (last_written_ + interval() > now) {
            timers().set(*this, last_written_ + interval());
        } else {
            last_written_ = now;
            ping_ = Ping::awaited;
            ping();
            timers().set(*this, now + interval());
        }
    }

    // The server allows one and a half keep-alives of silence; a PING after three quarters leaves room for a late
    // timer.
    Nanos interval() const { return Nanos{std::chrono::seconds{seconds_}} * 3 / 4; }

    Instant last_written_{};
    std::uint16_t seconds_ = 0;
    enum class Ping : std::uint8_t { none, awaited } ping_ = Ping::none;
};

}  // namespace portillon::drivers::mqtt
