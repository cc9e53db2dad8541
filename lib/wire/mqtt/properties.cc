#include "wire/mqtt/properties.h"

#include <array>

#include "base/check.h"
#include "wire/mqtt/cursor.h"
#include "wire/mqtt/topic.h"

namespace portillon::wire::mqtt {

namespace {

// One bit per packet type; bit 0, which no packet has, stands for the will.
constexpr unsigned bit(PacketType type) {
    return 1U << static_cast<unsigned>(type);
}
constexpr unsigned will = 1;
constexpr unsigned connect = bit(PacketType::connect);
constexpr unsigned connack = bit(PacketType::connack);
constexpr unsigned publish = bit(PacketType::publish);
constexpr unsigned subscribe = bit(PacketType::subscribe);
constexpr unsigned disconnect = bit(PacketType::disconnect);
constexpr unsigned auth = bit(PacketType::auth);
constexpr unsigned answers = bit(PacketType::puback) | bit(PacketType::pubrec) | bit(PacketType::pubrel) |
                             bit(PacketType::pubcomp) | bit(PacketType::suback) | bit(PacketType::unsuback);

struct Rule {
    bool known = false;
    PropertyType type = PropertyType::byte;
    unsigned packets = 0;
};

constexpr std::size_t ids = 0x2B;

// 5.0, table 2-4.
constexpr std::array<Rule, ids> rules = [] {
    std::array<Rule, ids> all{};
    const auto set = [&](PropertyId id, PropertyType type, unsigned packets) {
        all[static_cast<std::size_t>(id)] = {true, type, packets};
    };
    set(PropertyId::payload_format_indicator, PropertyType::byte, publish | will);
    set(PropertyId::message_expiry_interval, PropertyType::four_byte, publish | will);
    set(PropertyId::content_type, PropertyType::text, publish | will);
    set(PropertyId::response_topic, PropertyType::text, publish | will);
    set(PropertyId::correlation_data, PropertyType::binary, publish | will);
    set(PropertyId::subscription_identifier, PropertyType::variable, publish | subscribe);
    set(PropertyId::session_expiry_interval, PropertyType::four_byte, connect | connack | disconnect);
    set(PropertyId::assigned_client_identifier, PropertyType::text, connack);
    set(PropertyId::server_keep_alive, PropertyType::two_byte, connack);
    set(PropertyId::authentication_method, PropertyType::text, connect | connack | auth);
    set(PropertyId::authentication_data, PropertyType::binary, connect | connack | auth);
    set(PropertyId::request_problem_information, PropertyType::byte, connect);
    set(PropertyId::will_delay_interval, PropertyType::four_byte, will);
    set(PropertyId::request_response_information, PropertyType::byte, connect);
    set(PropertyId::response_information, PropertyType::text, connack);
    set(PropertyId::server_reference, PropertyType::text, connack | disconnect);
    set(PropertyId::reason_string, PropertyType::text, connack | answers | disconnect | auth);
    set(PropertyId::receive_maximum, PropertyType::two_byte, connect | connack);
    set(PropertyId::topic_alias_maximum, PropertyType::two_byte, connect | connack);
    set(PropertyId::topic_alias, PropertyType::two_byte, publish);
    set(PropertyId::maximum_qos, PropertyType::byte, connack);
    set(PropertyId::retain_available, PropertyType::byte, connack);
    set(PropertyId::user_property, PropertyType::pair, ~0U);
    set(PropertyId::maximum_packet_size, PropertyType::four_byte, connect | connack);
    set(PropertyId::wildcard_subscription_available, PropertyType::byte, connack);
    set(PropertyId::subscription_identifier_available, PropertyType::byte, connack);
    set(PropertyId::shared_subscription_available, PropertyType::byte, connack);
    return all;
}();

Property read_property(Reader& in) {
    const std::uint32_t id = in.variable();
    if (id >= ids || !rules[id].known) {
        in.fail(Reason::malformed_packet, "unknown property");
        return {};
    }
    Property property{.id = static_cast<PropertyId>(id), .number = 0, .text = {}, .value = {}};
    switch (rules[id].type) {
        case PropertyType::byte:
            property.number = in.byte();
            break;
        case PropertyType::two_byte:
            property.number = in.two_byte();
            break;
        case PropertyType::four_byte:
            property.number = in.four_byte();
            break;
        case PropertyType::variable:
            property.number = in.variable();
            break;
        case PropertyType::text:
            property.text = in.text();
            break;
        case PropertyType::binary:
            property.text = in.binary();
            break;
        case PropertyType::pair:
            property.text = in.text();
            property.value = in.text();
            break;
    }
    return property;
}

// Requires that the property is allowed and well-formed.
Violation check_range(const Property& property) {
    switch (property.id) {
        case PropertyId::receive_maximum:
        case PropertyId::maximum_packet_size:
        case PropertyId::subscription_identifier:
            if (property.number == 0) {
                return {Reason::protocol_error, "property must not be 0"};
            }
            break;
        case PropertyId::topic_alias:
            if (property.number == 0) {
                return {Reason::topic_alias_invalid, "topic alias 0"};
            }
            break;
        case PropertyId::response_topic:
            if (!is_topic_name(property.text)) {
                return {Reason::protocol_error, "response topic is no topic name"};
            }
            break;
        default:
            if (rules[static_cast<std::size_t>(property.id)].type == PropertyType::byte && property.number > 1) {
                return {Reason::protocol_error, "property must be 0 or 1"};
            }
    }
    return {};
}

Violation check_properties(std::span<const std::byte> raw, unsigned packet) {
    Reader in(raw);
    std::uint64_t seen = 0;
    while (in.left() > 0) {
        const Property property = read_property(in);
        if (in.violation()) {
            return in.violation();
        }
        const auto id = static_cast<std::size_t>(property.id);
        if ((rules[id].packets & packet) == 0) {  // 2.2.2.2
            return {Reason::malformed_packet, "property not allowed in this packet"};
        }
        const bool repeatable = property.id == PropertyId::user_property ||
                                (property.id == PropertyId::subscription_identifier && packet == publish);
        if ((seen >> id & 1) != 0 && !repeatable) {
            return {Reason::protocol_error, "property twice"};
        }
        seen |= std::uint64_t{1} << id;
        if (const Violation violation = check_range(property)) {
            return violation;
        }
    }
    const auto has = [&](PropertyId id) { return (seen >> static_cast<unsigned>(id) & 1) != 0; };
    if (has(PropertyId::authentication_data) && !has(PropertyId::authentication_method)) {
        return {Reason::protocol_error, "authentication data without method"};
    }
    return {};
}

}  // namespace

std::optional<PropertyType> type_of(PropertyId id) {
    const auto number = static_cast<std::size_t>(id);
    return number < ids && rules[number].known ? std::optional(rules[number].type) : std::nullopt;
}

Properties::Iterator Properties::begin() const {
    return Iterator(raw_);
}
Properties::Iterator Properties::end() const {
    return Iterator();
}

std::optional<std::uint32_t> Properties::number(PropertyId id) const {
    for (const Property& property : *this) {
        if (property.id == id) {
            return property.number;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
    for (const Property& property : *this) {
        if (property.id == id) {
            return property.text;
        }
    }
    return std::nullopt;
}

Property Properties::Iterator::operator*() const {
    Reader in(rest_);
    return read_property(in);
}

Properties::Iterator& Properties::Iterator::operator++() {
    Reader in(rest_);
    read_property(in);
    rest_ = rest_.last(in.left());
    return *this;
}

Violation parse_properties(std::span<const std::byte> raw, PacketType packet, Properties& into) {
    into = Properties(raw);
    return raw.empty() ? Violation{} : check_properties(raw, bit(packet));
}

Violation parse_will_properties(std::span<const std::byte> raw, Properties& into) {
    into = Properties(raw);
    return check_properties(raw, will);
}

PropertyList& PropertyList::add(PropertyId id, std::uint32_t number) {
    const std::optional<PropertyType> type = type_of(id);
    check(type && *type <= PropertyType::variable, "not a numeric property");
    std::byte bytes[5];
    Writer out(bytes);
    out.byte(static_cast<unsigned>(id));
    switch (*type) {
        case PropertyType::byte:
            check(number <= 0xFF, "property too large");
            out.byte(number);
            break;
        case PropertyType::two_byte:
            check(number <= 0xFFFF, "property too large");
            out.two_byte(number);
            break;
        case PropertyType::four_byte:
            out.four_byte(number);
            break;
        default:
            check(number <= largest_remaining_length, "property too large");
            out.variable(number);
    }
    raw_.insert(raw_.end(), static_cast<const std::byte*>(bytes), out.at());
    return *this;
}

PropertyList& PropertyList::add(PropertyId id, std::string_view text) {
    const std::optional<PropertyType> type = type_of(id);
    check(type == PropertyType::text || type == PropertyType::binary, "not a text property");
    check(text.size() <= 0xFFFF, "property too long");
    const std::size_t start = raw_.size();
    raw_.resize(start + 3 + text.size());
    Writer out(raw_.data() + start);
    out.byte(static_cast<unsigned>(id));
    out.text(text);
    return *this;
}

PropertyList& PropertyList::add(PropertyId id, std::string_view name, std::string_view value) {
    check(id == PropertyId::user_property, "not a pair");
    check(name.size() <= 0xFFFF && value.size() <= 0xFFFF, "property too long");
    const std::size_t start = raw_.size();
    raw_.resize(start + 5 + name.size() + value.size());
    Writer out(raw_.data() + start);
    out.byte(static_cast<unsigned>(id));
    out.text(name);
    out.text(value);
    return *this;
}

}  // namespace portillon::wire::mqtt
