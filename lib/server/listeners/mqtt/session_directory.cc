#include "server/listeners/mqtt/session_directory.h"

#include <algorithm>
#include <utility>

#include "mqtt/server_connection.h"

namespace portillon::server::listeners::mqtt {

using Kind = ShardMessage::Kind;

// A message to this shard itself is handled inside send_(), and may change or end a move: no reference to one is used
// after a call of send_().

std::optional<unsigned> SessionDirectory::holder_of(std::string_view client_id) const {
    const auto found = holders_.find(key_of(client_id));
    return found == holders_.end() ? std::nullopt : std::optional<unsigned>(found->second);
}

void SessionDirectory::set_holder(std::string_view client_id, unsigned shard) {
    holders_[key_of(client_id)] = static_cast<std::uint16_t>(shard);
}

// If the session is moving already, the claim joins the queue of `askers`; a shard is in it once, with its newest
// request. A session that nobody holds, or that the claiming shard holds itself, is granted at once. Otherwise its
// holder is asked to give it up.
void SessionDirectory::claim(unsigned from, const std::string& client_id, std::uint64_t request, Instant now) {
    if (const auto move = moves_.find(client_id); move != moves_.end()) {
        auto& askers = move->second.askers;
        const auto again =
            std::find_if(askers.begin(), askers.end(), [from](const Asker& each) { return each.shard == from; });
        if (again == askers.end()) {
            askers.push_back({from, request});
        } else {
            again->request = request;
        }
        return;
    }
    const auto holder = holder_of(client_id);
    if (!holder || *holder == from) {
        set_holder(client_id, from);
        send_(from, {.kind = Kind::grant, .client_id = client_id, .request = request});
        return;
    }
    Move& move = moves_[client_id];
    move.holder = *holder;
    move.askers.push_back({from, request});
    ask_holder(client_id, now);
}

void SessionDirectory::ask_holder(const std::string& client_id, Instant now) {
    Move& move = moves_.at(client_id);
    move.until = now + give_patience;
    deadlines_.push_back({move.until, client_id});
    const unsigned holder = move.holder;
    if (!send_(holder, {.kind = Kind::give, .client_id = client_id})) {
        given(holder, client_id, std::nullopt, now);
    }
}

// The holder has given the session up, or is taken to have lost it (nothing in `session`). The first asker gets it and
// becomes the holder; if others wait, the new holder is asked at once to give it up again.
void SessionDirectory::given(unsigned from, const std::string& client_id, std::optional<CarriedSession> session,
                             Instant now) {
    const auto found = moves_.find(client_id);
    if (found == moves_.end() || found->second.holder != from) {
        return;  // too late: another shard has been granted a new session
    }
    Move& move = found->second;
    if (move.askers.empty()) {
        moves_.erase(found);
        holders_.erase(key_of(client_id));
        return;
    }
    const Asker asker = move.askers.front();
    move.askers.pop_front();
    set_holder(client_id, asker.shard);
    move.holder = asker.shard;
    const auto decisions = std::exchange(move.decisions, {});
    const bool wanted_by_another = !move.askers.empty();
    if (!wanted_by_another) {
        moves_.erase(found);
    }
    send_(asker.shard,
          {.kind = Kind::grant, .client_id = client_id, .request = asker.request, .session = std::move(session)});
    for (const Decision& each : decisions) {
        send_(asker.shard, {.kind = Kind::decision,
                            .client_id = client_id,
                            .session_number = each.session_number,
                            .packet_id = each.packet_id,
                            .disposition = each.disposition});
    }
    if (wanted_by_another) {
        ask_holder(client_id, now);
    }
}

void SessionDirectory::ended(unsigned from, const std::string& client_id) {
    if (holder_of(client_id) == from && !moves_.contains(client_id)) {
        holders_.erase(key_of(client_id));
    }
}

// Comes from a shard that knew another home before. If another shard was granted the session here meanwhile, that one
// keeps it.
void SessionDirectory::holding(unsigned from, const std::string& client_id) {
    const auto holder = holder_of(client_id);
    if (!holder) {
        set_holder(client_id, from);
    } else if (*holder != from) {
        send_(from, {.kind = Kind::drop, .client_id = client_id});
    }
}

// Comes from a shard that was not answered in time and has made a new session.
void SessionDirectory::took(unsigned from, const std::string& client_id) {
    if (const auto move = moves_.find(client_id); move != moves_.end()) {
        auto& askers = move->second.askers;
        if (move->second.holder != from &&
            std::none_of(askers.begin(), askers.end(), [from](const Asker& each) { return each.shard == from; })) {
            askers.push_back({from, 0});
        }
        return;
    }
    const auto before = holder_of(client_id);
    set_holder(client_id, from);
    if (before && *before != from) {
        send_(*before, {.kind = Kind::drop, .client_id = client_id});
    }
}

// A former holder has decided about a message of the session. The decision goes to the present holder; during a move it
// is kept and follows the session.
void SessionDirectory::decided(const std::string& client_id, const ShardMessage& message) {
    if (const auto found = moves_.find(client_id); found != moves_.end()) {
        auto& decisions = found->second.decisions;
        if (decisions.size() < portillon::mqtt::ServerConnection::most_unreleased) {
            decisions.push_back({message.session_number, message.packet_id, message.disposition});
        }
    } else if (const auto holder = holder_of(client_id)) {
        ShardMessage on = message;
        on.kind = Kind::decision;
        send_(*holder, on);
    }
}

// A move whose holder has died continues without a session. Entries of sessions that the shard held, or whose home is
// another shard now, are dropped; the holders themselves tell the new home (Kind::holding).
void SessionDirectory::shard_changed(unsigned shard, const IsHere& is_here, Instant now) {
    std::vector<std::string> lost;  // by their holder, while another shard waits for them
    for (auto& [client_id, move] : moves_) {
        std::erase_if(move.askers, [shard](const Asker& asker) { return asker.shard == shard; });
        if (move.holder == shard) {
            lost.push_back(client_id);
        }
    }
    erase_if(holders_, [&](const auto& entry) { return entry.second == shard || !is_here(entry.first); });
    for (const std::string& client_id : lost) {
        given(shard, client_id, std::nullopt, now);
    }
}

void SessionDirectory::give_up_waiting(Instant now) {
    while (!deadlines_.empty() && deadlines_.front().at <= now) {
        const std::string client_id = std::move(deadlines_.front().client_id);
        deadlines_.pop_front();
        const auto found = moves_.find(client_id);
        if (found != moves_.end() && found->second.until <= now) {
            given(found->second.holder, client_id, std::nullopt, now);
        }
    }
}

}  // namespace portillon::server::listeners::mqtt
