#pragma once

// For tests: a listener of the simplest possible protocol.

#include <memory>
#include <utility>

#include "server/connection_table.h"
#include "server/listener.h"

namespace portillon::server {

// Treats each piece that a connection receives as one batch, and answers with one letter: y, n or m.
class PieceListener final : public Listener, private Answers {
public:
    explicit PieceListener(const ListenerContext& context) : context_(context) {}

    void accepted(std::unique_ptr<net::Transport> transport) override {
        auto& connection = connections_.add(*this, std::move(transport));
        connection.transport->start(connection);
    }
    void dismiss(Parting) override { connections_.clear(); }
    void stop() override { connections_.clear(); }
    std::size_t connections() const override { return connections_.size(); }

private:
    struct Connection final : net::Transport::Reader {
        Connection(PieceListener& owner, std::unique_ptr<net::Transport> connected, const Ticket& its_ticket)
            : listener(owner), transport(std::move(connected)), ticket(its_ticket) {}
        void received(std::span<const std::byte> bytes) override {
            listener.context_.ingest.arrived(bytes, listener, ticket);
        }
        void ended(const error_code&) override { listener.connections_.remove(ticket.connection); }

        PieceListener& listener;
        std::unique_ptr<net::Transport> transport;
        Ticket ticket;
    };

    void decided(const Ticket& ticket, const Decision& decision) override {
        const auto letter = static_cast<std::byte>("ymn"[static_cast<int>(decision.disposition)]);
        if (Connection* const connection = connections_.find(ticket)) {
            connection->transport->write({&letter, 1});
        }
    }

    ListenerContext context_;
    ConnectionTable<Connection> connections_;
};

inline ListenerKind piece_listener_kind() {
    return {"pieces", [](const ListenerContext& context) -> std::unique_ptr<Listener> {
                return std::make_unique<PieceListener>(context);
            }};
}

}  // namespace portillon::server
