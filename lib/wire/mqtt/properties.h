#pragma once

// The properties of MQTT 5 packets. Source: MQTT 5.0, 2.2.2.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wire/mqtt/framer.h"
#include "wire/mqtt/reason.h"

namespace portillon::wire::mqtt {

enum class PropertyId : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

// The type of a property's value; user_property is a pair of texts.
enum class PropertyType : std::uint8_t { byte, two_byte, four_byte, variable, text, binary, pair };

// Nothing for an identifier that MQTT 5 does not have.
std::optional<PropertyType> type_of(PropertyId id);

struct Property {
    PropertyId id{};
    std::uint32_t number = 0;  // of the numeric types
    std::string_view text;     // of text, binary (any bytes) and pair (its name)
    std::string_view value;    // of pair
    bool operator==(const Property&) const = default;
};

// Well-formed properties as they stand in a packet, without their length. A view.
class Properties {
public:
    class Iterator;

    Properties() = default;

    bool empty() const { return raw_.empty(); }
    Iterator begin() const;
    Iterator end() const;

    // The first property with that identifier.
    std::optional<std::uint32_t> number(PropertyId id) const;
    std::optional<std::string_view> text(PropertyId id) const;

    std::span<const std::byte> raw() const { return raw_; }

private:
    friend class PropertyList;
    friend Violation parse_properties(std::span<const std::byte>, PacketType, Properties&);
    friend Violation parse_will_properties(std::span<const std::byte>, Properties&);
    explicit Properties(std::span<const std::byte> raw) : raw_(raw) {}

    std::span<const std::byte> raw_;
};

class Properties::Iterator {
public:
    using value_type = Property;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(std::span<const std::byte> rest) : rest_(rest) {}
    Property operator*() const;
    Iterator& operator++();
    Iterator operator++(int) {
        Iterator old = *this;
        ++*this;
        return old;
    }
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

private:
    std::span<const std::byte> rest_;
};

// The whole of `raw` must be properties that this packet may have: known, allowed there, at most once each
// (user_property, and a PUBLISH's subscription_identifier, any number of times), within their ranges, texts valid UTF-8
// without U+0000. Nothing may follow them.
Violation parse_properties(std::span<const std::byte> raw, PacketType packet, Properties& into);
Violation parse_will_properties(std::span<const std::byte> raw, Properties& into);

// Properties to send; make a list once, use its view() often.
class PropertyList {
public:
    PropertyList& add(PropertyId id, std::uint32_t number);
    PropertyList& add(PropertyId id, std::string_view text);                          // text or binary
    PropertyList& add(PropertyId id, std::string_view name, std::string_view value);  // user_property
    Properties view() const { return Properties(raw_); }                              // valid until the next add()
    void clear() { raw_.clear(); }

private:
    std::vector<std::byte> raw_;
};

}  // namespace portillon::wire::mqtt
