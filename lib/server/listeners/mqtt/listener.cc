#include "server/listeners/mqtt/listener.h"

#include <fmt/format.h>

#include <utility>

#include "base/random.h"
#include "server/listeners/mqtt/connection.h"

namespace portillon::server::listeners::mqtt {

Listener::Listener(const ListenerContext& context)
    : loop_(context.loop),
      ingest_(context.ingest),
      limits_(context.limits),
      figures_(context.figures),
      shard_(context.siblings == nullptr ? 0 : context.siblings->number()),
      sessions_(context.loop, context.figures, shard_, [this](const Session& session) { exchange_.ended(session); }),
      exchange_(context.loop, sessions_, context.siblings, *this),
      context_(limits_.packet_bytes, limits_.streams, limits_.idle, Sessions::most_expiry_seconds) {}

Listener::~Listener() = default;

void Listener::accepted(std::unique_ptr<net::Transport> transport) {
    if (state_ == State::stopping || connections() >= limits_.connections) {
        figures_.closed.add(state_ == State::stopping ? "stopping" : "too_many_connections");
        transport->reset();
        return;
    }
    connections_.add(*this, std::move(transport));
}

void Listener::dismiss(Parting parting) {
    connections_.for_each(
        [parting](Connection& each) { parting == Parting::with_goodbye ? each.stop() : each.close_abruptly(); });
}

void Listener::stop() {
    state_ = State::stopping;
    connections_.for_each([](Connection& each) { each.stop(); });
}

// At QoS 2 the ticket names a session, which another connection or another shard may have by now, or which may have
// ended; otherwise it names a connection.
void Listener::decided(const Ticket& ticket, const Decision& decision) {
    if ((ticket.exchange & Connection::asked_by_session) != 0 && ticket.exchange != Connection::no_answer) {
        const auto packet_id = static_cast<std::uint16_t>(ticket.exchange);
        if (Session* const session = sessions_.find(ticket.connection, ticket.generation)) {
            decided(*session, packet_id, decision.disposition);
        } else if (const auto taken = sessions_.decided_elsewhere(ticket.connection, ticket.generation)) {
            exchange_.decided(*taken, packet_id, decision.disposition);
        }
        return;
    }
    if (Connection* const connection = connections_.find(ticket)) {
        connection->decided(ticket.exchange, decision.disposition);
    }
}

// A connection that has gone while it waited leaves the sessions as they are.
void Listener::granted(const std::string& client_id, Sessions::Start start, const Ticket& by) {
    if (Connection* const connection = connections_.find(by); connection != nullptr && connection->is_claiming()) {
        const auto claim = sessions_.claim(client_id, start, *connection);
        claim.session.home = static_cast<std::uint16_t>(exchange_.home_of(client_id));
        connection->welcome(claim);
    }
}

void Listener::superseded(const Ticket& by) {
    if (Connection* const connection = connections_.find(by)) {
        connection->be_superseded();
    }
}

void Listener::decided(Session& session, std::uint16_t packet_id, Disposition disposition) {
    Session::Received* const message = session.find(packet_id);
    if (message == nullptr || message->state != Session::Received::State::undecided) {
        return;
    }
    const std::uint64_t number = std::exchange(message->number, Session::nobody_waits);
    // A PUBREC of 3.1.1 cannot refuse a message, so a malformed one is finished with, too.
    const bool finished = disposition == Disposition::accepted || disposition == Disposition::muted ||
                          (disposition == Disposition::malformed && session.version == wire::mqtt::Version::v3_1_1);
    if (finished) {
        message->state = Session::Received::State::taken;
    } else {
        session.forget(*message);
    }
    if (session.connection != nullptr && number != Session::nobody_waits) {
        session.connection->decided(number, disposition);
    }
    if (session.undecided == Session::Undecided::elsewhere) {
        Sessions::note_undecided(session);
        if (session.connection != nullptr && session.undecided == Session::Undecided::here) {
            session.connection->go_on();
        }
    }
}

std::string Listener::make_client_id() {
    const auto started = static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
    return fmt::format("portillon{:016x}", scatter(scatter(started, shard_), ++made_client_ids_));
}

}  // namespace portillon::server::listeners::mqtt
