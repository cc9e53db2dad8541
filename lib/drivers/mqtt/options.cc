#include "drivers/mqtt/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

namespace portillon::drivers::mqtt {

namespace {

constexpr std::string_view placeholder = "{equipment}";

std::string_view digits_of(EquipmentId equipment, std::array<char, 10>& into) {
    const auto end = std::to_chars(into.data(), into.data() + into.size(), number_of(equipment)).ptr;
    return {into.data(), static_cast<std::size_t>(end - into.data())};
}

// Reads a duration in seconds, or the number 0.
std::int64_t read_seconds(const nlohmann::json& json, const char* key, std::int64_t otherwise, std::int64_t most) {
    const auto found = json.find(key);
    if (found == json.end()) {
        return otherwise;
    }
    const auto duration = found->is_string() ? parse_duration(found->get<std::string>()) : Nanos{0};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration.value_or(0s)).count();
    return std::clamp<std::int64_t>(seconds, 0, most);
}

}  // namespace

Options read_options(const nlohmann::json& json) {
    Options options;
    if (const auto version = json.find("version"); version != json.end() && *version == "3.1.1") {
        options.version = wire::mqtt::Version::v3_1_1;
    }
    options.qos = static_cast<wire::mqtt::Qos>(json.value("qos", 1));
    options.keepalive_seconds =
        static_cast<std::uint16_t>(read_seconds(json, "keepalive", options.keepalive_seconds, 65'535));
    options.session_expiry_seconds =
        static_cast<std::uint32_t>(read_seconds(json, "session_expiry", options.session_expiry_seconds, 0xFFFF'FFFE));
    options.topic = json.value("topic", options.topic);
    return options;
}

std::string client_id(RunId run, EquipmentId equipment) {
    constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string id = "p00000000000e";  // 11 digits hold 64 bits in base 62
    auto rest = static_cast<std::uint64_t>(run);
    for (std::size_t place = 11; place > 0; --place) {
        id[place] = letters[rest % letters.size()];
        rest /= letters.size();
    }
    std::array<char, 10> digits;
    return id.append(digits_of(equipment, digits));
}

void write_topic(std::string& into, const std::string& pattern, EquipmentId equipment) {
    std::array<char, 10> digits;
    const std::string_view number = digits_of(equipment, digits);
    into.clear();
    std::string_view rest = pattern;
    for (auto at = rest.find(placeholder); at != rest.npos; at = rest.find(placeholder)) {
        into.append(rest.substr(0, at)).append(number);
        rest.remove_prefix(at + placeholder.size());
    }
    into.append(rest);
}

}  // namespace portillon::drivers::mqtt
