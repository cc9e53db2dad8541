#include "server/listeners/mqtt/session_exchange.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace portillon::server::listeners::mqtt {

using Kind = ShardMessage::Kind;

namespace {

// The messages that `decider` (or any other shard) has yet to decide. A dead shard never will: when the client sends
// such a message again, it is taken as new.
std::vector<std::uint16_t> undecided_of(const Session& session, std::optional<unsigned> decider) {
    std::vector<std::uint16_t> packet_ids;
    for (const Session::Received& each : session.received) {
        const bool is_meant = decider ? each.decider == *decider : each.decider != Session::its_holder;
        if (is_meant && each.state == Session::Received::State::undecided) {
            packet_ids.push_back(each.packet_id);
        }
    }
    return packet_ids;
}

}  // namespace

// The request numbers of a restarted shard begin elsewhere: answers to its dead predecessor do not match them.
SessionExchange::SessionExchange(net::Loop& loop, Sessions& sessions, Siblings* siblings, Owner& owner)
    : loop_(loop),
      sessions_(sessions),
      siblings_(siblings),
      owner_(owner),
      directory_([this](unsigned to, const ShardMessage& message) { return send(to, message); }),
      requests_(scatter(static_cast<std::uint64_t>(loop.now().time_since_epoch().count()), 1)) {}

unsigned SessionExchange::home_of(std::string_view client_id) const {
    return siblings_ == nullptr ? 0 : siblings_->home_of(SessionDirectory::key_of(client_id));
}

// Per client identifier only one claim waits for its grant: a newer connection takes the place of the older one, which
// is superseded. A session that is here already needs no claim.
void SessionExchange::claim(std::string_view client_id, Sessions::Start start, const Ticket& by) {
    const std::string id(client_id);
    if (siblings_ == nullptr) {
        owner_.granted(id, start, by);
        return;
    }
    if (const auto waiting = waiting_.find(id); waiting != waiting_.end()) {
        const Ticket before = std::exchange(waiting->second.by, by);
        waiting->second.start = start;
        owner_.superseded(before);
        return;
    }
    if (sessions_.has(id)) {
        owner_.granted(id, start, by);
        return;
    }
    const Instant until = loop_.now() + claim_patience;
    waiting_[id] = {.request = ++requests_, .by = by, .until = until, .asked = 0, .start = start};
    deadlines_.push_back({until, id});
    ask(id);
    watch();
}

void SessionExchange::ask(const std::string& client_id) {
    Waiting& waiting = waiting_.at(client_id);
    waiting.asked = home_of(client_id);
    if (!send(waiting.asked, {.kind = Kind::claim, .client_id = client_id, .request = waiting.request})) {
        take_anew(client_id);
    }
}

bool SessionExchange::send(unsigned to, const ShardMessage& message) {
    if (to == siblings_->number()) {
        hear(to, message);
        return true;
    }
    encode(message, message_);
    return siblings_->send(to, message_);
}

void SessionExchange::heard(unsigned from, std::span<const std::byte> message) {
    const auto decoded = decode_shard_message(message);
    check(siblings_ != nullptr && decoded.has_value(), "a shard said nonsense");
    hear(from, *decoded);
    watch();
}

void SessionExchange::hear(unsigned from, const ShardMessage& message) {
    const std::string id(message.client_id);
    const Instant now = loop_.now();
    switch (message.kind) {
        case Kind::claim:
            directory_.claim(from, id, message.request, now);
            break;
        case Kind::grant:
            take_grant(from, message);
            break;
        case Kind::give: {
            ShardMessage answer{.kind = Kind::given, .client_id = id};
            answer.session = sessions_.take_out(id);
            send(from, answer);
            break;
        }
        case Kind::given:
            directory_.given(from, id, message.session, now);
            break;
        case Kind::ended:
            directory_.ended(from, id);
            break;
        case Kind::holding:
            directory_.holding(from, id);
            break;
        case Kind::took:
            directory_.took(from, id);
            break;
        case Kind::drop:
            drop(id);
            break;
        case Kind::decided:
            directory_.decided(id, message);
            break;
        case Kind::decision:
            if (Session* const session = sessions_.find(id); session && session->number == message.session_number) {
                owner_.decided(*session, message.packet_id, message.disposition);
            }
            break;
    }
}

// The grant brings the session, if there was one. The claim may have been given up meanwhile (take_anew()): then the
// session made since stays, and if there is none the one that was brought is kept as that of a client that is away. The
// homes are told where it is, or that it has ended.
void SessionExchange::take_grant(unsigned from, const ShardMessage& message) {
    const std::string id(message.client_id);
    if (message.session && !sessions_.has(id)) {
        sessions_.bring_in(id, *message.session);
    }
    const auto waiting = waiting_.find(id);
    if (waiting != waiting_.end() && waiting->second.request == message.request) {
        const Waiting granted = waiting->second;
        waiting_.erase(waiting);
        owner_.granted(id, granted.start, granted.by);
    }
    Session* const session = sessions_.find(id);
    if (session == nullptr) {
        send(from, {.kind = Kind::ended, .client_id = id});
        return;
    }
    session->home = static_cast<std::uint16_t>(home_of(id));
    if (session->home != from) {
        send(session->home, {.kind = Kind::holding, .client_id = id});
    }
}

void SessionExchange::take_anew(const std::string& client_id) {
    const auto unanswered = waiting_.extract(client_id);
    if (!unanswered) {
        return;
    }
    // `client_id` may refer to the key of this node, so the node is kept until the end.
    const std::string& id = unanswered.key();
    owner_.granted(id, unanswered.mapped().start, unanswered.mapped().by);
    if (Session* const session = sessions_.find(id)) {
        session->home = static_cast<std::uint16_t>(home_of(id));
        send(session->home, {.kind = Kind::took, .client_id = id});
    }
}

void SessionExchange::drop(const std::string& client_id) {
    if (const auto dropped = sessions_.take_out(client_id); dropped && dropped->will_due_in) {
        sessions_.count_will();
    }
}

void SessionExchange::ended(const Session& session) {
    if (siblings_ != nullptr) {
        send(home_of(*session.client_id), {.kind = Kind::ended, .client_id = *session.client_id});
    }
}

void SessionExchange::decided(const Sessions::TakenOut& session, std::uint16_t packet_id, Disposition disposition) {
    send(home_of(session.client_id), {.kind = Kind::decided,
                                      .client_id = session.client_id,
                                      .session_number = session.number,
                                      .packet_id = packet_id,
                                      .disposition = disposition});
}

void SessionExchange::shard_changed(unsigned shard) {
    if (siblings_ == nullptr) {
        return;
    }
    directory_.shard_changed(
        shard, [this](std::uint64_t key) { return siblings_->home_of(key) == siblings_->number(); }, loop_.now());
    // Work for one session may end it, or others, so no reference to a session is kept.
    struct Affected {
        std::string client_id;
        std::vector<std::uint16_t> undecided;  // and never will be decided
        bool has_moved = false;                // to another home
    };
    std::vector<Affected> affected;
    sessions_.for_each([&](const Session& session) {
        // A home that was restarted knows nothing, either. Decisions that are made while another shard is the home may
        // not reach this one.
        const bool has_moved = session.home == shard || session.home != home_of(*session.client_id);
        auto undecided = undecided_of(session, has_moved ? std::nullopt : std::optional(shard));
        if (has_moved || !undecided.empty()) {
            affected.push_back({*session.client_id, std::move(undecided), has_moved});
        }
    });
    for (const Affected& each : affected) {
        for (const std::uint16_t packet_id : each.undecided) {
            if (Session* const session = sessions_.find(each.client_id)) {
                owner_.decided(*session, packet_id, Disposition::ignored);
            }
        }
        if (Session* const session = sessions_.find(each.client_id); session != nullptr && each.has_moved) {
            session->home = static_cast<std::uint16_t>(home_of(each.client_id));
            send(session->home, {.kind = Kind::holding, .client_id = each.client_id});
        }
    }
    std::vector<std::string> asked;
    for (const auto& [id, waiting] : waiting_) {
        if (waiting.asked == shard) {
            asked.push_back(id);
        }
    }
    for (const std::string& id : asked) {
        if (waiting_.contains(id)) {
            ask(id);
        }
    }
    watch();
}

void SessionExchange::ring(Instant now) {
    directory_.give_up_waiting(now);
    while (!deadlines_.empty() && deadlines_.front().at <= now) {
        const std::string id = std::move(deadlines_.front().client_id);
        deadlines_.pop_front();
        if (const auto waiting = waiting_.find(id); waiting != waiting_.end() && waiting->second.until <= now) {
            take_anew(id);
        }
    }
    watch();
}

void SessionExchange::watch() {
    const Instant due = std::min(directory_.next(), deadlines_.empty() ? never : deadlines_.front().at);
    if (due != never && (!armed() || at() > due)) {
        loop_.timers().set(*this, due);
    }
}

}  // namespace portillon::server::listeners::mqtt
