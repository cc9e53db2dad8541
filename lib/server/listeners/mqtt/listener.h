#pragma once

// The MQTT connections of one shard, and the sessions behind them. Each connection keeps to the limits by itself; what
// breaks them, or the protocol, closes that connection alone and is counted.

#include <memory>
#include <string>
#include <vector>

#include "server/listener.h"
#include "server/listeners/mqtt/sessions.h"
#include "wire/mqtt/packet.h"

namespace portillon::server::mqtt {

class Listener final : public server::Listener, private Answers {
public:
    explicit Listener(const ListenerContext& context);
    ~Listener() override;

    void accepted(std::unique_ptr<net::Transport> transport) override;
    void adopted(std::unique_ptr<net::Transport> transport, std::span<const std::byte> read) override;
    void dismiss(Parting parting) override;
    void stop() override;
    std::size_t connections() const override { return places_.size() - free_places_.size(); }

private:
    friend class Connection;

    // What a connection has to say, one packet after the other; shared by all.
    struct Outbox {
        std::vector<std::byte> bytes;
        std::size_t used = 0;
        std::span<std::byte> room(std::size_t size);  // after what is used
    };

    Connection* take(std::unique_ptr<net::Transport> transport);
    void decided(const Ticket& ticket, const Decision& decision) override;
    void decided(Session& session, std::uint16_t packet_id, const Decision& decision);
    void remove(std::uint32_t place);

    // Whether connections of this client belong into another shard, and if so its key.
    std::optional<std::uint64_t> belongs_elsewhere(std::string_view client_id) const;
    std::string make_client_id();
    std::uint32_t receive_maximum() const;

    struct Place {
        std::unique_ptr<Connection> connection;
        std::uint32_t generation = 0;  // of its present or next connection
    };

    net::Loop& loop_;
    Ingest& ingest_;
    const Limits& limits_;
    Figures& figures_;
    Steering* steering_;
    Sessions sessions_;
    std::vector<Place> places_;
    std::vector<std::uint32_t> free_places_;
    std::uint64_t made_client_ids_ = 0;
    portillon::mqtt::PropertyList connack_properties_;
    portillon::mqtt::Subscribe subscribe_;
    std::vector<std::byte> reasons_;
    Outbox out_;
    enum class State : std::uint8_t { serving, stopping } state_ = State::serving;
};

}  // namespace portillon::server::mqtt
