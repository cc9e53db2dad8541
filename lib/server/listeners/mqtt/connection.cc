#include "server/listeners/mqtt/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "mqtt/cause.h"

namespace portillon::server::listeners::mqtt {

using wire::mqtt::Payload;
using wire::mqtt::Qos;
using wire::mqtt::Reason;
using wire::mqtt::Version;
using State = portillon::mqtt::ServerConnection::State;

namespace {

constexpr Nanos farewell_patience = 1s;
constexpr std::size_t most_unheard_bytes = 256 << 10;  // read and dropped after our last packet
constexpr std::size_t most_unsent_bytes = 64 << 10;    // PUBACKs are 4 bytes; with so many unread, its peer is paused
constexpr Nanos unread_patience = 30s;                 // a peer that reads nothing for so long is disconnected
constexpr std::size_t least_progress_bytes_per_s = 1 << 10;  // the least speed of an unfinished packet

Reason reason_of(Disposition disposition) {
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

}  // namespace

// While a cork exists, packets are gathered in the outbox; they leave in one write when the outermost cork is
// destroyed. Every function that makes the protocol write has one.
class Connection::Cork {
public:
    explicit Cork(Connection& connection)
        : connection_(connection.cork_ == nullptr ? &connection : nullptr),
          from_(connection.listener_.context_.out.used) {
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
        auto& out = connection_->listener_.context_.out;
        if (out.used > from_ && connection_->transport_) {
            connection_->transport_->write(std::span<const std::byte>(out.bytes).subspan(from_, out.used - from_));
        }
        out.used = from_;
    }

private:
    Connection* connection_;  // nullptr: an outer cork gathers
    std::size_t from_;
};

Connection::Connection(Listener& listener, std::unique_ptr<net::Transport> transport, const Ticket& ticket)
    : listener_(listener), transport_(std::move(transport)), protocol_(listener.context_, *this), ticket_(ticket) {
    listener_.loop_.timers().set(*this, listener_.loop_.now() + listener_.limits_.first_byte);
    transport_->start(*this);
}

Connection::~Connection() {
    release_session();
}

void Connection::decided(std::uint64_t number, Disposition disposition) {
    if (number == no_answer) {
        return;
    }
    if (is_answered(disposition)) {
        protocol_.decided(number, reason_of(disposition));
    } else {
        protocol_.never_answered(number);
    }
}

void Connection::take_over(Sessions::Present present) {
    const Cork cork(*this);
    protocol_.lose_session(present);
}

void Connection::give_session_up() {
    const Cork cork(*this);
    protocol_.give_session_up();
}

void Connection::stop() {
    const Cork cork(*this);
    protocol_.stop();
}

void Connection::close_abruptly() {
    if (protocol_.state() != State::leaving) {
        protocol_.close_without_packet("fault");
    }
}

void Connection::received(std::span<const std::byte> bytes) {
    if (protocol_.state() == State::leaving || protocol_.state() == State::draining) {
        take_unheard(bytes.size());
        return;
    }
    const Cork cork(*this);
    const std::uint32_t packets_before = protocol_.packets();
    protocol_.receive(bytes);
    if (protocol_.state() == State::connected) {
        note_progress(packets_before);
        hold_back_or_go_on();
    }
}

// Continues to read after our last packet, so that a reset does not destroy it before the peer has read it; but not for
// ever.
void Connection::take_unheard(std::size_t bytes) {
    unheard_bytes_ += static_cast<std::uint32_t>(std::min(bytes, most_unheard_bytes + 1));
    if (unheard_bytes_ > most_unheard_bytes) {
        fire_will();
        transport_->reset();
        listener_.loop_.timers().set(*this, listener_.loop_.now());
        protocol_.abandon();
    }
}

void Connection::note_progress(std::uint32_t packets_before) {
    const Instant now = listener_.loop_.now();
    if (protocol_.packets() != packets_before) {
        last_packet_ = now;
        unfinished_since_ = never;
    }
    if (protocol_.at_boundary()) {
        unfinished_since_ = never;
    } else if (unfinished_since_ == never) {
        unfinished_since_ = now;
        if (!armed() || at() > unfinished_until()) {
            watch();
        }
    }
}

void Connection::ended(const error_code&) {
    fire_will();
    listener_.connections_.remove(ticket_.connection);
}

void Connection::drained() {
    if (protocol_.state() == State::connected) {
        hold_back_or_go_on();
    }
}

void Connection::run() {
    const Cork cork(*this);
    if (protocol_.state() == State::connected || protocol_.state() == State::draining) {
        protocol_.answer();
    }
    if (protocol_.state() == State::connected) {
        hold_back_or_go_on();
    }
}

void Connection::ring(Instant now) {
    if (protocol_.state() == State::leaving) {
        listener_.connections_.remove(ticket_.connection);
        return;
    }
    const Cork cork(*this);
    switch (protocol_.state()) {
        case State::greeting:
        case State::claiming:
            protocol_.close_without_packet("no_first_byte");
            break;
        case State::connected:
            if (now >= unread_until()) {
                protocol_.close_without_packet("not_reading");
            } else if (now >= silent_until()) {
                protocol_.close({Reason::keep_alive_timeout, "silent for too long"},
                                protocol_.keepalive_seconds() > 0 ? "keepalive" : "idle");
            } else if (now >= unfinished_until()) {
                protocol_.close({Reason::administrative_action, "a packet that does not come to its end"},
                                "unfinished");
            } else {
                watch();
            }
            break;
        case State::draining:
        case State::leaving:
            break;
    }
}

void Connection::connecting(const Protocol::Claim& wanted) {
    listener_.exchange_.claim(wanted.client_id, wanted.start, ticket_);
    if (protocol_.is_waiting()) {
        pausing_ = Pausing::waiting;
        transport_->pause();
        cancel();
    }
}

void Connection::welcome(const Sessions::Claim& claim) {
    const Cork cork(*this);
    const bool waits = claim.session.undecided == Session::Undecided::elsewhere;
    protocol_.welcome(claim.session, claim.present, waits ? Protocol::Then::wait : Protocol::Then::go_on);
    if (claim.before != nullptr) {
        claim.before->take_over(claim.present);
    }
    last_packet_ = listener_.loop_.now();
    if (waits) {
        return;
    }
    if (pausing_ == Pausing::waiting) {
        go_on();
    } else {
        watch();
    }
}

void Connection::go_on() {
    if (pausing_ != Pausing::waiting || protocol_.state() != State::connected) {
        return;
    }
    const Cork cork(*this);
    pausing_ = Pausing::none;
    last_packet_ = listener_.loop_.now();  // what the client sent meanwhile was not read
    const std::uint32_t packets_before = protocol_.packets();
    protocol_.go_on();
    if (protocol_.state() != State::leaving) {
        transport_->resume();
        watch();
    }
    if (protocol_.state() == State::connected) {
        note_progress(packets_before);
        hold_back_or_go_on();
    }
}

void Connection::be_superseded() {
    if (is_claiming()) {
        protocol_.close_without_packet(portillon::mqtt::cause_of(Reason::session_taken_over));
    }
}

void Connection::published(Payload payload, Qos qos, std::uint64_t exchange) {
    Ticket ticket = ticket_;
    ticket.exchange = qos == Qos::at_least_once ? exchange : no_answer;
    if (qos == Qos::exactly_once) {
        ticket = {session()->place, listener_.sessions_.generation(*session()), asked_by_session | exchange};
    }
    listener_.ingest_.arrived(payload, listener_, ticket);
}

void Connection::leaves(std::string_view cause) {
    if (!cause.empty()) {
        listener_.figures_.closed.add(cause);
    }
    fire_will();
    flush();
    release_session();
    transport_->shut();
    transport_->resume();
    listener_.loop_.timers().set(*this, listener_.loop_.now() + farewell_patience);
}

void Connection::leaves_without_packet(std::string_view cause) {
    listener_.figures_.closed.add(cause);
    fire_will();
    flush();
    release_session();
    transport_->close();
    listener_.loop_.timers().set(*this, listener_.loop_.now());
}

void Connection::release_session() {
    if (Session* const released = session(); released != nullptr) {
        const auto will = protocol_.will() == Protocol::Will::delayed ? Sessions::Will::left : Sessions::Will::settled;
        protocol_.settle_will();
        protocol_.forget_session();
        listener_.sessions_.release(*released, will);
    }
}

void Connection::fire_will() {
    if (protocol_.will() == Protocol::Will::left ||
        (protocol_.will() == Protocol::Will::delayed && session() == nullptr)) {
        protocol_.settle_will();
        listener_.sessions_.count_will();
    }
}

void Connection::flush() {
    if (cork_ != nullptr) {
        cork_->flush();
    }
}

// Back pressure: stops reading while the peer leaves too many answers unread, or, in version 3.1.1, while too many of
// its messages are undecided (a client of version 5 is bound by the receive maximum instead).
void Connection::hold_back_or_go_on() {
    flush();
    if (pausing_ == Pausing::waiting) {
        return;
    }
    Pausing now = Pausing::none;
    if (transport_->unsent() > most_unsent_bytes) {
        now = Pausing::unsent;
    } else if (protocol_.version() == Version::v3_1_1 && protocol_.unanswered() >= listener_.context_.receive_maximum) {
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
        last_packet_ = turn;  // what the client sent meanwhile was not read
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

// MQTT 5.0, 3.1.2.10: the client is silent after one and a half keep-alives. While the connection is paused it cannot
// tell.
Instant Connection::silent_until() const {
    if (pausing_ != Pausing::none) {
        return never;
    }
    if (protocol_.keepalive_seconds() > 0) {
        return last_packet_ + Nanos{std::chrono::seconds{protocol_.keepalive_seconds()}} * 3 / 2;
    }
    return listener_.limits_.idle > 0s ? last_packet_ + listener_.limits_.idle : never;
}

// A large packet may take its time as long as it grows: each KiB received gives it another second.
Instant Connection::unfinished_until() const {
    if (unfinished_since_ == never || pausing_ != Pausing::none) {
        return never;
    }
    const auto grown = std::chrono::seconds{protocol_.unfinished_bytes() / least_progress_bytes_per_s};
    return unfinished_since_ + listener_.limits_.first_byte + grown;
}

Instant Connection::unread_until() const {
    return unread_since_ == never ? never : unread_since_ + unread_patience;
}

}  // namespace portillon::server::listeners::mqtt
