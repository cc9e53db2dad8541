#include "wire/mqtt/properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"

namespace portillon::wire::mqtt {
namespace {

Reason reason_of(std::string_view raw, PacketType packet) {
    Properties properties;
    return parse_properties(bytes_of(raw), packet, properties).reason;
}

TEST(Properties, ReadBackAsAdded) {
    PropertyList list;
    list.add(PropertyId::session_expiry_interval, 0xFFFFFFFF)
        .add(PropertyId::receive_maximum, 20)
        .add(PropertyId::user_property, "a", "1")
        .add(PropertyId::request_problem_information, 1)
        .add(PropertyId::authentication_method, "SCRAM")
        .add(PropertyId::authentication_data, std::string_view("\0\xFF", 2))
        .add(PropertyId::user_property, "a", "");
    Properties properties;
    ASSERT_FALSE(parse_properties(list.view().raw(), PacketType::connect, properties));
    EXPECT_EQ(properties.number(PropertyId::receive_maximum), 20U);
    EXPECT_EQ(properties.number(PropertyId::session_expiry_interval), 0xFFFFFFFF);
    EXPECT_EQ(properties.text(PropertyId::authentication_data), std::string_view("\0\xFF", 2));
    EXPECT_EQ(properties.number(PropertyId::topic_alias_maximum), std::nullopt);
    EXPECT_EQ(properties.text(PropertyId::reason_string), std::nullopt);
    std::vector<Property> users;
    for (const Property& property : properties) {
        if (property.id == PropertyId::user_property) {
            users.push_back(property);
        }
    }
    EXPECT_THAT(users, testing::ElementsAre(Property{PropertyId::user_property, 0, "a", "1"},
                                            Property{PropertyId::user_property, 0, "a", ""}));
}

TEST(Properties, TakeSubscriptionIdentifiersOfEveryLength) {
    for (const std::uint32_t id : {1U, 127U, 128U, 16'384U, 2'097'152U, 268'435'455U}) {
        PropertyList list;
        list.add(PropertyId::subscription_identifier, id);
        Properties properties;
        ASSERT_FALSE(parse_properties(list.view().raw(), PacketType::subscribe, properties));
        EXPECT_EQ(properties.number(PropertyId::subscription_identifier), id);
    }
}

struct Row {
    std::string raw;
    PacketType packet;
    Reason reason;
};

TEST(Properties, RefuseWhatTheSpecificationForbids) {
    const auto raw = [](const char* text, std::size_t size) { return std::string(text, size); };
    const Row rows[] = {
        {"", PacketType::connect, Reason::success},
        {raw("\x21\x00\x01", 3), PacketType::connect, Reason::success},
        {raw("\x21\x00\x01", 3), PacketType::publish, Reason::malformed_packet},            // not allowed there
        {raw("\x21\x00\x00", 3), PacketType::connect, Reason::protocol_error},              // zero
        {raw("\x21\x00\x01\x21\x00\x01", 6), PacketType::connect, Reason::protocol_error},  // twice
        {raw("\x21\x00", 2), PacketType::connect, Reason::malformed_packet},
        {raw("\x00\x00", 2), PacketType::connect, Reason::malformed_packet},  // unknown
        {raw("\x2B\x00", 2), PacketType::connect, Reason::malformed_packet},
        {raw("\xFF\xFF\xFF\xFF\x01", 5), PacketType::connect, Reason::malformed_packet},
        {raw("\xA1\x00\x00\x01", 4), PacketType::connect, Reason::malformed_packet},  // identifier 0x21 in two bytes
        {raw("\x17\x02", 2), PacketType::connect, Reason::protocol_error},            // neither 0 nor 1
        {raw("\x24\x02", 2), PacketType::connack, Reason::protocol_error},
        {raw("\x27\x00\x00\x00\x00", 5), PacketType::connack, Reason::protocol_error},
        {raw("\x23\x00\x00", 3), PacketType::publish, Reason::topic_alias_invalid},
        {raw("\x0B\x00", 2), PacketType::subscribe, Reason::protocol_error},
        {raw("\x0B\x01\x0B\x02", 4), PacketType::subscribe, Reason::protocol_error},
        {raw("\x0B\x01\x0B\x02", 4), PacketType::publish, Reason::success},
        {raw("\x08\x00\x01#", 4), PacketType::publish, Reason::protocol_error},              // wildcard
        {raw("\x16\x00\x01x", 4), PacketType::auth, Reason::protocol_error},                 // data without method
        {raw("\x1F\x00\x01\x00", 4), PacketType::puback, Reason::malformed_packet},          // U+0000
        {raw("\x1F\x00\x01\xFF", 4), PacketType::puback, Reason::malformed_packet},          // not UTF-8
        {raw("\x1F\x00\x03\xED\xA0\x80", 6), PacketType::puback, Reason::malformed_packet},  // a surrogate
        {raw("\x1F\x00\x03\xEF\xBB\xBF", 6), PacketType::puback, Reason::success},           // U+FEFF is a character
        {raw("\x1F\x00\x05x", 4), PacketType::puback, Reason::malformed_packet},
        {raw("\x26\x00\x01x", 4), PacketType::puback, Reason::malformed_packet},  // half a pair
    };
    for (const Row& row : rows) {
        EXPECT_EQ(reason_of(row.raw, row.packet), row.reason) << testing::PrintToString(row.raw);
    }
}

TEST(Properties, OfAWillAreItsOwn) {
    Properties properties;
    EXPECT_FALSE(parse_will_properties(bytes_of(std::string_view("\x18\x00\x00\x00\x05", 5)), properties));
    EXPECT_EQ(properties.number(PropertyId::will_delay_interval), 5U);
    EXPECT_EQ(parse_will_properties(bytes_of(std::string_view("\x21\x00\x05", 3)), properties).reason,
              Reason::malformed_packet);
    EXPECT_EQ(reason_of(std::string("\x18\x00\x00\x00\x05", 5), PacketType::connect), Reason::malformed_packet);
}

TEST(Reason, IsCountedUnderItsNumber) {
    EXPECT_EQ(cause_name(Reason::quota_exceeded), "mqtt_0x97");
    EXPECT_TRUE(is_failure(Reason::unspecified_error));
    EXPECT_FALSE(is_failure(Reason::no_matching_subscribers));
}

}  // namespace
}  // namespace portillon::wire::mqtt
