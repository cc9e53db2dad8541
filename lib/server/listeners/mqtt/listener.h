#pragma once

// The MQTT connections of one shard. Each keeps to the limits by itself; what breaks them, or the protocol, closes that
// connection alone and is counted.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/listener.h"
#include "wire/mqtt/packet.h"

namespace portillon::server::mqtt {

class Connection;

class Listener final : public server::Listener, private Answers {
public:
    explicit Listener(const ListenerContext& context);
    ~Listener() override;

    void accepted(std::unique_ptr<net::Transport> transport) override;
    void stop() override;
    std::size_t connections() const override { return places_.size() - free_places_.size(); }

private:
    friend class Connection;
    using ClientIds = std::unordered_map<std::string, Connection*>;

    void decided(const Ticket& ticket, const Decision& decision) override;
    void remove(std::uint32_t place);

    // The connection that had this identifier before is taken over. Returns a copy that stays until release().
    const std::string* claim(std::string client_id, Connection& connection);
    void release(const std::string& client_id);
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
    std::vector<Place> places_;
    std::vector<std::uint32_t> free_places_;
    ClientIds client_ids_;
    std::uint64_t made_client_ids_ = 0;
    portillon::mqtt::PropertyList connack_properties_;
    portillon::mqtt::Subscribe subscribe_;
    std::vector<std::byte> reasons_;
    std::vector<std::byte> out_;  // one connection's packets on their way to its transport
    enum class State : std::uint8_t { serving, stopping } state_ = State::serving;
};

}  // namespace portillon::server::mqtt
