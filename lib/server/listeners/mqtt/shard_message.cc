#include "server/listeners/mqtt/shard_message.h"

#include <cstring>
#include <type_traits>

#include "mqtt/server_connection.h"

namespace portillon::server::listeners::mqtt {

using portillon::mqtt::ServerConnection;
using portillon::mqtt::SessionState;
using wire::mqtt::Version;

namespace {

constexpr std::size_t most_client_id_bytes = ServerConnection::most_client_id_bytes;

template <class Number>
void put(Number number, std::vector<std::byte>& into) {
    static_assert(std::is_trivially_copyable_v<Number>);
    const auto at = into.size();
    into.resize(at + sizeof number);
    std::memcpy(into.data() + at, &number, sizeof number);
}

// Reads fields in order; once one is missing, all that follow are zero.
class Fields {
public:
    explicit Fields(std::span<const std::byte> rest) : rest_(rest) {}

    template <class Number>
    Number number() {
        Number read{};
        const auto bytes = take(sizeof read);
        if (!bytes.empty()) {
            std::memcpy(&read, bytes.data(), sizeof read);
        }
        return read;
    }
    std::string_view text(std::size_t size) {
        const auto bytes = take(size);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void fail() { failed_ = true; }
    bool complete() const { return !failed_ && rest_.empty(); }
    bool failed() const { return failed_; }

private:
    std::span<const std::byte> take(std::size_t size) {
        if (failed_ || rest_.size() < size) {
            failed_ = true;
            return {};
        }
        const auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

    std::span<const std::byte> rest_;
    bool failed_ = false;
};

void put(const CarriedSession& session, std::vector<std::byte>& into) {
    put(session.number, into);
    put(session.expires_in.count(), into);
    put(session.will_due_in.value_or(Nanos{-1}).count(), into);
    put(session.state.expiry_seconds, into);
    put(session.state.will_delay_seconds, into);
    put(session.state.version, into);
    put(static_cast<std::uint32_t>(session.state.received.size()), into);
    for (const SessionState::Received& each : session.state.received) {
        put(each.packet_id, into);
        put(each.state, into);
        put(each.decider, into);
    }
}

CarriedSession read_session(Fields& fields) {
    CarriedSession session;
    session.number = fields.number<std::uint64_t>();
    session.expires_in = Nanos{fields.number<std::int64_t>()};
    if (const Nanos due{fields.number<std::int64_t>()}; due >= Nanos{0}) {
        session.will_due_in = due;
    }
    session.state.expiry_seconds = fields.number<std::uint32_t>();
    session.state.will_delay_seconds = fields.number<std::uint32_t>();
    session.state.version = fields.number<Version>();
    const auto count = fields.number<std::uint32_t>();
    if (session.expires_in < Nanos{0} || count > ServerConnection::most_unreleased ||
        (session.state.version != Version::v5 && session.state.version != Version::v3_1_1)) {
        fields.fail();
    }
    for (std::uint32_t i = 0; i < count && !fields.failed(); ++i) {
        auto& each = session.state.received.emplace_back();
        each.packet_id = fields.number<std::uint16_t>();
        each.state = fields.number<SessionState::Received::State>();
        each.decider = fields.number<std::uint16_t>();
        if (each.state > SessionState::Received::State::taken) {
            fields.fail();
        }
    }
    return session;
}

}  // namespace

void encode(const ShardMessage& message, std::vector<std::byte>& into) {
    into.clear();
    put(message.kind, into);
    put(message.request, into);
    put(message.session_number, into);
    put(message.packet_id, into);
    put(message.disposition, into);
    put(static_cast<std::uint16_t>(message.client_id.size()), into);
    const auto id = std::as_bytes(std::span(message.client_id));
    into.insert(into.end(), id.begin(), id.end());
    put(static_cast<std::uint8_t>(message.session ? 1 : 0), into);
    if (message.session) {
        put(*message.session, into);
    }
}

std::optional<ShardMessage> decode_shard_message(std::span<const std::byte> bytes) {
    Fields fields(bytes);
    ShardMessage message;
    message.kind = fields.number<ShardMessage::Kind>();
    message.request = fields.number<std::uint64_t>();
    message.session_number = fields.number<std::uint64_t>();
    message.packet_id = fields.number<std::uint16_t>();
    message.disposition = fields.number<Disposition>();
    message.client_id = fields.text(fields.number<std::uint16_t>());
    if (fields.number<std::uint8_t>() != 0) {
        message.session = read_session(fields);
    }
    if (!fields.complete() || message.kind > ShardMessage::Kind::decision || message.disposition > Disposition::muted ||
        message.client_id.empty() || message.client_id.size() > most_client_id_bytes) {
        return std::nullopt;
    }
    return message;
}

}  // namespace portillon::server::listeners::mqtt
