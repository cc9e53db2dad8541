#include "server/listeners/mqtt/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/listeners/mqtt/cause.h"

namespace portillon::server::mqtt {

using portillon::mqtt::Acknowledgement;
using portillon::mqtt::Connect;
using portillon::mqtt::Frame;
using portillon::mqtt::PacketType;
using portillon::mqtt::Properties;
using portillon::mqtt::PropertyId;
using portillon::mqtt::PropertyList;
using portillon::mqtt::Publish;
using portillon::mqtt::Qos;
using portillon::mqtt::Reason;
using portillon::mqtt::Sender;
using portillon::mqtt::Version;
using portillon::mqtt::Violation;
using Answer = Unanswered::Message::Answer;

namespace {

constexpr Nanos farewell_patience = 1s;
constexpr std::size_t most_unheard_bytes = 256 << 10;  // read and dropped after our last word
constexpr std::size_t most_unsent_bytes = 64 << 10;  // PUBACKs are 4 bytes: a peer that leaves so many unread is paused
constexpr Nanos unread_patience = 30s;               // and after that it is left
constexpr std::size_t least_progress_bytes_per_s = 1 << 10;  // of a packet that has begun, after a while
constexpr std::size_t most_client_id_bytes = 1'024;          // one is kept for every session
// Will, user name and password of 30,000 bytes each. As much must fit into one message between shards.
constexpr std::size_t most_connect_bytes = 128 << 10;

Violation but(Reason reason, std::string_view what) {
    return {reason, what};
}

}  // namespace

// While there is one, packets are gathered; they leave in one write when it goes.
class Connection::Cork {
public:
    explicit Cork(Connection& connection)
        : connection_(connection.cork_ == nullptr ? &connection : nullptr), from_(connection.listener_.out_.used) {
        if (connection_ != nullptr) {
            connection_->cork_ = this;
        }
    }
    Cork(const Cork&) = delete;
    ~Cork() {
        if (connection_ != nullptr) {
            flush();
            connection_->cork_ = nullptr;
        }
    }

    void flush() {
        auto& out = connection_->listener_.out_;
        if (out.used > from_ && connection_->transport_) {
            connection_->transport_->write(std::span<const std::byte>(out.bytes).subspan(from_, out.used - from_));
        }
        out.used = from_;
    }

private:
    Connection* connection_;  // nullptr: an outer one gathers
    std::size_t from_;
};

Connection::Connection(Listener& listener, std::unique_ptr<net::Transport> transport, Ticket ticket)
    : listener_(listener),
      transport_(std::move(transport)),
      framer_(std::min<std::size_t>(listener.limits_.packet_bytes, most_connect_bytes)),
      ticket_(ticket) {
    framer_.allow_padded_lengths();
    listener_.loop_.timers().set(*this, listener_.loop_.now() + listener_.limits_.first_byte);
    transport_->start(*this);
}

Connection::~Connection() {
    part();
}

void Connection::adopt(std::span<const std::byte> read) {
    origin_ = Origin::adopted;
    received(read);
}

Reason Connection::reason_of(Disposition disposition) {
    switch (disposition) {
        case Disposition::refused:
            return Reason::quota_exceeded;
        case Disposition::malformed:
            return Reason::payload_format_invalid;
        case Disposition::failed:
            return Reason::implementation_specific_error;
        case Disposition::rejected:
            return Reason::not_authorized;
        default:
            return Reason::success;
    }
}

void Connection::decided(std::uint64_t number, Disposition disposition) {
    if (number == no_answer || state_ == State::leaving) {
        return;
    }
    if (is_answered(disposition)) {
        decided(number, reason_of(disposition));
    } else {
        unanswered_.leave_without_answer(number);
        listener_.loop_.later(*this);
    }
}

void Connection::decided(std::uint64_t number, Reason reason) {
    if (number != no_answer && state_ != State::leaving) {
        unanswered_.decide(number, reason);
        listener_.loop_.later(*this);
    }
}

void Connection::take_over(Sessions::Claim::Present present) {
    session_ = nullptr;
    if (will_ == Will::delayed && present == Sessions::Claim::Present::yes) {
        will_ = Will::none;
    }
    if (state_ != State::leaving) {
        close(but(Reason::session_taken_over, "another connection has this client identifier"));
    }
}

void Connection::stop() {
    if (state_ == State::greeting) {
        vanish(cause_of(Reason::server_shutting_down));
    } else if (state_ == State::connected) {
        state_ = State::draining;
        listener_.loop_.later(*this);
    }
}

void Connection::fall_silent() {
    if (state_ != State::leaving) {
        vanish("fault");
    }
}

void Connection::received(std::span<const std::byte> bytes) {
    if (state_ == State::leaving || state_ == State::draining) {
        // Read to its end all the same, so that our last words are not lost in a reset; but not for ever.
        unheard_bytes_ += bytes.size();
        if (unheard_bytes_ > most_unheard_bytes) {
            fire_will();
            transport_->reset();
            listener_.loop_.timers().set(*this, listener_.loop_.now());
            state_ = State::leaving;
        }
        return;
    }
    const Cork cork(*this);
    reading_ = bytes;
    read(bytes);
    reading_ = {};
    if (state_ == State::greeting && listener_.steering_ != nullptr && origin_ == Origin::accepted) {
        if (!was_read_) {
            was_read_ = std::make_unique<std::vector<std::byte>>();
        }
        was_read_->insert(was_read_->end(), bytes.begin(), bytes.end());
    } else {
        was_read_.reset();
    }
}

void Connection::read(std::span<const std::byte> bytes) {
    const auto listening = [this] { return state_ == State::greeting || state_ == State::connected; };
    const Instant now = listener_.loop_.now();
    framer_.feed(bytes);
    while (listening()) {
        const auto frame = framer_.next();
        if (!frame) {
            break;
        }
        last_packet_ = now;
        unfinished_since_ = never;
        take(*frame);
    }
    if (const Violation violation = framer_.violation(); listening() && violation) {
        if (state_ == State::greeting) {
            vanish(cause_of(violation.reason));
        } else {
            close(violation);
        }
    }
    if (state_ == State::connected) {
        if (framer_.at_boundary()) {
            unfinished_since_ = never;
        } else if (unfinished_since_ == never) {
            unfinished_since_ = now;
            if (!armed() || at() > unfinished_until()) {
                watch();
            }
        }
        hold_back_or_go_on();
    }
}

void Connection::ended(const error_code&) {
    fire_will();
    listener_.remove(ticket_.connection);
}

void Connection::drained() {
    if (state_ == State::connected) {
        hold_back_or_go_on();
    }
}

void Connection::run() {
    if (state_ == State::connected || state_ == State::draining) {
        send_answers();
    }
    if (state_ == State::draining && unanswered_.empty()) {
        close(but(Reason::server_shutting_down, "the server stops"));
    } else if (state_ == State::connected) {
        hold_back_or_go_on();
    }
}

void Connection::ring(Instant now) {
    switch (state_) {
        case State::greeting:
            vanish("no_first_byte");
            break;
        case State::connected:
            if (now >= unread_until()) {
                vanish("not_reading");
            } else if (now >= silent_until()) {
                close(but(Reason::keep_alive_timeout, "silent for too long"),
                      keepalive_seconds_ > 0 ? "keepalive" : "idle");
            } else if (now >= unfinished_until()) {
                close(but(Reason::administrative_action, "a packet that does not come to its end"), "unfinished");
            } else {
                watch();
            }
            break;
        case State::draining:
            break;
        case State::leaving:
            listener_.remove(ticket_.connection);
            break;
    }
}

void Connection::take(const Frame& frame) {
    const PacketType type = frame.type();
    if (state_ == State::greeting) {
        if (type == PacketType::connect) {
            take_connect(frame);
        } else {
            vanish(cause_of(Reason::protocol_error));
        }
        return;
    }
    switch (type) {
        case PacketType::publish:
            take_publish(frame);
            break;
        case PacketType::pubrel:
            take_release(frame);
            break;
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp:
            take_stray_answer(frame);
            break;
        case PacketType::pingreq:
            if (const Violation violation = parse_ping(frame)) {
                close(violation);
            } else {
                const auto room = listener_.out_.room(sizeof portillon::mqtt::pingresp);
                std::copy(std::begin(portillon::mqtt::pingresp), std::end(portillon::mqtt::pingresp), room.begin());
                listener_.out_.used += room.size();  // there is always a cork while reading
            }
            break;
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            take_subscribe(frame);
            break;
        case PacketType::disconnect:
            take_disconnect(frame);
            break;
        case PacketType::auth: {
            portillon::mqtt::Auth packet;
            const Violation violation = parse(frame, version_, Sender::client, packet);
            close(violation ? violation : but(Reason::protocol_error, "no authentication is under way"));
            break;
        }
        default:
            close(but(Reason::protocol_error, "a packet that is not the client's to send now"));
    }
}

void Connection::take_connect(const Frame& frame) {
    Connect packet;
    Violation violation = parse(frame, packet);
    version_ = packet.version;
    if (!violation) {
        most_sent_bytes_ = packet.properties.number(PropertyId::maximum_packet_size).value_or(most_sent_bytes_);
        violation = objection(packet);
    }
    if (violation) {
        turn_away(violation);
        return;
    }
    if (origin_ == Origin::accepted) {
        if (const auto key = listener_.belongs_elsewhere(packet.client_id)) {
            hand_over(*key);
            return;
        }
    }
    greet(packet);
}

Violation Connection::objection(const Connect& packet) const {
    if (packet.client_id.size() > most_client_id_bytes) {
        return but(Reason::client_identifier_not_valid, "client identifier of more than 1,024 bytes");
    }
    if (packet.properties.text(PropertyId::authentication_method)) {
        return but(Reason::bad_authentication_method, "no authentication method is known here");
    }
    return {};
}

void Connection::greet(const Connect& packet) {
    framer_.allow(listener_.limits_.packet_bytes);
    state_ = State::connected;
    if (version_ == Version::v5) {
        framer_.forbid_padded_lengths();
    }
    auto properties = listener_.connack_properties_;

    std::string client_id(packet.client_id);
    if (client_id.empty()) {
        client_id = listener_.make_client_id();
        properties.add(PropertyId::assigned_client_identifier, client_id);
    }

    keepalive_seconds_ = packet.keep_alive_seconds;
    const auto most_keepalive =
        std::chrono::duration_cast<std::chrono::seconds>(listener_.limits_.idle / 3 * 2).count();
    if (version_ == Version::v5 && listener_.limits_.idle > 0s &&
        (keepalive_seconds_ == 0 || keepalive_seconds_ > most_keepalive)) {
        keepalive_seconds_ = static_cast<std::uint16_t>(std::clamp<std::int64_t>(most_keepalive, 1, 65'535));
        properties.add(PropertyId::server_keep_alive, keepalive_seconds_);
    }

    std::uint32_t expiry_seconds = packet.clean_start ? 0 : Sessions::most_expiry_seconds;
    if (version_ == Version::v5) {
        const auto wanted = packet.properties.number(PropertyId::session_expiry_interval).value_or(0);
        expiry_seconds = std::min(wanted, Sessions::most_expiry_seconds);
        if (expiry_seconds != wanted) {
            properties.add(PropertyId::session_expiry_interval, expiry_seconds);
        }
    }

    portillon::mqtt::Connack answer{false, Reason::success, properties.view()};
    if (encoded_size(answer, version_) > most_sent_bytes_) {
        vanish(cause_of(Reason::packet_too_large));
        return;
    }
    const auto start = packet.clean_start ? Sessions::Start::clean : Sessions::Start::resume;
    const auto claim = listener_.sessions_.claim(client_id, start, *this);
    session_ = &claim.session;
    session_->expiry_seconds = expiry_seconds;
    session_->version = version_;
    session_->will_delay_seconds =
        packet.will ? packet.will->properties.number(PropertyId::will_delay_interval).value_or(0) : 0;
    if (packet.will) {
        will_ = session_->will_delay_seconds > 0 ? Will::delayed : Will::left;
    }
    if (claim.before != nullptr) {
        claim.before->take_over(claim.present);
    }
    answer.session_present = claim.present == Sessions::Claim::Present::yes;
    send(answer);
    cancel();
    watch();
}

void Connection::take_publish(const Frame& frame) {
    Publish packet;
    Violation violation = parse(frame, version_, packet);
    if (!violation) {
        violation = objection(packet);
    }
    if (violation) {
        close(violation);
        return;
    }
    if (packet.qos == Qos::exactly_once) {
        take_exactly_once(packet);
        return;
    }
    Ticket ticket = ticket_;
    ticket.exchange = no_answer;
    if (packet.qos == Qos::at_least_once) {
        ++outstanding_;
        ticket.exchange = unanswered_.add(packet.packet_id, Answer::puback);
        if (version_ == Version::v5 && session_->find(packet.packet_id) != nullptr) {
            listener_.figures_.refused.add(cause_of(Reason::packet_identifier_in_use));
            decided(ticket.exchange, Reason::packet_identifier_in_use);
            return;
        }
    }
    listener_.ingest_.arrived(packet.payload, listener_, ticket);
}

// 5.0, 4.3.3: ingest hears of a message when it comes first; until it is released, whatever bears its identifier is a
// copy, and is answered the same.
void Connection::take_exactly_once(const Publish& packet) {
    Session& session = *session_;
    Session::Received* const known = session.find(packet.packet_id);
    if (known == nullptr && session.received.size() >= most_unreleased) {
        close(but(Reason::receive_maximum_exceeded, "too many messages at QoS 2 are not released"));
        return;
    }
    ++outstanding_;
    if (known == nullptr) {
        const std::uint64_t number = unanswered_.add(packet.packet_id, Answer::pubrec);
        session.received.push_back({number, packet.packet_id, Session::Received::State::undecided});
        const Ticket ticket{session.place, listener_.sessions_.generation(session),
                            asked_by_session | packet.packet_id};
        listener_.ingest_.arrived(packet.payload, listener_, ticket);
    } else if (known->state == Session::Received::State::taken) {
        decided(unanswered_.add(packet.packet_id, Answer::pubrec), Reason::success);
    } else if (known->number == Session::nobody_waits) {
        known->number = unanswered_.add(packet.packet_id, Answer::pubrec);
    }
}

Violation Connection::objection(const Publish& packet) {
    if (packet.qos != Qos::at_most_once && version_ == Version::v5 && outstanding_ >= listener_.receive_maximum()) {
        return but(Reason::receive_maximum_exceeded, "more messages at once than our receive maximum");
    }
    if (version_ == Version::v5) {
        if (packet.properties.number(PropertyId::subscription_identifier)) {  // 5.0, 3.3.4
            return but(Reason::protocol_error, "a subscription identifier from a client");
        }
        return objection_to_alias(packet);
    }
    return {};
}

// 5.0, 3.3.2.3.4
Violation Connection::objection_to_alias(const Publish& packet) {
    const auto alias = packet.properties.number(PropertyId::topic_alias);
    if (!alias) {
        return {};
    }
    if (*alias > most_topic_aliases) {
        return but(Reason::topic_alias_invalid, "topic alias above our maximum");
    }
    const std::uint32_t bit = std::uint32_t{1} << (*alias - 1);
    if (packet.topic.empty() && (topic_aliases_ & bit) == 0) {
        return but(Reason::protocol_error, "topic alias that stands for nothing");
    }
    topic_aliases_ |= bit;
    return {};
}

void Connection::take_release(const Frame& frame) {
    Acknowledgement packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation);
        return;
    }
    send_answers();  // its PUBREC first, should it be among them (5.0, 4.3.3)
    if (state_ == State::leaving) {
        return;
    }
    Acknowledgement answer{.type = PacketType::pubcomp, .packet_id = packet.packet_id, .reason = {}, .properties = {}};
    if (const Session::Received* const message = session_->find(packet.packet_id); message == nullptr) {
        answer.reason = Reason::packet_identifier_not_found;
    } else if (message->state == Session::Received::State::undecided) {
        close(but(Reason::protocol_error, "PUBREL before PUBREC"));
        return;
    } else {
        session_->forget(*message);
    }
    answered();
    send(answer);
}

// To a message of ours, of which there is none. It may be another server's, so that it breaks nothing (5.0, 3.6.2.1).
void Connection::take_stray_answer(const Frame& frame) {
    Acknowledgement packet;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation);
        return;
    }
    constexpr Reason unknown = Reason::packet_identifier_not_found;
    listener_.figures_.refused.add(cause_of(unknown));
    if (packet.type == PacketType::pubrec && !is_failure(packet.reason)) {
        send(Acknowledgement{PacketType::pubrel, packet.packet_id, unknown, {}});
    }
}

// There is nothing to subscribe to.
void Connection::take_subscribe(const Frame& frame) {
    auto& packet = listener_.subscribe_;
    if (const Violation violation = parse(frame, version_, packet)) {
        close(violation);
        return;
    }
    const bool subscribes = packet.type == PacketType::subscribe;
    const Reason five = subscribes ? Reason::not_authorized : Reason::no_subscription_existed;
    const Reason reason = version_ == Version::v5 ? five : Reason::unspecified_error;
    listener_.reasons_.assign(packet.subscriptions.size(), static_cast<std::byte>(reason));
    if (subscribes) {
        listener_.figures_.refused.add("subscribe");
    }
    send(portillon::mqtt::Suback{
        subscribes ? PacketType::suback : PacketType::unsuback, packet.packet_id, {}, listener_.reasons_});
}

void Connection::take_disconnect(const Frame& frame) {
    portillon::mqtt::Disconnect packet;
    if (const Violation violation = parse(frame, version_, Sender::client, packet)) {
        close(violation);
        return;
    }
    if (const auto wanted = packet.properties.number(PropertyId::session_expiry_interval)) {
        if (session_->expiry_seconds == 0 && *wanted > 0) {  // 5.0, 3.14.2.2.2
            close(but(Reason::protocol_error, "a session that was to end is not kept"));
            return;
        }
        session_->expiry_seconds = std::min(*wanted, Sessions::most_expiry_seconds);
    }
    if (packet.reason == Reason::success) {
        will_ = Will::none;
    }
    fire_will();
    send_answers();
    if (state_ != State::leaving) {
        leave();
    }
}

void Connection::turn_away(const Violation& why) {
    const bool has_return_code =
        why.reason == Reason::unsupported_protocol_version || why.reason == Reason::client_identifier_not_valid;
    if (version_ == Version::v5 || has_return_code) {
        PropertyList properties;
        properties.add(PropertyId::reason_string, why.what);
        if (!send(portillon::mqtt::Connack{false, why.reason, properties.view()})) {
            send(portillon::mqtt::Connack{false, why.reason, {}});
        }
    }
    listener_.figures_.closed.add(cause_of(why.reason));
    leave();
}

void Connection::close(const Violation& why) {
    close(why, cause_of(why.reason));
}

void Connection::close(const Violation& why, std::string_view cause) {
    const Cork cork(*this);
    send_answers();
    if (state_ == State::leaving) {
        return;
    }
    listener_.figures_.closed.add(cause);
    fire_will();
    if (version_ == Version::v5) {
        PropertyList properties;
        properties.add(PropertyId::reason_string, why.what);
        if (!send(portillon::mqtt::Disconnect{why.reason, properties.view()})) {
            send(portillon::mqtt::Disconnect{why.reason, {}});
        }
    }
    leave();
}

void Connection::vanish(std::string_view cause) {
    listener_.figures_.closed.add(cause);
    fire_will();
    flush();
    part();
    state_ = State::leaving;
    transport_->close();
    listener_.loop_.timers().set(*this, listener_.loop_.now());
}

// Not closed, and so not counted: it lives on there.
void Connection::hand_over(std::uint64_t key) {
    std::vector<std::byte> read;
    if (was_read_) {
        read.swap(*was_read_);
    }
    read.insert(read.end(), reading_.begin(), reading_.end());
    state_ = State::leaving;
    listener_.steering_->hand_over(key, std::move(transport_), read);
    listener_.loop_.timers().set(*this, listener_.loop_.now());
}

void Connection::leave() {
    flush();
    part();
    state_ = State::leaving;
    transport_->shut();
    transport_->resume();
    listener_.loop_.timers().set(*this, listener_.loop_.now() + farewell_patience);
}

void Connection::part() {
    if (session_ != nullptr) {
        const auto will = will_ == Will::delayed ? Sessions::Will::left : Sessions::Will::settled;
        will_ = Will::none;
        listener_.sessions_.release(*std::exchange(session_, nullptr), will);
    }
}

void Connection::fire_will() {
    if (will_ == Will::left || (will_ == Will::delayed && session_ == nullptr)) {
        will_ = Will::none;
        listener_.sessions_.count_will();
    }
}

template <class Packet>
bool Connection::send(const Packet& packet) {
    const std::size_t size = encoded_size(packet, version_);
    if (size > most_sent_bytes_) {
        return false;
    }
    auto& out = listener_.out_;
    const auto room = out.room(size);
    encode(packet, version_, room);
    if (cork_ != nullptr) {
        out.used += size;
    } else {
        transport_->write(room);
    }
    return true;
}

void Connection::flush() {
    if (cork_ != nullptr) {
        cork_->flush();
    }
}

// As far as they are decided in the order of arrival, in one write.
void Connection::send_answers() {
    const Cork cork(*this);
    while (unanswered_.ready()) {
        const auto message = unanswered_.pop();
        if (message.state == Unanswered::Message::State::never) {
            continue;
        }
        if (version_ == Version::v3_1_1 && is_failure(message.reason) &&
            message.reason != Reason::payload_format_invalid) {
            vanish(cause_of(message.reason));  // 3.1.1 has no word for "no"; but what is no batch is not to come again
            return;
        }
        if (message.answer == Answer::puback || is_failure(message.reason)) {
            answered();
        }
        send(Acknowledgement{message.type(), message.packet_id, message.reason, {}});
    }
}

// What was resent after a break may be released here and not have been counted.
void Connection::answered() {
    if (outstanding_ > 0) {
        --outstanding_;
    }
}

void Connection::hold_back_or_go_on() {
    flush();
    Pausing now = Pausing::none;
    if (transport_->unsent() > most_unsent_bytes) {
        now = Pausing::unsent;
    } else if (version_ == Version::v3_1_1 && unanswered_.size() >= listener_.receive_maximum()) {
        now = Pausing::unanswered;
    }
    const Pausing before = std::exchange(pausing_, now);
    if (before == now) {
        return;
    }
    const Instant turn = listener_.loop_.now();
    unread_since_ = now == Pausing::unsent ? turn : never;
    if (before == Pausing::none) {
        transport_->pause();
    } else if (now == Pausing::none) {
        last_packet_ = turn;  // what it sent meanwhile could not be seen
        unfinished_since_ = unfinished_since_ == never ? never : turn;
        transport_->resume();
    }
    watch();
}

void Connection::watch() {
    const Instant now = listener_.loop_.now();
    Instant due = std::min({silent_until(), unfinished_until(), unread_until()});
    if (due != never) {
        listener_.loop_.timers().set(*this, std::max(due, now));
    } else {
        cancel();
    }
}

// 5.0, 3.1.2.10: one and a half keep-alives. Who is not read is not silent.
Instant Connection::silent_until() const {
    if (pausing_ != Pausing::none) {
        return never;
    }
    if (keepalive_seconds_ > 0) {
        return last_packet_ + Nanos{std::chrono::seconds{keepalive_seconds_}} * 3 / 2;
    }
    return listener_.limits_.idle > 0s ? last_packet_ + listener_.limits_.idle : never;
}

// A large packet may take its time, as long as it grows.
Instant Connection::unfinished_until() const {
    if (unfinished_since_ == never || pausing_ != Pausing::none) {
        return never;
    }
    const auto grown = std::chrono::seconds{framer_.unfinished_bytes() / least_progress_bytes_per_s};
    return unfinished_since_ + listener_.limits_.first_byte + grown;
}

Instant Connection::unread_until() const {
    return unread_since_ == never ? never : unread_since_ + unread_patience;
}

}  // namespace portillon::server::mqtt
