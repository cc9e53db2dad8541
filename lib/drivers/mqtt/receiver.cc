#include "drivers/mqtt/receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>

#include "base/check.h"
#include "mqtt/error.h"

namespace portillon::drivers::mqtt {

using portillon::mqtt::ClientConnection;
using portillon::mqtt::ClientError;
using portillon::mqtt::Start;
using portillon::mqtt::Terms;
using namespace wire::mqtt;  // the packets

namespace {

constexpr std::uint16_t subscribe_packet_id = 1;  // the only packet of ours that has an identifier
constexpr std::size_t most_unread_answers = 64 << 10;
constexpr Nanos ending_patience = 1s;

// Retained messages are not wanted: version 5 can say so (3.8.3.1), with 3.1.1 they come marked.
constexpr std::uint8_t without_retained = 2;

template <class Packet>
void append(std::vector<std::byte>& into, const Packet& packet, Version version) {
    const std::size_t used = into.size();
    into.resize(used + encoded_size(packet, version));
    encode(packet, version, std::span(into).subspan(used));
}

}  // namespace

Receiver::Receiver(Common& common, EquipmentId number, driver::Receipts& receipts, driver::Inbox& inbox,
                   driver::Interest interest)
    : StreamSession(common, number, receipts),
      common_(common),
      inbox_(inbox),
      interest_(std::move(interest)),
      connection_(common.options.version, Start::clean) {
    check(!interest_.filters.empty(), "a receiver without a filter");
}

void Receiver::offer(const driver::Batch&) {
    check(false, "a batch was offered to a session that only receives");
}

driver::Settled Receiver::take_settled() {
    check(false, "a session that only receives settles nothing");
    return {};
}

bool Receiver::is_lasting() const {
    return !passes_ && interest_.stay == driver::Interest::Stay::across_connections;
}

// A first connection starts clean, so that nothing of an earlier process comes. In 3.1.1 a clean session would end with
// its connection, so there a lasting one starts without; its client identifier is new.
void Receiver::greet() {
    const bool three = common_.options.version == Version::v3_1_1;
    const auto start = is_lasting() && (kept_by_server_ || three) ? Start::resume : Start::clean;
    connection_ = ClientConnection(common_.options.version, start, most_packet_bytes);
    reads_ = true;
    answers_.clear();

    PropertyList properties;
    properties.add(PropertyId::maximum_packet_size, most_packet_bytes);
    if (is_lasting()) {
        properties.add(PropertyId::session_expiry_interval, common_.options.session_expiry_seconds);
    }
    const std::string id = client_id(common_.run, equipment());
    Connect packet;
    packet.version = common_.options.version;
    packet.clean_start = start == Start::clean;
    packet.keep_alive_seconds = common_.options.keepalive_seconds;
    packet.client_id = id;
    if (!three) {
        packet.properties = properties.view();
    }
    std::vector<std::byte> bytes(encoded_size(packet));
    encode(packet, bytes);
    put(bytes);
    kept_before_ = kept_by_server_;
    kept_by_server_ |= is_lasting();
}

void Receiver::connected(const Terms& terms) {
    agree(terms.keepalive_seconds.value_or(common_.options.keepalive_seconds));
    if (!terms.session_present) {
        unreleased_.reset();
        subscribed_ = false;
    }
    if (passes_ || subscribed_) {
        greeted();
    } else {
        subscribe();
    }
}

void Receiver::subscribe() {
    Subscribe packet;
    packet.packet_id = subscribe_packet_id;
    for (const std::string& filter : interest_.filters) {
        packet.subscriptions.push_back({.filter = filter, .most_qos = common_.options.qos});
        if (common_.options.version == Version::v5) {
            packet.subscriptions.back().retain_mode = without_retained;
        }
    }
    connection_.subscribing();
    append(answers_, packet, common_.options.version);
}

void Receiver::subscribed(std::uint16_t packet_id, std::span<const std::byte> reasons) {
    if (packet_id != subscribe_packet_id || reasons.size() != interest_.filters.size() || !is_opening()) {
        fail(connection_.complain(Reason::protocol_error));
        return;
    }
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        const auto reason = static_cast<Reason>(reasons[i]);
        if (is_failure(reason) || static_cast<Qos>(reasons[i]) < common_.options.qos) {
            const auto granted = is_failure(reason)
                                     ? fmt::format("refused with reason 0x{:02x}", static_cast<unsigned>(reasons[i]))
                                     : fmt::format("granted QoS {} only", static_cast<unsigned>(reasons[i]));
            receipts().said(ClientError::subscription_refused, interest_.filters[i] + ": " + granted);
            lost(ClientError::subscription_refused);
            return;
        }
    }
    subscribed_ = true;
    greeted();
}

void Receiver::delivered(const Publish& message) {
    if (passes_) {
        return;
    }
    if (message.qos == Qos::exactly_once) {
        if (unreleased_.test(message.packet_id)) {
            return;
        }
        unreleased_.set(message.packet_id);
    }
    inbox_.received({message.topic, message.payload, message.duplicate, message.retain});
}

// Nothing that we send is answered like this.
void Receiver::answered(PacketType, std::uint16_t, Reason) {
    receipts().stray(ClientError::stray_answer);
}

void Receiver::acknowledge(PacketType type, std::uint16_t packet_id, Reason reason) {
    if (type == PacketType::pubcomp) {
        unreleased_.reset(packet_id);
    }
    append(answers_, Acknowledgement{type, packet_id, reason, {}}, common_.options.version);
}

void Receiver::put(std::span<const std::byte> bytes) {
    wrote(common_.loop.now());
    transport().write(bytes);
}

void Receiver::ping() {
    transport().write(pingreq);
}

void Receiver::ping_unanswered() {
    lost(ClientError::no_pingresp);
}

void Receiver::take(std::span<const std::byte> bytes) {
    const error_code error = connection_.receive(bytes, *this);
    if (!answers_.empty() && is_connected()) {
        put(answers_);
        if (transport().unsent() > most_unread_answers) {
            reads_ = false;
            transport().pause();
        }
    }
    answers_.clear();
    if (error) {
        fail(error);
    }
}

// Says why, if MQTT can, and ends the connection.
void Receiver::fail(const error_code& error) {
    if (const auto complaint = connection_.complaint(); complaint && is_connected()) {
        put(common_.disconnect_packet(*complaint));
    }
    lost(error);
}

void Receiver::drained() {
    if (!reads_) {
        reads_ = true;
        transport().resume();
    }
}

void Receiver::say_goodbye() {
    KeepAlive::end();
    PropertyList properties;
    if (is_lasting() && common_.options.version == Version::v5) {
        properties.add(PropertyId::session_expiry_interval, 0);  // the session ends now
    }
    std::vector<std::byte> bytes;
    append(bytes, Disconnect{Reason::success, properties.view()}, common_.options.version);
    put(bytes);
    transport().shut();
    transport().resume();
}

void Receiver::parted(Goodbye goodbye) {
    if (goodbye == Goodbye::answered && common_.options.version == Version::v5) {
        kept_by_server_ = false;
    }
}

void Receiver::gone() {
    KeepAlive::end();
    if (connection_.refused()) {
        kept_by_server_ = kept_before_;
    }
}

net::Task<error_code> Receiver::forget(Instant deadline) {
    passes_ = true;
    const error_code error = co_await open(deadline);
    if (error == boost::asio::error::operation_aborted) {
        co_return error;  // the session was destroyed meanwhile
    }
    if (!error) {
        kept_by_server_ = false;
        co_await close(std::min(deadline, common_.loop.now() + ending_patience));
    }
    passes_ = false;
    co_return error;
}

}  // namespace portillon::drivers::mqtt
