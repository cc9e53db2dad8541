#pragma once

// Brings the session of a client that connects here to this shard, whichever shard of the server had it. Connections do
// not move: the session's state does.
//
// Each client identifier has a home, a shard that knows which shard holds its session (session_directory.h). A shard
// that receives a CONNECT claims the session from the home; the home has the present holder close its connection (0x8E,
// session taken over) and give the session up, and passes it on; then the client gets its CONNACK. Every step has a
// deadline, so that a client is answered, with a new session, though a shard dies or hangs meanwhile.
//
// When a shard dies or comes back, other shards become the homes of some identifiers: each shard tells the new homes
// which sessions it holds. A client that changes shards at that very moment may be given a new session. The sessions of
// a dead shard are lost.

#include <deque>
#include <string>
#include <unordered_map>

#include "net/loop.h"
#include "server/listener.h"
#include "server/listeners/mqtt/session_directory.h"
#include "server/listeners/mqtt/sessions.h"

namespace portillon::server::listeners::mqtt {

class SessionExchange final : private Alarm {
public:
    // Counted from the claim. Longer than a home waits for a holder.
    static constexpr Nanos claim_patience = 2s;

    class Owner {
    public:
        // The session, if there is one, is in Sessions now; otherwise a new one is to be made.
        virtual void granted(const std::string& client_id, Sessions::Start start, const Ticket& by) = 0;
        // Another connection of this shard has claimed the same session while this one waited.
        virtual void superseded(const Ticket& by) = 0;
        virtual void decided(Session& session, std::uint16_t packet_id, Disposition disposition) = 0;

    protected:
        ~Owner() = default;
    };

    // `siblings`: nullptr if there is no other shard, so that every session is here.
    SessionExchange(net::Loop& loop, Sessions& sessions, Siblings* siblings, Owner& owner);

    // Ends in granted() or superseded(), perhaps before this returns.
    void claim(std::string_view client_id, Sessions::Start start, const Ticket& by);

    void heard(unsigned from, std::span<const std::byte> message);
    void shard_changed(unsigned shard);

    void ended(const Session& session);
    void decided(const Sessions::TakenOut& session, std::uint16_t packet_id, Disposition disposition);

    unsigned home_of(std::string_view client_id) const;
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiting {
        std::uint64_t request = 0;
        Ticket by;
        Instant until{};
        unsigned asked = 0;
        Sessions::Start start{};
    };
    struct Deadline {
        Instant at{};
        std::string client_id;
    };

    void ring(Instant now) override;
    void watch();
    bool send(unsigned to, const ShardMessage& message);
    void hear(unsigned from, const ShardMessage& message);
    void ask(const std::string& client_id);
    void take_grant(unsigned from, const ShardMessage& message);
    void take_anew(const std::string& client_id);
    void drop(const std::string& client_id);

    net::Loop& loop_;
    Sessions& sessions_;
    Siblings* siblings_;
    Owner& owner_;
    SessionDirectory directory_;
    std::unordered_map<std::string, Waiting> waiting_;
    std::deque<Deadline> deadlines_;  // in order; of claims that may have been granted
    std::uint64_t requests_;
    std::vector<std::byte> message_;
};

}  // namespace portillon::server::listeners::mqtt
