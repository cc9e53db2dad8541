#pragma once

// The MQTT connections of one shard, and the sessions behind them. Each connection enforces the limits by itself:
// breaking them, or the protocol, closes that connection alone and is counted.

#include <memory>
#include <string>

#include "mqtt/server_connection.h"
#include "server/connection_table.h"
#include "server/listener.h"
#include "server/listeners/mqtt/session_exchange.h"

namespace portillon::server::listeners::mqtt {

class Listener final : public server::Listener, private Answers, private SessionExchange::Owner {
public:
    explicit Listener(const ListenerContext& context);
    ~Listener() override;

    void accepted(std::unique_ptr<net::Transport> transport) override;
    void heard(unsigned from, std::span<const std::byte> message) override { exchange_.heard(from, message); }
    void shard_changed(unsigned shard) override { exchange_.shard_changed(shard); }
    void dismiss(Parting parting) override;
    void stop() override;
    std::size_t connections() const override { return connections_.size(); }

private:
    friend class Connection;

    void decided(const Ticket& ticket, const Decision& decision) override;
    void granted(const std::string& client_id, Sessions::Start start, const Ticket& by) override;
    void superseded(const Ticket& by) override;
    void decided(Session& session, std::uint16_t packet_id, Disposition disposition) override;

    std::string make_client_id();

    net::Loop& loop_;
    Ingest& ingest_;
    const Limits& limits_;
    Figures& figures_;
    const unsigned shard_;
    Sessions sessions_;
    SessionExchange exchange_;
    portillon::mqtt::ServerContext context_;
    ConnectionTable<Connection> connections_;  // destroyed before the sessions, to which connections release theirs
    std::uint64_t made_client_ids_ = 0;
    enum class State : std::uint8_t { serving, stopping } state_ = State::serving;
};

}  // namespace portillon::server::listeners::mqtt
