#include "drivers/mqtt/options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "drivers/mqtt/kind.h"

namespace portillon::drivers::mqtt {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Version;

TEST(MqttOptions, ReadsWhatTheSchemaAllows) {
    using nlohmann::json;
    const Options usual = read_options(json::object());
    EXPECT_EQ(usual.version, Version::v5);
    EXPECT_EQ(usual.qos, Qos::at_least_once);
    EXPECT_EQ(usual.keepalive_seconds, 60);
    EXPECT_EQ(usual.session_expiry_seconds, 600u);
    EXPECT_TRUE(usual.resumes());
    EXPECT_FALSE(read_options({{"qos", 0}}).resumes());
    EXPECT_FALSE(read_options({{"qos", 2}, {"session_expiry", "0s"}}).resumes());
    EXPECT_EQ(read_options({{"qos", 2}}).qos, Qos::exactly_once);
    EXPECT_EQ(read_options({{"session_expiry", "2h"}}).session_expiry_seconds, 7'200u);
    EXPECT_EQ(usual.topic, "validations/{equipment}");
    const Options other = read_options({{"version", "3.1.1"}, {"qos", 0}, {"keepalive", "18h"}, {"topic", "t"}});
    EXPECT_EQ(other.version, Version::v3_1_1);
    EXPECT_EQ(other.qos, Qos::at_most_once);
    EXPECT_EQ(other.keepalive_seconds, 64'800);
    EXPECT_EQ(other.topic, "t");
    EXPECT_EQ(read_options({{"version", "5"}}).version, Version::v5);
    EXPECT_EQ(read_options({{"keepalive", 0}}).keepalive_seconds, 0);
    EXPECT_EQ(read_options({{"keepalive", "0"}}).keepalive_seconds, 0);
    EXPECT_EQ(read_options({{"keepalive", "99h"}}).keepalive_seconds, 65'535);
}

TEST(MqttOptions, TakesNoTopicThatMqttForbids) {
    const auto schema = nlohmann::json::parse(kind().options_schema);
    const std::regex pattern(schema["properties"]["topic"]["pattern"].get<std::string>());
    const auto takes = [&](const std::string& topic) { return std::regex_search(topic, pattern); };
    EXPECT_TRUE(takes("validations/{equipment}"));
    EXPECT_TRUE(takes("$gates/Stra\u00dfe 1/0"));
    EXPECT_FALSE(takes("a/+/b"));
    EXPECT_FALSE(takes("a/#"));
    EXPECT_FALSE(takes(std::string("a\0b", 3)));
}

TEST(MqttOptions, ClientIdentifiersAreShortAndDistinct) {
    constexpr auto most = ~std::uint64_t{0};
    EXPECT_EQ(client_id(RunId{0}, EquipmentId{1}), "p00000000000e1");
    EXPECT_EQ(client_id(RunId{61}, EquipmentId{12}), "p0000000000ze12");
    EXPECT_EQ(client_id(RunId{most}, EquipmentId{4'294'967'295}), "pLygHa16AHYFe4294967295");
    EXPECT_EQ(client_id(RunId{most}, EquipmentId{4'294'967'295}).size(), 23u);
    std::set<std::string> ids;
    for (std::uint64_t run = 0; run < 100; ++run) {
        for (std::uint32_t equipment = 1; equipment <= 100; ++equipment) {
            const std::string id = client_id(RunId{most / (run + 1)}, EquipmentId{equipment});
            EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), id.npos);
            ids.insert(id);
        }
    }
    EXPECT_EQ(ids.size(), 10'000u);
}

TEST(MqttOptions, TheEquipmentsNumberStandsForItsPlaceholder) {
    const auto topic = [](const std::string& pattern) {
        std::string into = "before";
        write_topic(into, pattern, EquipmentId{42});
        return into;
    };
    EXPECT_EQ(topic("validations/{equipment}"), "validations/42");
    EXPECT_EQ(topic("{equipment}/{equipment}/x"), "42/42/x");
    EXPECT_EQ(topic("plain"), "plain");
    EXPECT_EQ(topic("{equipment"), "{equipment");
}

}  // namespace
}  // namespace portillon::drivers::mqtt
