#pragma once

// The listener of a protocol whose messages are requests on HTTP/2 connections. Each connection enforces the limits by
// itself: breaking them, or the protocol, closes that connection alone and is counted.

#include <memory>
#include <vector>

#include "base/pool.h"
#include "server/connection_table.h"
#include "server/listener.h"
#include "server/listeners/over_http2/connection.h"
#include "server/listeners/over_http2/dialect.h"
#include "server/listeners/over_http2/request.h"

namespace portillon::server::listeners::over_http2 {

class Listener final : public server::Listener, private Answers {
public:
    Listener(const ListenerContext& context, std::unique_ptr<Dialect> dialect);
    ~Listener() override;

    void accepted(std::unique_ptr<net::Transport> transport) override;
    void dismiss(Parting parting) override;
    void stop() override;
    std::size_t connections() const override { return connections_.size(); }

private:
    friend class Connection;
    void decided(const Ticket& ticket, const Decision& decision) override;

    net::Loop& loop_;
    Ingest& ingest_;
    const Limits& limits_;
    Figures& figures_;
    std::unique_ptr<Dialect> dialect_;
    ConnectionTable<Connection> connections_;
    Pool<Request> requests_;
    Pool<RequestHead> heads_;
    std::vector<std::byte> out_;  // scratch space for one connection's outgoing bytes
    enum class State : std::uint8_t { serving, stopping } state_ = State::serving;
};

}  // namespace portillon::server::listeners::over_http2
