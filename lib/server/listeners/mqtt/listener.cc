#include "server/listeners/mqtt/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "server/listeners/mqtt/connection.h"

namespace portillon::server::mqtt {

using portillon::mqtt::PropertyId;

Listener::Listener(const ListenerContext& context)
    : loop_(context.loop), ingest_(context.ingest), limits_(context.limits), figures_(context.figures) {
    connack_properties_.add(PropertyId::receive_maximum, receive_maximum())
        .add(PropertyId::maximum_qos, 1)
        .add(PropertyId::retain_available, 0)
        .add(PropertyId::maximum_packet_size, std::max<std::uint32_t>(limits_.packet_bytes, 1))
        .add(PropertyId::wildcard_subscription_available, 0)
        .add(PropertyId::subscription_identifier_available, 0)
        .add(PropertyId::shared_subscription_available, 0);
}

Listener::~Listener() {
    places_.clear();  // connections give their identifiers back
}

void Listener::accepted(std::unique_ptr<net::Transport> transport) {
    if (state_ == State::stopping || connections() >= limits_.connections) {
        figures_.closed.add(state_ == State::stopping ? "stopping" : "too_many_connections");
        transport->reset();
        return;
    }
    if (free_places_.empty()) {
        free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
    }
    const std::uint32_t place = free_places_.back();
    free_places_.pop_back();
    places_[place].connection =
        std::make_unique<Connection>(*this, std::move(transport), Ticket{place, places_[place].generation, 0});
}

void Listener::stop() {
    state_ = State::stopping;
    for (Place& place : places_) {
        if (place.connection) {
            place.connection->stop();
        }
    }
}

void Listener::decided(const Ticket& ticket, const Decision& decision) {
    check(ticket.connection < places_.size(), "a ticket that was never given");
    Place& place = places_[ticket.connection];
    if (place.connection && place.generation == ticket.generation) {
        place.connection->decided(ticket.exchange, decision);
    }
}

void Listener::remove(std::uint32_t place) {
    ++places_[place].generation;
    free_places_.push_back(place);
    const auto gone = std::move(places_[place].connection);
}

const std::string* Listener::claim(std::string client_id, Connection& connection) {
    const auto [entry, is_new] = client_ids_.try_emplace(std::move(client_id), &connection);
    if (!is_new) {
        std::exchange(entry->second, &connection)->take_over();
    }
    return &entry->first;
}

void Listener::release(const std::string& client_id) {
    client_ids_.erase(client_ids_.find(client_id));
}

std::string Listener::make_client_id() {
    const auto started = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
    return fmt::format("portillon{:016x}", scatter(started, ++made_client_ids_));
}

std::uint32_t Listener::receive_maximum() const {
    return std::clamp<std::uint32_t>(limits_.streams, 1, 65'535);
}

}  // namespace portillon::server::mqtt
