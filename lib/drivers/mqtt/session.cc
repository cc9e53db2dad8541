#include "drivers/mqtt/session.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <initializer_list>

#include "base/check.h"
#include "drivers/mqtt/answer.h"
#include "mqtt/error.h"

namespace portillon::drivers::mqtt {

using portillon::mqtt::ClientConnection;
using portillon::mqtt::ClientError;
using portillon::mqtt::Start;
using portillon::mqtt::Terms;
using namespace wire::mqtt;  // the packets

namespace {

// Larger writes do not get cheaper, and bytes that the kernel does not take are kept in memory.
constexpr std::size_t most_written_at_once = 64 << 10;

constexpr std::size_t most_head_bytes = 5 + 2 + 65'535 + 2 + 1;  // of a PUBLISH without properties

// Back pressure: a server that leaves so many bytes of our answers unread is not read either.
constexpr std::size_t most_unsent_bytes = 64 << 10;

constexpr std::uint32_t packet_ids = 65'535;

constexpr Nanos passing_patience = 1s;

error_code timed_out() {
    return boost::asio::error::make_error_code(boost::asio::error::timed_out);
}

std::span<std::byte> grown(std::vector<std::byte>& buffer, std::size_t size) {
    if (buffer.size() < size) {
        buffer.resize(size);
    }
    return buffer;
}

std::uint16_t after(std::uint16_t packet_id) {
    return packet_id == 65'535 ? std::uint16_t{1} : static_cast<std::uint16_t>(packet_id + 1);
}

}  // namespace

Common::Common(net::Loop& its_loop, net::Dialer& its_dialer, Options its_options, RunId its_run)
    : driver::StreamCommon{its_loop, its_dialer}, options(std::move(its_options)), run(its_run) {
    connect_properties_.add(PropertyId::maximum_packet_size, ClientConnection::most_packet_bytes);
    passing_properties_ = connect_properties_;
    if (options.resumes()) {
        connect_properties_.add(PropertyId::session_expiry_interval, options.session_expiry_seconds);
        farewell_properties_.add(PropertyId::session_expiry_interval, 0);
    }
    topic_alias_.add(PropertyId::topic_alias, 1);
}

std::string_view Common::topic_of(EquipmentId equipment) {
    if (equipment != topic_of_ || topic_.empty()) {
        write_topic(topic_, options.topic, equipment);
        topic_of_ = equipment;
    }
    return topic_;
}

std::span<const std::byte> Common::connect_packet(EquipmentId equipment, Start start, Stay stay) {
    const std::string id = client_id(run, equipment);
    Connect packet;
    packet.version = options.version;
    packet.clean_start = start == Start::clean;
    packet.keep_alive_seconds = options.keepalive_seconds;
    packet.client_id = id;
    if (options.version == Version::v5) {
        packet.properties = (stay == Stay::passing ? passing_properties_ : connect_properties_).view();
    }
    const auto buffer = grown(out, encoded_size(packet));
    return buffer.first(encode(packet, buffer));
}

std::span<const std::byte> Common::disconnect_packet(Reason reason) {
    const Disconnect packet{reason, {}};
    const auto buffer = grown(out, encoded_size(packet, options.version));
    return buffer.first(encode(packet, options.version, buffer));
}

std::span<const std::byte> Common::farewell_packet() {
    const Disconnect packet{Reason::success, farewell_properties_.view()};
    const auto buffer = grown(out, encoded_size(packet, options.version));
    return buffer.first(encode(packet, options.version, buffer));
}

Session::Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
    : StreamSession(common, equipment, receipts), common_(common), connection_(common.options.version, Start::clean) {
    if (common.options.resumes() && common.options.version == Version::v3_1_1) {
        start_ = Start::resume;  // 3.1.1 keeps a session only if it did not start clean
    }
}

Session::~Session() {
    for (Flights* list : {&waiting_, &kept_, &in_flight_, &settled_}) {
        give_back_all(*list);
    }
}

void Session::greet() {
    connection_ = ClientConnection(common_.options.version, start_);
    outstanding_ = 0;
    alias_ = Alias::none;
    reading_ = Reading::on;
    wrote(common_.loop.now());
    transport().write(common_.connect_packet(equipment(), start_, stay_));
    kept_before_ = kept_by_server_;
    kept_by_server_ |= stay_ == Common::Stay::as_options_say && common_.options.resumes();
}

void Session::opened() {
    KeepAlive::begin();
}

void Session::offer(const driver::Batch& batch) {
    Flight& flight = common_.flights.take();
    flight = {};
    flight.body = batch.body;
    flight.first = batch.first;
    if (!takes_offer()) {
        settle(flight, Flight::End::broken, common_.loop.now());
        return;
    }
    const std::size_t payload_bytes = batch.body->size();
    Flight* const kept = find(kept_, [&](const Flight& each) { return each.first == batch.first; });
    if (!fits(payload_bytes) && (kept == nullptr || kept->stage == Flight::Stage::published)) {
        settle(flight, Flight::End::too_large, common_.loop.now());
        return;
    }
    flight.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
    if (kept != nullptr) {
        kept->body = batch.body;
        kept->payload_bytes = flight.payload_bytes;
        common_.flights.give_back(flight);
    } else {
        waiting_.push_back(flight);
    }
    write_soon();
}

void Session::abandon(Sequence first) {
    const auto wanted = [first](const Flight& flight) { return flight.first == first && flight.body != nullptr; };
    if (Flight* flight = take_first(waiting_, wanted)) {
        settle(*flight, Flight::End::timed_out, common_.loop.now());
    } else if (Flight* kept = find(kept_, wanted)) {  // it was not sent on this connection either
        settle_copy(*kept, Flight::End::timed_out, common_.loop.now());
        kept->body = nullptr;
    } else if (Flight* sent = find(in_flight_, wanted)) {
        sent->end = Flight::End::timed_out;
        lost(timed_out());
    }
}

// On a passing connection the server closes first, so that TIME_WAIT is on its side: thousands of them in a row from
// one address would otherwise run out of ports. Its session ends with it in any case.
void Session::say_goodbye() {
    KeepAlive::end();
    const auto farewell = common_.farewell_packet();
    said_goodbye_ = farewell.size() <= most_packet_bytes_;
    if (said_goodbye_) {
        transport().write(farewell);
    }
    if (stay_ != Common::Stay::passing) {
        transport().shut();
    }
    transport().resume();
    if (common_.options.version == Version::v5) {
        start_ = Start::clean;
        forget_kept();
    }
}

void Session::parted(Goodbye goodbye) {
    if (goodbye == Goodbye::answered) {
        kept_by_server_ = kept_by_server_ && !(said_goodbye_ && common_.options.version == Version::v5);
    } else if (stay_ == Common::Stay::passing) {
        transport().reset();
    }
}

void Session::gone() {
    KeepAlive::end();
    if (connection_.refused()) {
        kept_by_server_ = kept_before_;
    }
}

net::Task<error_code> Session::forget(Instant deadline) {
    forget_kept();
    start_ = Start::clean;
    stay_ = Common::Stay::passing;
    const error_code error = common_.loop.now() < deadline ? co_await open(deadline) : timed_out();
    if (error == boost::asio::error::operation_aborted) {
        co_return error;  // the session was destroyed meanwhile
    }
    if (!error) {
        kept_by_server_ = false;
        co_await close(std::min(deadline, common_.loop.now() + passing_patience));
    }
    stay_ = Common::Stay::as_options_say;
    start_ = common_.options.resumes() && common_.options.version == Version::v3_1_1 ? Start::resume : Start::clean;
    co_return error;
}

void Session::connected(const Terms& terms) {
    if (common_.options.qos > terms.most_qos && stay_ == Common::Stay::as_options_say) {
        lost(Reason::qos_not_supported);
        return;
    }
    most_packet_bytes_ = terms.most_packet_bytes;
    receive_maximum_ = terms.receive_maximum;
    agree(terms.keepalive_seconds.value_or(common_.options.keepalive_seconds));
    alias_ = terms.topic_alias_maximum > 0 ? Alias::allowed : Alias::none;
    start_ = common_.options.resumes() ? Start::resume : Start::clean;
    if (!terms.session_present) {
        forget_kept();
        last_packet_id_ = 0;
        ids_known_free_ = 0;
    }
    greeted();
}

void Session::answered(PacketType type, std::uint16_t packet_id, Reason reason) {
    Flight* const flight = find(in_flight_, [packet_id](const Flight& each) { return each.packet_id == packet_id; });
    if (flight == nullptr) {
        answered_stray(type, packet_id, reason);
        return;
    }
    const bool exactly_once = common_.options.qos == Qos::exactly_once;
    const bool published = flight->stage == Flight::Stage::published;
    if (type == PacketType::puback) {
        finish(packet_id, exactly_once ? Flight::End::downgraded : Flight::End::answered, reason);
    } else if (!exactly_once || (type == PacketType::pubcomp && published)) {
        fail(connection_.complain(Reason::protocol_error));
    } else if (type == PacketType::pubcomp) {
        finish(packet_id, Flight::End::answered, Reason::success);  // 0x92: it was completed before
    } else if (!is_failure(reason)) {
        flight->stage = published ? Flight::Stage::released : flight->stage;
        acknowledge(PacketType::pubrel, packet_id, Reason::success);
    } else if (published) {
        finish(packet_id, Flight::End::answered, reason);
    } else {
        receipts().stray(ClientError::stray_answer);  // a refusal after an acceptance
    }
}

void Session::answered_stray(PacketType type, std::uint16_t packet_id, Reason reason) {
    receipts().stray(ClientError::stray_answer);
    if (type == PacketType::pubrec && !is_failure(reason)) {
        acknowledge(PacketType::pubrel, packet_id, Reason::packet_identifier_not_found);
    }
}

// Appends to the answers of this turn; they are written when all has been read.
void Session::acknowledge(PacketType type, std::uint16_t packet_id, Reason reason) {
    const Acknowledgement packet{type, packet_id, reason, {}};
    const std::size_t size = encoded_size(packet, common_.options.version);
    const auto room = grown(common_.out, answers_bytes_ + size).subspan(answers_bytes_);
    answers_bytes_ += static_cast<std::uint32_t>(encode(packet, common_.options.version, room));
}

void Session::finish(std::uint16_t packet_id, Flight::End end, Reason reason) {
    Flight& flight = *take_first(in_flight_, [packet_id](const Flight& each) { return each.packet_id == packet_id; });
    if (flight.stage != Flight::Stage::released_before) {
        --outstanding_;
    }
    flight.reason = reason;
    settle(flight, end, common_.loop.now());
}

// Says why, if MQTT can, and ends the connection.
void Session::fail(const error_code& error) {
    if (const auto complaint = connection_.complaint(); complaint && is_connected()) {
        transport().write(common_.disconnect_packet(*complaint));
    }
    lost(error);
}

void Session::pinged() {
    ping_answered();
}

void Session::take(std::span<const std::byte> bytes) {
    answers_bytes_ = 0;
    const error_code error = connection_.receive(bytes, *this);
    if (answers_bytes_ > 0 && is_connected()) {
        wrote(common_.loop.now());
        transport().write(std::span<const std::byte>(common_.out).first(answers_bytes_));
        if (transport().unsent() > most_unsent_bytes) {
            reading_ = Reading::paused;
            transport().pause();
        }
    }
    if (error) {
        fail(error);
    }
    if (!waiting_.empty() || !kept_.empty()) {
        write_soon();
    }
}

void Session::drained() {
    if (reading_ == Reading::paused) {
        reading_ = Reading::on;
        transport().resume();
    }
    if (!waiting_.empty() || !kept_.empty()) {
        write_soon();
    }
}

void Session::ping() {
    transport().write(pingreq);
}

void Session::ping_unanswered() {
    lost(ClientError::no_pingresp);
}

// The packet has the topic, or the alias that replaces it.
Publish Session::publish_of(const Flight& flight, Properties properties) {
    Publish packet;
    packet.topic = alias_ == Alias::set && !properties.empty() ? std::string_view() : common_.topic_of(equipment());
    packet.qos = common_.options.qos;
    packet.duplicate = flight.order > 0 && packet.qos != Qos::at_most_once;
    packet.packet_id = flight.packet_id;
    packet.properties = properties;
    return packet;
}

bool Session::fits(std::size_t payload_bytes) {
    Publish packet;
    packet.topic = common_.topic_of(equipment());
    packet.qos = common_.options.qos;
    return payload_bytes + most_head_bytes <= largest_packet_bytes &&
           publish_head_size(packet, common_.options.version, payload_bytes) + payload_bytes <= most_packet_bytes_;
}

struct Session::Filling {
    Flights flights;
    std::size_t used = 0;
};

void Session::write() {
    Filling filling;
    while (is_open() && transport().unsent() == 0) {
        filling.used = 0;
        fill(filling);
        if (filling.used == 0) {
            return;
        }
        const Instant now = common_.loop.now();
        wrote(now);
        transport().write(std::span<const std::byte>(common_.out).first(filling.used));
        while (!filling.flights.empty()) {
            Flight& flight = take_front(filling.flights);
            flight.sent = now;
            if (common_.options.qos == Qos::at_most_once) {
                settle(flight, Flight::End::sent, now);
            } else {
                in_flight_.push_back(flight);
            }
        }
    }
}

// Fills the shared buffer with as much as one write may hold. Resumed batches come first (4.4, 4.6).
void Session::fill(Filling& into) {
    const auto offered_again = [](const Flight& flight) { return flight.body != nullptr; };
    while (Flight* const flight = find(kept_, offered_again)) {
        if (!append(*flight, into)) {
            return;
        }
        into.flights.push_back(*take_first(kept_, offered_again));
    }
    while (!waiting_.empty() && append(waiting_.front(), into)) {
        into.flights.push_back(take_front(waiting_));
    }
}

// Returns false if the flight cannot be sent now, or not in this write.
bool Session::append(Flight& flight, Filling& into) {
    if (flight.stage == Flight::Stage::published) {
        return append_publish(flight, into);
    }
    const Acknowledgement packet{PacketType::pubrel, flight.packet_id, Reason::success, {}};
    const Version version = common_.options.version;
    const std::size_t size = encoded_size(packet, version);
    into.used += encode(packet, version, grown(common_.out, into.used + size).subspan(into.used));
    return true;
}

bool Session::append_publish(Flight& flight, Filling& into) {
    const Version version = common_.options.version;
    const bool identified = common_.options.qos != Qos::at_most_once;
    if (identified && (outstanding_ >= receive_maximum_ || !identify(flight, into))) {
        return false;
    }
    Publish packet = publish_of(flight, alias_ == Alias::none ? Properties() : common_.topic_alias());
    std::size_t head_bytes = publish_head_size(packet, version, flight.payload_bytes);
    if (head_bytes + flight.payload_bytes > most_packet_bytes_) {  // too large only because of the alias
        packet = publish_of(flight, {});
        head_bytes = publish_head_size(packet, version, flight.payload_bytes);
    }
    const std::size_t end = into.used + head_bytes + flight.payload_bytes;
    if (into.used > 0 && end > most_written_at_once) {
        return false;
    }
    const auto room = grown(common_.out, end).subspan(into.used);
    encode_publish_head(packet, version, flight.payload_bytes, room);
    flight.body->write_to(room.subspan(head_bytes, flight.payload_bytes));
    into.used = end;
    alias_ = packet.properties.empty() ? alias_ : Alias::set;
    if (identified) {
        ++outstanding_;
        flight.order = flight.order > 0 ? flight.order : ++sent_;
    }
    return true;
}

// Identifiers are assigned in ascending order, so that a late second PUBACK is not taken for that of another batch.
// The free ones are only computed now and then: from the last one assigned up to the next one in use, all are. Returns
// false if none is free.
bool Session::identify(Flight& flight, const Filling& into) {
    if (flight.packet_id > 0) {
        return true;
    }
    std::uint16_t next = after(last_packet_id_);
    for (std::uint32_t looked_at = 0; ids_known_free_ == 0; ++looked_at, next = after(next)) {
        if (looked_at == packet_ids) {
            return false;
        }
        std::uint32_t free = packet_ids;
        for (const Flights* list : std::initializer_list<const Flights*>{&in_flight_, &kept_, &into.flights}) {
            for (const Flight& each : *list) {
                free = std::min(free, (each.packet_id + packet_ids - next) % packet_ids);
            }
        }
        if (free > 0) {
            ids_known_free_ = static_cast<std::uint16_t>(free);
            break;
        }
    }
    flight.packet_id = next;
    last_packet_id_ = next;
    --ids_known_free_;
    return true;
}

// Receipts are told in deliver(), not here.
void Session::settle(Flight& flight, Flight::End end, Instant now) {
    flight.end = end;
    flight.settled = now;
    settled_.push_back(flight);
    note_settled();
}

void Session::settle_copy(const Flight& flight, Flight::End end, Instant now) {
    Flight& copy = common_.flights.take();
    copy = flight;
    settle(copy, end, now);
}

// Settles every batch as broken. Batches in flight are kept as well, without their bodies, so that the next connection
// can resume them when they are offered again; batches that were never sent are not.
void Session::break_all() {
    const Instant now = common_.loop.now();
    for (Flight& kept : kept_) {
        if (kept.body != nullptr) {
            settle_copy(kept, Flight::End::broken, now);
            kept.body = nullptr;
        }
    }
    while (!in_flight_.empty()) {
        Flight& flight = take_front(in_flight_);
        keep(flight);
        settle(flight, flight.end == Flight::End::timed_out ? Flight::End::timed_out : Flight::End::broken, now);
    }
    while (!waiting_.empty()) {
        settle(take_front(waiting_), Flight::End::broken, now);
    }
    outstanding_ = 0;
}

void Session::keep(const Flight& flight) {
    if (!common_.options.resumes()) {
        return;
    }
    Flight& kept = common_.flights.take();
    kept = flight;
    kept.body = nullptr;
    kept.sent = Instant{};
    kept.end = {};
    if (kept.stage == Flight::Stage::released) {
        kept.stage = Flight::Stage::released_before;
    }
    insert_in_order(kept_, kept);
}

void Session::forget_kept() {
    give_back_all(kept_);
}

void Session::give_back_all(Flights& list) {
    list.clear_and_dispose([this](Flight* flight) { common_.flights.give_back(*flight); });
}

driver::Settled Session::take_settled() {
    Flight& flight = take_front(settled_);
    const driver::Settled settled{flight.first, outcome_of(flight)};
    common_.flights.give_back(flight);
    return settled;
}

driver::Outcome Session::outcome_of(const Flight& flight) const {
    driver::Outcome outcome{.answer = driver::Answer::broken,
                            .cause = {},
                            .sent = flight.sent,
                            .answered = flight.settled,
                            .retry_after = {}};
    switch (flight.end) {
        case Flight::End::answered:
            outcome.answer = answer_of(flight.reason);
            if (outcome.answer != driver::Answer::acknowledged) {
                outcome.cause = flight.reason;
            }
            break;
        case Flight::End::sent:
            outcome.answer = driver::Answer::sent;
            break;
        case Flight::End::too_large:
            outcome.answer = driver::Answer::rejected;
            outcome.cause = boost::system::errc::make_error_code(boost::system::errc::message_size);
            break;
        case Flight::End::downgraded:
            outcome.answer = driver::Answer::rejected;
            outcome.cause = ClientError::qos_downgraded;
            break;
        case Flight::End::timed_out:
            outcome.answer = driver::Answer::timed_out;
            outcome.cause = timed_out();
            break;
        case Flight::End::broken:
            outcome.cause = cause();
            break;
    }
    return outcome;
}

}  // namespace portillon::drivers::mqtt
