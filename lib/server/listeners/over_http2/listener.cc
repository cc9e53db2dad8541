#include "server/listeners/over_http2/listener.h"

#include <utility>

namespace portillon::server::listeners::over_http2 {

Listener::Listener(const ListenerContext& context, std::unique_ptr<Dialect> dialect)
    : loop_(context.loop),
      ingest_(context.ingest),
      limits_(context.limits),
      figures_(context.figures),
      dialect_(std::move(dialect)) {}

Listener::~Listener() {
    connections_.clear();  // they return their requests to the pools
}

void Listener::accepted(std::unique_ptr<net::Transport> transport) {
    if (state_ == State::stopping || connections() >= limits_.connections) {
        figures_.closed.add(state_ == State::stopping ? "stopping" : "too_many_connections");
        transport->reset();
        return;
    }
    connections_.add(*this, std::move(transport));
}

void Listener::dismiss(Parting parting) {
    connections_.for_each([parting](Connection& connection) {
        parting == Parting::with_goodbye ? connection.stop() : connection.close_abruptly();
    });
}

void Listener::stop() {
    state_ = State::stopping;
    connections_.for_each([](Connection& connection) { connection.stop(); });
}

void Listener::decided(const Ticket& ticket, const Decision& decision) {
    if (Connection* const connection = connections_.find(ticket)) {
        connection->decided(ticket, decision);
    }
}

}  // namespace portillon::server::listeners::over_http2
