#include "server/listeners/mqtt/sessions.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace portillon::server::mqtt {

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
        start = Start::clean;  // a session that ends with its connection is not there for the next one
    }
    if (session.will_due != never) {
        withdraw_will(session);
        if (start == Start::clean) {
            count_will();
        }
    }
    if (start == Start::clean && !is_new) {
        leave_place(session);
        renew(session);
        session.received = {};
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
    session.away = away_.emplace(loop_.now() + std::chrono::seconds{session.expiry_seconds}, &session);
    away_bytes_ += bytes_of(session);
    while (away_.size() > most_away || away_bytes_ > most_away_bytes) {
        figures_.refused.add("session_dropped");
        Session& first = *away_.begin()->second;
        come_back(first);
        end(first);
    }
    watch();
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

// A place of its own, so that decisions for what it was before go nowhere.
void Sessions::renew(Session& session) {
    if (free_places_.empty()) {
        free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
    }
    session.place = free_places_.back();
    free_places_.pop_back();
    places_[session.place].session = &session;
}

void Sessions::leave_place(Session& session) {
    ++places_[session.place].generation;
    places_[session.place].session = nullptr;
    free_places_.push_back(session.place);
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
    leave_place(session);
    by_id_.erase(by_id_.find(*session.client_id));
}

// Nodes of three containers, the identifier and what was received. The same as long as the client is away, but for
// what is refused meanwhile: its capacity stays.
std::size_t Sessions::bytes_of(const Session& session) {
    constexpr std::size_t nodes = sizeof(Session) + sizeof(std::string) + 128;
    return nodes + session.client_id->size() + session.received.capacity() * sizeof(Session::Received);
}

}  // namespace portillon::server::mqtt
