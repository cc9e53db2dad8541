#pragma once

// The MQTT connections of one shard, and the sessions behind them. Each connection keeps to the limits by itself; what
// breaks them, or the protocol, closes that connection alone and is counted.

#include <memory>
#include <string>

#include "mqtt/server_connection.h"
#include "server/connection_table.h"
#include "server/listener.h"
#include "server/listeners/mqtt/sessions.h"

namespace portillon::server::mqtt {

class Listener final : public server::Listener, private Answers {
public:
    explicit Listener(const ListenerContext& context);
    ~Listener() override;

    void accepted(std::unique_ptr<net::Transport> transport) override;
    void adopted(std::unique_ptr<net::Transport> transport, std::span<const std::byte> read) override;
    void dismiss(Parting parting) override;
    void stop() override;
    std::size_t connections() const override { return connections_.size(); }

private:
    friend class Connection;

    Connection* take(std::unique_ptr<net::Transport> transport);
    void decided(const Ticket& ticket, const Decision& decision) override;
    void decided(Session& session, std::uint16_t packet_id, const Decision& decision);

    // Whether connections of this client belong into another shard, and if so its key.
    std::optional<std::uint64_t> belongs_elsewhere(std::string_view client_id) const;
    std::string make_client_id();

    net::Loop& loop_;
    Ingest& ingest_;
    const Limits& limits_;
    Figures& figures_;
    Steering* steering_;
    Sessions sessions_;
    portillon::mqtt::ServerContext context_;
    ConnectionTable<Connection> connections_;  // gone before the sessions, to which connections give theirs back
    std::uint64_t made_client_ids_ = 0;
    enum class State : std::uint8_t { serving, stopping } state_ = State::serving;
};

}  // namespace portillon::server::mqtt
