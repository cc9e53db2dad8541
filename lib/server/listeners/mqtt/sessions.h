#pragma once

// The sessions of one listener, by client identifier: those whose client is connected, and those kept until it is back.
//
// What is kept for clients that are away is bounded: by time (most_expiry), by number and by bytes. Beyond, the session
// that would expire first is dropped; its client is told so when it comes back (session present 0).

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "mqtt/server_connection.h"
#include "net/loop.h"
#include "server/figures.h"
#include "server/listeners/mqtt/session.h"

namespace portillon::server::mqtt {

class Sessions final : private Alarm {
public:
    static constexpr std::uint32_t most_expiry_seconds = 3'600;  // longer than any outage that a fleet is tested with
    static constexpr std::size_t most_away = 100'000;            // two fleets of 50,000 on one shard
    static constexpr std::size_t most_away_bytes = 64 << 20;

    Sessions(net::Loop& loop, Figures& figures) : loop_(loop), figures_(figures) {}

    using Present = portillon::mqtt::ServerConnection::Present;
    using Start = portillon::mqtt::ServerConnection::Claim::Start;

    struct Claim {
        Session& session;
        Connection* before = nullptr;  // that had it: to be taken over
        Present present = Present::no;
    };
    // Gives the session of that name to `connection`. `clean`: whatever was kept is forgotten.
    Claim claim(const std::string& client_id, Start start, Connection& connection);

    // The connection that had it is gone, or no longer speaks for it; its will is left, or settled already. A will with
    // a delay is due when that has passed or the session ends, and is withdrawn if the client resumes the session
    // before (5.0, 3.1.3.2.2). What is due is counted.
    enum class Will : std::uint8_t { settled, left };
    void release(Session& session, Will will = Will::settled);
    void count_will() { figures_.refused.add("will"); }

    // By the place of a ticket; nullptr if it has ended since.
    Session* find(std::uint32_t place, std::uint32_t generation);
    std::uint32_t generation(const Session& session) const { return places_[session.place].generation; }

    std::size_t away() const { return away_.size(); }

private:
    struct Place {
        Session* session = nullptr;
        std::uint32_t generation = 0;
    };
    using ById = std::unordered_map<std::string, Session>;

    void ring(Instant now) override;
    void renew(Session& session);
    void leave_place(Session& session);
    void come_back(Session& session);
    void withdraw_will(Session& session);
    void watch();
    void end(Session& session);
    static std::size_t bytes_of(const Session& session);

    net::Loop& loop_;
    Figures& figures_;
    ById by_id_;
    std::vector<Place> places_;
    std::vector<std::uint32_t> free_places_;
    std::multimap<Instant, Session*> away_;         // by when they expire
    std::set<std::pair<Instant, Session*>> wills_;  // that are not due yet
    std::size_t away_bytes_ = 0;
};

}  // namespace portillon::server::mqtt
