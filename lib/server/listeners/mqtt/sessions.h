#pragma once

// The sessions of one listener, by client identifier: those whose client is connected, and those kept until it is back.
//
// Sessions kept for clients that are away are bounded by time (most_expiry_seconds), number and bytes. Beyond, the
// session that would expire first is dropped; its client is told so when it comes back (session present 0).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mqtt/server_connection.h"
#include "net/loop.h"
#include "server/figures.h"
#include "server/listeners/mqtt/carried_session.h"
#include "server/listeners/mqtt/session.h"

namespace portillon::server::listeners::mqtt {

class Sessions final : private Alarm {
public:
    static constexpr std::uint32_t most_expiry_seconds = 3'600;  // longer than any outage that a fleet is tested with
    static constexpr std::size_t most_away = 100'000;            // two fleets of 50,000 on one shard
    static constexpr std::size_t most_away_bytes = 64 << 20;

    // Called for every session that ends and is not taken out.
    using Ended = std::function<void(const Session&)>;

    Sessions(net::Loop& loop, Figures& figures, unsigned shard = 0, Ended ended = {});

    using Present = portillon::mqtt::ServerConnection::Present;
    using Start = portillon::mqtt::ServerConnection::Claim::Start;

    struct Claim {
        Session& session;
        Connection* before = nullptr;  // the connection that had it and is to lose it
        Present present = Present::no;
    };
    // Gives the session of that client identifier to `connection`. Start::clean: the old session is forgotten.
    Claim claim(const std::string& client_id, Start start, Connection& connection);

    // The session's connection has gone, or no longer speaks for it. Will::left hands the connection's will to the
    // session: a will with a delay is due when the delay has passed or the session ends, and is withdrawn if the client
    // resumes the session before (5.0, 3.1.3.2.2). A will that is due is counted. Will::settled: no will is left.
    enum class Will : std::uint8_t { settled, left };
    void release(Session& session, Will will = Will::settled);
    void count_will() { figures_.refused.add("will"); }

    // Takes the session out of here so that another shard can bring it in; nothing if there is none or it has ended.
    // Its connection, if any, is closed before, and the state which that leaves goes along. What ingest here has yet to
    // decide about its messages is reported by decided_elsewhere() from now on.
    std::optional<CarriedSession> take_out(const std::string& client_id);
    // Adds the session as that of a client that is away. Requires that there is none with this identifier; afterwards
    // there still may be none, if too many clients are away.
    void bring_in(const std::string& client_id, CarriedSession carried);
    static void note_undecided(Session& session);  // after a decision: whether it still awaits one from elsewhere
    bool has(const std::string& client_id) const { return by_id_.contains(client_id); }
    Session* find(const std::string& client_id);

    // The session to which a ticket's decision belongs, if it was taken out before. Call once per decision.
    struct TakenOut {
        std::string client_id;
        std::uint64_t number = 0;
    };
    std::optional<TakenOut> decided_elsewhere(std::uint32_t place, std::uint32_t generation);

    template <class Each>
    void for_each(Each each) {
        for (auto& [id, session] : by_id_) {
            each(session);
        }
    }

    // By the place of a ticket; nullptr if the session has ended since.
    Session* find(std::uint32_t place, std::uint32_t generation);
    std::uint32_t generation(const Session& session) const { return places_[session.place].generation; }

    std::size_t away() const { return away_.size(); }

private:
    struct Place {
        Session* session = nullptr;
        std::uint32_t generation = 0;
    };
    struct Left {  // behind by a session that was taken out
        TakenOut session;
        std::uint32_t undecided = 0;  // of its messages
    };
    // Unlike std::hash<std::string>, it makes the map keep no hash beside each session: identifiers are short, and
    // looked up once per connection.
    struct Hash {
        std::size_t operator()(const std::string& client_id) const noexcept {
            return std::hash<std::string_view>()(client_id);
        }
    };
    using ById = std::unordered_map<std::string, Session, Hash>;

    void ring(Instant now) override;
    void renew(Session& session);
    void leave_place(std::uint32_t place);
    void keep_away(Session& session, Nanos expires_in);
    void come_back(Session& session);
    void withdraw_will(Session& session);
    void watch();
    void end(Session& session);
    static std::size_t bytes_of(const Session& session);

    net::Loop& loop_;
    Figures& figures_;
    Ended ended_;
    std::uint16_t shard_;
    std::uint64_t salt_;
    std::uint64_t numbers_ = 0;
    ById by_id_;
    std::vector<Place> places_;
    std::vector<std::uint32_t> free_places_;
    std::unordered_map<std::uint32_t, Left> left_;  // by place
    std::multimap<Instant, Session*> away_;         // by when they expire
    std::set<std::pair<Instant, Session*>> wills_;  // that are not due yet
    std::size_t away_bytes_ = 0;
};

}  // namespace portillon::server::listeners::mqtt
