#include "server/listeners/mqtt/listener.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "base/random.h"
#include "server/listeners/mqtt/connection.h"

namespace portillon::server::mqtt {

Listener::Listener(const ListenerContext& context)
    : loop_(context.loop),
      ingest_(context.ingest),
      limits_(context.limits),
      figures_(context.figures),
      steering_(context.steering),
      sessions_(context.loop, context.figures),
      context_(limits_.packet_bytes, limits_.streams, limits_.idle, Sessions::most_expiry_seconds) {}

Listener::~Listener() = default;

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
    return &connections_.add(*this, std::move(transport));
}

void Listener::dismiss(Parting parting) {
    connections_.for_each(
        [parting](Connection& each) { parting == Parting::with_goodbye ? each.stop() : each.fall_silent(); });
}

void Listener::stop() {
    state_ = State::stopping;
    connections_.for_each([](Connection& each) { each.stop(); });
}

// At QoS 2 the session asked, which may be another connection's by now, or nobody's; else a connection.
void Listener::decided(const Ticket& ticket, const Decision& decision) {
    if ((ticket.exchange & Connection::asked_by_session) != 0 && ticket.exchange != Connection::no_answer) {
        if (Session* const session = sessions_.find(ticket.connection, ticket.generation)) {
            decided(*session, static_cast<std::uint16_t>(ticket.exchange), decision);
        }
        return;
    }
    if (Connection* const connection = connections_.find(ticket)) {
        connection->decided(ticket.exchange, decision.disposition);
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

}  // namespace portillon::server::mqtt
