#include "server/listeners/mqtt/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "server/listeners/mqtt/connection.h"

namespace portillon::server::mqtt {

using portillon::mqtt::PropertyId;

Listener::Listener(const ListenerContext& context)
    : loop_(context.loop),
      ingest_(context.ingest),
      limits_(context.limits),
      figures_(context.figures),
      steering_(context.steering),
      sessions_(context.loop, context.figures) {
    connack_properties_.add(PropertyId::receive_maximum, receive_maximum())
        .add(PropertyId::maximum_packet_size, std::max<std::uint32_t>(limits_.packet_bytes, 1))
        .add(PropertyId::topic_alias_maximum, Connection::most_topic_aliases);
}

Listener::~Listener() {
    places_.clear();  // connections give their sessions back
}

void Listener::accepted(std::unique_ptr<net::Transport> transport) {
    take(std::move(transport));
}

void Listener::adopted(std::unique_ptr<net::Transport> transport, std::span<const std::byte> read) {
    if (Connection* const connection = take(std::move(transport))) {
        connection->adopt(read);
    }
}

// Nothing if there is no room for it.
Connection* Listener::take(std::unique_ptr<net::Transport> transport) {
    if (state_ == State::stopping || connections() >= limits_.connections) {
        figures_.closed.add(state_ == State::stopping ? "stopping" : "too_many_connections");
        transport->reset();
        return nullptr;
    }
    if (free_places_.empty()) {
        free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
    }
    const std::uint32_t place = free_places_.back();
    free_places_.pop_back();
    places_[place].connection =
        std::make_unique<Connection>(*this, std::move(transport), Ticket{place, places_[place].generation, 0});
    return places_[place].connection.get();
}

void Listener::dismiss(Parting parting) {
    for (Place& place : places_) {
        if (place.connection) {
            parting == Parting::with_goodbye ? place.connection->stop() : place.connection->fall_silent();
        }
    }
}

void Listener::stop() {
    state_ = State::stopping;
    for (Place& place : places_) {
        if (place.connection) {
            place.connection->stop();
        }
    }
}

// At QoS 2 the session asked, which may be another connection's by now, or nobody's; else a connection.
void Listener::decided(const Ticket& ticket, const Decision& decision) {
    if ((ticket.exchange & Connection::asked_by_session) != 0 && ticket.exchange != Connection::no_answer) {
        if (Session* const session = sessions_.find(ticket.connection, ticket.generation)) {
            decided(*session, static_cast<std::uint16_t>(ticket.exchange), decision);
        }
        return;
    }
    check(ticket.connection < places_.size(), "a ticket that was never given");
    Place& place = places_[ticket.connection];
    if (place.connection && place.generation == ticket.generation) {
        place.connection->decided(ticket.exchange, decision.disposition);
    }
}

void Listener::decided(Session& session, std::uint16_t packet_id, const Decision& decision) {
    Session::Received* const message = session.find(packet_id);
    if (message == nullptr || message->state != Session::Received::State::undecided) {
        return;
    }
    const auto disposition = decision.disposition;
    const std::uint64_t number = std::exchange(message->number, Session::nobody_waits);
    // 3.1.1 has no word for "no": what is malformed is finished with all the same.
    const bool finished =
        disposition == Disposition::accepted || disposition == Disposition::muted ||
        (disposition == Disposition::malformed && session.version == portillon::mqtt::Version::v3_1_1);
    if (finished) {
        message->state = Session::Received::State::taken;
    } else {
        session.forget(*message);
    }
    if (session.connection != nullptr && number != Session::nobody_waits) {
        session.connection->decided(number, disposition);
    }
}

void Listener::remove(std::uint32_t place) {
    ++places_[place].generation;
    free_places_.push_back(place);
    const auto gone = std::move(places_[place].connection);
}

std::optional<std::uint64_t> Listener::belongs_elsewhere(std::string_view client_id) const {
    if (steering_ == nullptr || client_id.empty()) {
        return std::nullopt;
    }
    const std::uint64_t key = std::hash<std::string_view>()(client_id);
    return steering_->is_here(key) ? std::nullopt : std::optional(key);
}

// One that belongs here: the client may come back with it.
std::string Listener::make_client_id() {
    const auto started = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
    std::string id;
    do {
        id = fmt::format("portillon{:016x}", scatter(started, ++made_client_ids_));
    } while (belongs_elsewhere(id));
    return id;
}

std::uint32_t Listener::receive_maximum() const {
    return std::clamp<std::uint32_t>(limits_.streams, 1, Connection::most_unreleased);
}

std::span<std::byte> Listener::Outbox::room(std::size_t size) {
    if (bytes.size() < used + size) {
        bytes.resize(std::max(2 * bytes.size(), used + size));
    }
    return std::span(bytes).subspan(used, size);
}

}  // namespace portillon::server::mqtt
