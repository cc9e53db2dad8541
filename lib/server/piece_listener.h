#pragma once

// For tests: the simplest protocol there is.

#include <list>
#include <memory>
#include <utility>

#include "server/listener.h"

namespace portillon::server {

// Takes each piece that a connection receives for one batch, and answers with one letter: y, n or m.
class PieceListener final : public Listener, private Answers {
public:
    explicit PieceListener(const ListenerContext& context) : context_(context) {}

    void accepted(std::unique_ptr<net::Transport> transport) override {
        auto& connection = connections_.emplace_back(*this, next_++, std::move(transport));
        connection.transport->start(connection);
    }
    void dismiss(Parting) override { connections_.clear(); }
    void stop() override { connections_.clear(); }
    std::size_t connections() const override { return connections_.size(); }

private:
    struct Connection final : net::Transport::Reader {
        Connection(PieceListener& owner, std::uint32_t id, std::unique_ptr<net::Transport> connected)
            : listener(owner), number(id), transport(std::move(connected)) {}
        void received(std::span<const std::byte> bytes) override {
            listener.context_.ingest.arrived(bytes, listener, {number, 0, 0});
        }
        void ended(const error_code&) override { listener.forget(number); }

        PieceListener& listener;
        std::uint32_t number;
        std::unique_ptr<net::Transport> transport;
    };

    void decided(const Ticket& ticket, const Decision& decision) override {
        const auto letter = static_cast<std::byte>("ymn"[static_cast<int>(decision.disposition)]);
        for (auto& each : connections_) {
            if (each.number == ticket.connection) {
                each.transport->write({&letter, 1});
            }
        }
    }
    void forget(std::uint32_t number) {
        connections_.remove_if([&](const Connection& each) { return each.number == number; });
    }

    ListenerContext context_;
    std::list<Connection> connections_;
    std::uint32_t next_ = 0;
};

inline ListenerKind piece_listener_kind() {
    return {"pieces", [](const ListenerContext& context) -> std::unique_ptr<Listener> {
                return std::make_unique<PieceListener>(context);
            }};
}

}  // namespace portillon::server
