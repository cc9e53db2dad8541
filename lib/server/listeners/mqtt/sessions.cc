#include "server/listeners/mqtt/sessions.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "server/listeners/mqtt/connection.h"

namespace portillon::server::listeners::mqtt {

using portillon::mqtt::SessionState;

Sessions::Sessions(net::Loop& loop, Figures& figures, unsigned shard, Ended ended)
    : loop_(loop),
      figures_(figures),
      ended_(std::move(ended)),
      shard_(static_cast<std::uint16_t>(shard)),
      salt_(scatter(static_cast<std::uint64_t>(loop.now().time_since_epoch().count()), shard)) {}

// Finds the session or makes it. A clean start begins a new state in a new place, so that decisions about old messages
// find nothing. A will that waits is withdrawn; it is counted if the session ends here (5.0, 3.1.3.2.2).
Sessions::Claim Sessions::claim(const std::string& client_id, Start start, Connection& connection) {
    const auto [entry, is_new] = by_id_.try_emplace(client_id);
    Session& session = entry->second;
    if (is_new) {
        session.client_id = &entry->first;
        renew(session);
    } else if (session.connection == nullptr) {
        come_back(session);
    }
    Claim claim{session, std::exchange(session.connection, &connection)};
    if (is_new || (claim.before != nullptr && session.expiry_seconds == 0)) {
        start = Start::clean;  // a session that ends with its connection is not kept for the next one
    }
    if (session.will_due != never) {
        withdraw_will(session);
        if (start == Start::clean) {
            count_will();
        }
    }
    if (start == Start::clean && !is_new) {
        leave_place(session.place);
        renew(session);
        session.received = {};
        session.undecided = Session::Undecided::here;
    }
    if (start == Start::resume) {
        claim.present = Present::yes;
        for (auto& each : session.received) {
            each.number = Session::nobody_waits;
        }
    }
    return claim;
}

void Sessions::release(Session& session, Will will) {
    session.connection = nullptr;
    const bool delayed = session.will_delay_seconds > 0 && session.expiry_seconds > 0;
    if (will == Will::left && delayed) {
        const auto delay = std::min(session.will_delay_seconds, session.expiry_seconds);
        session.will_due = loop_.now() + std::chrono::seconds{delay};
        wills_.emplace(session.will_due, &session);
    } else if (will == Will::left) {
        count_will();
    }
    if (session.expiry_seconds == 0) {
        end(session);
        return;
    }
    for (auto& each : session.received) {
        each.number = Session::nobody_waits;
    }
    session.received.shrink_to_fit();
    keep_away(session, std::chrono::seconds{session.expiry_seconds});
}

void Sessions::keep_away(Session& session, Nanos expires_in) {
    session.away = away_.emplace(loop_.now() + expires_in, &session);
    away_bytes_ += bytes_of(session);
    while (away_.size() > most_away || away_bytes_ > most_away_bytes) {
        figures_.refused.add("session_dropped");
        Session& first = *away_.begin()->second;
        come_back(first);
        end(first);
    }
    watch();
}

std::optional<CarriedSession> Sessions::take_out(const std::string& client_id) {
    if (Session* const there = find(client_id); there != nullptr && there->connection != nullptr) {
        there->connection->give_session_up();  // releases it
    }
    Session* const found = find(client_id);  // nullptr if it has ended with its connection
    if (found == nullptr) {
        return std::nullopt;
    }
    Session& session = *found;
    const Instant now = loop_.now();
    CarriedSession carried;
    carried.number = session.number;
    carried.expires_in = std::max(session.away->first - now, Nanos{0});
    if (session.will_due != never) {
        carried.will_due_in = std::max(session.will_due - now, Nanos{0});
        withdraw_will(session);
    }
    come_back(session);
    std::uint32_t undecided = 0;
    carried.state = std::move(static_cast<SessionState&>(session));
    // Decisions that ingest still owes here are marked with this shard's number: they will follow the session by way of
    // its home.
    for (auto& each : carried.state.received) {
        if (each.state == SessionState::Received::State::undecided && each.decider == SessionState::its_holder) {
            each.decider = shard_;
            ++undecided;
        }
    }
    if (undecided > 0) {
        places_[session.place].session = nullptr;
        left_[session.place] = {{client_id, carried.number}, undecided};
    } else {
        leave_place(session.place);
    }
    by_id_.erase(client_id);
    return carried;
}

void Sessions::bring_in(const std::string& client_id, CarriedSession carried) {
    const auto [entry, is_new] = by_id_.try_emplace(client_id);
    check(is_new, "a session of that name is here already");
    Session& session = entry->second;
    session.client_id = &entry->first;
    renew(session);
    static_cast<SessionState&>(session) = std::move(carried.state);
    session.number = carried.number;
    note_undecided(session);
    if (carried.will_due_in) {
        session.will_due = loop_.now() + *carried.will_due_in;
        wills_.emplace(session.will_due, &session);
    }
    keep_away(session, carried.expires_in);
}

void Sessions::note_undecided(Session& session) {
    const bool any = std::any_of(session.received.begin(), session.received.end(), [](const Session::Received& each) {
        return each.state == Session::Received::State::undecided && each.decider != Session::its_holder;
    });
    session.undecided = any ? Session::Undecided::elsewhere : Session::Undecided::here;
}

Session* Sessions::find(const std::string& client_id) {
    const auto found = by_id_.find(client_id);
    return found == by_id_.end() ? nullptr : &found->second;
}

std::optional<Sessions::TakenOut> Sessions::decided_elsewhere(std::uint32_t number, std::uint32_t generation) {
    const auto left = left_.find(number);
    if (left == left_.end() || places_[number].generation != generation) {
        return std::nullopt;
    }
    TakenOut taken_out = left->second.session;
    if (--left->second.undecided == 0) {
        left_.erase(left);
        leave_place(number);
    }
    return taken_out;
}

Session* Sessions::find(std::uint32_t place, std::uint32_t generation) {
    check(place < places_.size(), "a ticket that was never given");
    return places_[place].generation == generation ? places_[place].session : nullptr;
}

void Sessions::watch() {
    const Instant due = std::min(away_.empty() ? never : away_.begin()->first,  //
                                 wills_.empty() ? never : wills_.begin()->first);
    if (due != never && (!armed() || at() > due)) {
        loop_.timers().set(*this, due);
    }
}

void Sessions::ring(Instant now) {
    while (!wills_.empty() && wills_.begin()->first <= now) {
        withdraw_will(*wills_.begin()->second);
        count_will();
    }
    while (!away_.empty() && away_.begin()->first <= now) {
        Session& session = *away_.begin()->second;
        come_back(session);
        end(session);
    }
    watch();
}

void Sessions::withdraw_will(Session& session) {
    wills_.erase({session.will_due, &session});
    session.will_due = never;
}

// Gives the session a new place, so that decisions for its former state find nothing.
void Sessions::renew(Session& session) {
    if (free_places_.empty()) {
        free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
    }
    session.place = free_places_.back();
    free_places_.pop_back();
    places_[session.place].session = &session;
    session.number = scatter(salt_, ++numbers_);
}

void Sessions::leave_place(std::uint32_t place) {
    ++places_[place].generation;
    places_[place].session = nullptr;
    free_places_.push_back(place);
}

void Sessions::come_back(Session& session) {
    away_bytes_ -= bytes_of(session);
    away_.erase(session.away);
}

void Sessions::end(Session& session) {
    if (session.will_due != never) {
        withdraw_will(session);
        count_will();
    }
    if (ended_) {
        ended_(session);
    }
    leave_place(session.place);
    by_id_.erase(by_id_.find(*session.client_id));
}

// The nodes of three containers, the identifier and the received messages. The value does not change while the client
// is away: messages that are refused meanwhile leave the vector's capacity as it is.
std::size_t Sessions::bytes_of(const Session& session) {
    constexpr std::size_t nodes = sizeof(Session) + sizeof(std::string) + 128;
    return nodes + session.client_id->size() + session.received.capacity() * sizeof(Session::Received);
}

}  // namespace portillon::server::listeners::mqtt
