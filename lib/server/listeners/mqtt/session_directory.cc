#include "server/listeners/mqtt/session_directory.h"

#include <algorithm>
#include <utility>

#include "mqtt/server_connection.h"

namespace portillon::server::listeners::mqtt {

using Kind = ShardMessage::Kind;

// A message to this shard itself is handled inside send_(), and may change or erase the entry: no reference to an entry
// is used after a call of send_().

// If the session is moving already, the claim joins the queue of `askers`; a shard is in it once, with its newest
// request. A session that nobody holds, or that the claiming shard holds itself, is granted at once. Otherwise its
// holder is asked to give it up.
void SessionDirectory::claim(unsigned from, const std::string& client_id, std::uint64_t request, Instant now) {
    Entry& entry = entries_[client_id];
    if (entry.move) {
        auto& askers = entry.move->askers;
        const auto again =
            std::find_if(askers.begin(), askers.end(), [from](const Asker& each) { return each.shard == from; });
        if (again == askers.end()) {
            askers.push_back({from, request});
        } else {
            again->request = request;
        }
        return;
    }
    if (!entry.holder || *entry.holder == from) {
        entry.holder = from;
        send_(from, {.kind = Kind::grant, .client_id = client_id, .request = request});
        return;
    }
    entry.move = std::make_unique<Move>();
    entry.move->askers.push_back({from, request});
    ask_holder(client_id, now);
}

void SessionDirectory::ask_holder(const std::string& client_id, Instant now) {
    Entry& entry = entries_[client_id];
    entry.move->until = now + give_patience;
    deadlines_.push_back({entry.move->until, client_id});
    const unsigned holder = *entry.holder;
    if (!send_(holder, {.kind = Kind::give, .client_id = client_id})) {
        given(holder, client_id, std::nullopt, now);
    }
}

// The holder has given the session up, or is taken to have lost it (nothing in `session`). The first asker gets it and
// becomes the holder; if others wait, the new holder is asked at once to give it up again.
void SessionDirectory::given(unsigned from, const std::string& client_id, std::optional<CarriedSession> session,
                             Instant now) {
    const auto found = entries_.find(client_id);
    if (found == entries_.end() || !found->second.move || found->second.holder != from) {
        return;  // too late: another shard has been granted a new session
    }
    Entry& entry = found->second;
    if (entry.move->askers.empty()) {
        entries_.erase(found);
        return;
    }
    const Asker asker = entry.move->askers.front();
    entry.move->askers.pop_front();
    entry.holder = asker.shard;
    const auto decisions = std::exchange(entry.move->decisions, {});
    const bool wanted_by_another = !entry.move->askers.empty();
    if (!wanted_by_another) {
        entry.move.reset();
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
    const auto found = entries_.find(client_id);
    if (found != entries_.end() && found->second.holder == from && !found->second.move) {
        entries_.erase(found);
    }
}

// Comes from a shard that knew another home before. If another shard was granted the session here meanwhile, that one
// keeps it.
void SessionDirectory::holding(unsigned from, const std::string& client_id) {
    Entry& entry = entries_[client_id];
    if (!entry.holder) {
        entry.holder = from;
    } else if (*entry.holder != from) {
        send_(from, {.kind = Kind::drop, .client_id = client_id});
    }
}

// Comes from a shard that was not answered in time and has made a new session.
void SessionDirectory::took(unsigned from, const std::string& client_id) {
    Entry& entry = entries_[client_id];
    if (entry.move) {
        auto& askers = entry.move->askers;
        if (entry.holder != from &&
            std::none_of(askers.begin(), askers.end(), [from](const Asker& each) { return each.shard == from; })) {
            askers.push_back({from, 0});
        }
        return;
    }
    const auto before = std::exchange(entry.holder, from);
    if (before && *before != from) {
        send_(*before, {.kind = Kind::drop, .client_id = client_id});
    }
}

// A former holder has decided about a message of the session. The decision goes to the present holder; during a move it
// is kept and follows the session.
void SessionDirectory::decided(const std::string& client_id, const ShardMessage& message) {
    const auto found = entries_.find(client_id);
    if (found == entries_.end()) {
        return;
    }
    if (Move* const move = found->second.move.get()) {
        if (move->decisions.size() < portillon::mqtt::ServerConnection::most_unreleased) {
            move->decisions.push_back({message.session_number, message.packet_id, message.disposition});
        }
    } else if (found->second.holder) {
        ShardMessage on = message;
        on.kind = Kind::decision;
        send_(*found->second.holder, on);
    }
}

// A move whose holder has died continues without a session. Entries of sessions that the shard held, or whose home is
// another shard now, are dropped; the holders themselves tell the new home (Kind::holding).
void SessionDirectory::shard_changed(unsigned shard, const IsHere& is_here, Instant now) {
    std::vector<std::string> lost;  // by their holder, while another shard waits for them
    for (auto each = entries_.begin(); each != entries_.end();) {
        Entry& entry = each->second;
        const bool was_its = entry.holder == shard;
        if (entry.move) {
            std::erase_if(entry.move->askers, [shard](const Asker& asker) { return asker.shard == shard; });
            if (was_its) {
                lost.push_back(each->first);
            }
        } else if (was_its || !is_here(each->first)) {
            each = entries_.erase(each);
            continue;
        }
        ++each;
    }
    for (const std::string& client_id : lost) {
        given(shard, client_id, std::nullopt, now);
    }
}

void SessionDirectory::give_up_waiting(Instant now) {
    while (!deadlines_.empty() && deadlines_.front().at <= now) {
        const std::string client_id = std::move(deadlines_.front().client_id);
        deadlines_.pop_front();
        const auto found = entries_.find(client_id);
        if (found != entries_.end() && found->second.move && found->second.move->until <= now) {
            given(*found->second.holder, client_id, std::nullopt, now);
        }
    }
}

}  // namespace portillon::server::listeners::mqtt
