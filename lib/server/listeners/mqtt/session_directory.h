#pragma once

// The directory of sessions that a shard keeps as the home of client identifiers: which shard holds the session of
// each. A session has one holder. A shard that claims it gets it after the holder has given it up; claims of one
// session are served one after the other, so that of two simultaneous connections one remains. Pure; time is an
// argument.
//
// Every session of the server has an entry at its home, so an entry is small: the 64-bit hash of the client identifier
// and its holder. Of two clients whose identifiers have the same hash, one that connects may not get its old session.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/units.h"
#include "server/listeners/mqtt/shard_message.h"

namespace portillon::server::listeners::mqtt {

class SessionDirectory {
public:
    // A holder that does not answer for this long has lost the session.
    static constexpr Nanos give_patience = 1s;

    // The hash of a client identifier: its home is found by it, and its entry there.
    static std::uint64_t key_of(std::string_view client_id) { return std::hash<std::string_view>()(client_id); }

    // Returns false if the message is lost for certain. May call back into the directory.
    using Send = std::function<bool(unsigned to, const ShardMessage& message)>;
    explicit SessionDirectory(Send send) : send_(std::move(send)) {}

    void claim(unsigned from, const std::string& client_id, std::uint64_t request, Instant now);
    void given(unsigned from, const std::string& client_id, std::optional<CarriedSession> session, Instant now);
    void ended(unsigned from, const std::string& client_id);
    void holding(unsigned from, const std::string& client_id);
    void took(unsigned from, const std::string& client_id);
    void decided(const std::string& client_id, const ShardMessage& message);

    // That shard has lost everything. `is_here`: whether this shard is still the home of the identifiers with a key.
    using IsHere = std::function<bool(std::uint64_t key)>;
    void shard_changed(unsigned shard, const IsHere& is_here, Instant now);

    // The instant at which give_up_waiting() is to be called next.
    Instant next() const { return deadlines_.empty() ? never : deadlines_.front().at; }
    void give_up_waiting(Instant now);

    std::size_t size() const { return holders_.size(); }

private:
    struct Asker {
        unsigned shard = 0;
        std::uint64_t request = 0;
    };
    struct Decision {
        std::uint64_t session_number = 0;
        std::uint16_t packet_id = 0;
        Disposition disposition{};
    };
    struct Move {  // while the holder is asked to give the session up
        unsigned holder = 0;
        std::deque<Asker> askers;         // at most one of each shard; empty if none wants the session any more
        std::vector<Decision> decisions;  // they follow the session to its next holder
        Instant until{};
    };
    struct Deadline {
        Instant at{};
        std::string client_id;
    };

    std::optional<unsigned> holder_of(std::string_view client_id) const;
    void set_holder(std::string_view client_id, unsigned shard);
    void ask_holder(const std::string& client_id, Instant now);

    Send send_;
    boost::unordered_flat_map<std::uint64_t, std::uint16_t> holders_;  // by key_of()
    std::unordered_map<std::string, Move> moves_;
    std::deque<Deadline> deadlines_;  // in order; of moves that may be over
};

}  // namespace portillon::server::listeners::mqtt
