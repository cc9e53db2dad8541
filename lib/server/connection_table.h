#pragma once

// The connections of one listener. Each has a place, which is reused after the connection has gone, and the place's
// generation, which changes each time: a late answer for a connection that has gone does not reach its successor. Place
// and generation form the Ticket under which the connection hands messages to ingest.

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "server/ingest.h"

namespace portillon::server {

// Owns its connections, and destroys them with itself.
template <class Connection>
class ConnectionTable {
public:
    std::size_t size() const { return places_.size() - free_.size(); }

    // Makes a Connection(arguments..., ticket); the ticket's exchange is 0.
    template <class... Arguments>
    Connection& add(Arguments&&... arguments) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(places_.size()));
            places_.emplace_back();
        }
        const std::uint32_t number = free_.back();
        const Ticket ticket{number, places_[number].generation, 0};
        auto connection = std::make_unique<Connection>(std::forward<Arguments>(arguments)..., ticket);
        free_.pop_back();
        places_[number].connection = std::move(connection);
        return *places_[number].connection;
    }

    // The connection with this ticket; nullptr if it has gone, even if another one has its place now.
    Connection* find(const Ticket& ticket) const {
        check(ticket.connection < places_.size(), "a ticket that was never given");
        const Place& place = places_[ticket.connection];
        return place.generation == ticket.generation ? place.connection.get() : nullptr;
    }

    // Destroys the connection at this place; the connection itself may call this.
    void remove(std::uint32_t number) {
        Place& place = places_[number];
        check(place.connection != nullptr, "a connection is removed once");
        const auto gone = std::move(place.connection);  // destroyed last: its destructor may use the table
        ++place.generation;
        free_.push_back(number);
    }

    // Destroys all connections. Their tickets find nothing, as after remove().
    void clear() {
        for (std::uint32_t number = 0; number < places_.size(); ++number) {
            if (places_[number].connection) {
                remove(number);
            }
        }
    }

    // `each` may remove the connection that it is given, and no other; it must not add one.
    template <std::invocable<Connection&> Each>
    void for_each(Each each) {
        for (Place& place : places_) {
            if (place.connection) {
                each(*place.connection);
            }
        }
    }

private:
    struct Place {
        std::unique_ptr<Connection> connection;
        std::uint32_t generation = 0;  // of its present or next connection
    };

    std::vector<Place> places_;
    std::vector<std::uint32_t> free_;
};

}  // namespace portillon::server
