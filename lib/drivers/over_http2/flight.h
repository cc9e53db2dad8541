#pragma once

// A batch that a session was offered, until it is settled. The sessions of one driver share a pool, so that an idle
// session costs nothing for what it might have in flight.

#include <cstdint>
#include <deque>
#include <utility>

#include "driver/driver.h"

namespace portillon::over_http2 {

struct Flight {
    driver::Batch batch;
    driver::Outcome outcome;
    Instant offered{};
    Flight* older = nullptr;  // of its session's, in flight or settled
    Flight* newer = nullptr;
    enum class State : std::uint8_t { waiting, sent } state = State::waiting;
};

// In the order in which they came; does not own.
class FlightList {
public:
    bool empty() const { return oldest_ == nullptr; }
    Flight* oldest() const { return oldest_; }

    void add(Flight& flight) {
        flight.newer = nullptr;
        flight.older = newest_;
        (newest_ == nullptr ? oldest_ : newest_->newer) = &flight;
        newest_ = &flight;
    }

    void remove(Flight& flight) {
        (flight.older == nullptr ? oldest_ : flight.older->newer) = flight.newer;
        (flight.newer == nullptr ? newest_ : flight.newer->older) = flight.older;
    }

private:
    Flight* oldest_ = nullptr;
    Flight* newest_ = nullptr;
};

// Grows to the most that were in flight at once, and allocates nothing after that.
template <class Kind>
class Pool {
public:
    Kind& take() {
        if (free_ == nullptr) {
            return all_.emplace_back();
        }
        return *static_cast<Kind*>(std::exchange(free_, free_->newer));
    }
    void give_back(Kind& flight) { flight.newer = std::exchange(free_, &flight); }

private:
    std::deque<Kind> all_;
    Flight* free_ = nullptr;
};

}  // namespace portillon::over_http2
