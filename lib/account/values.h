#pragma once

// The figures of an account besides counts and latencies: rates, and the resources that generator and server used. Each
// is declared once, like the counts in figures.h.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "account/figures.h"

namespace portillon::account {

struct Throughput {
    std::optional<double> due_per_s, acknowledged_per_s, delivered_per_s;
};

// The resources that one side used. Costs per validation are per acknowledged one; if the protocol acknowledges
// nothing, per sent one.
struct Resources {
    std::optional<double> cpu_s, connect_cpu_s, cpu_us_per_validation;
    std::optional<double> rss_bytes;
    // rss_growth_bytes: how much the side's private memory (without code and ledger, which are shared) has grown from
    // before there was a fleet to the end of the drain, when all are still connected. rss_bytes_per_equipment: that
    // growth divided by the most equipments connected at once. Both are absent if the growth cannot be known: for a
    // server that had clients before, or if processes died meanwhile. In older reports growth is absent, and
    // rss_bytes_per_equipment is rss_bytes divided by all equipments.
    std::optional<double> rss_growth_bytes, rss_bytes_per_equipment;
    std::optional<double> shards;
};

struct Costs {
    std::optional<Resources> generator;
    std::optional<Resources> server;  // absent if nothing is known of the server's processes
    std::string note;  // a hint for reading the costs (on loopback: which side softirq time is counted for), or empty
};

// The bytes that crossed the sockets of the generator, in both directions.
struct Wire {
    std::optional<double> bytes_sent, bytes_received, bytes_per_validation;
    std::optional<double> payload_bytes = 0;  // of one validation
    std::string encoding;                     // "json", "protobuf"
};

struct Fleet {
    std::map<std::string, Count> connect_failures = {};  // dials, by cause
    // From the first dial until every equipment had been connected once; absent if one never was.
    std::optional<double> connecting_s = {};
};

enum class Amount : std::uint8_t { per_second, seconds, microseconds, bytes, mean_bytes, processes };

// Whether a report writes the value as a whole number.
constexpr bool is_whole(Amount amount) {
    return amount == Amount::processes || amount == Amount::bytes;
}

template <class Owner>
struct ValueFigure {
    std::string_view name;         // in the JSON report, in CSV, as a metric of thresholds
    std::string_view label;        // a short name for readers of a report
    std::string_view explanation;  // for readers of a report
    Amount amount{};
    bool is_compared = false;  // whether `diff` compares it
    std::optional<double> Owner::*member = nullptr;
};

// The values in the order of the report.
inline constexpr std::array<ValueFigure<Throughput>, 3> throughput_figures{{
    {"due_per_s", "due per s", "validations due", Amount::per_second, false, &Throughput::due_per_s},
    {"acknowledged_per_s", "acknowledged per s", "acknowledged", Amount::per_second, true,
     &Throughput::acknowledged_per_s},
    {"delivered_per_s", "delivered per s", "delivered", Amount::per_second, true, &Throughput::delivered_per_s},
}};

inline constexpr std::array<ValueFigure<Resources>, 7> resource_figures{{
    {"cpu_s", "CPU", "CPU from the start to the end of the drain", Amount::seconds, false, &Resources::cpu_s},
    {"connect_cpu_s", "CPU to connect", "CPU while connecting", Amount::seconds, false, &Resources::connect_cpu_s},
    {"cpu_us_per_validation", "CPU/validation", "CPU a validation", Amount::microseconds, true,
     &Resources::cpu_us_per_validation},
    {"rss_bytes", "memory", "memory", Amount::bytes, false, &Resources::rss_bytes},
    {"rss_growth_bytes", "memory growth", "of which since before the fleet was there, and their own", Amount::bytes,
     false, &Resources::rss_growth_bytes},
    {"rss_bytes_per_equipment", "memory/equip.", "that by the equipments connected", Amount::bytes, true,
     &Resources::rss_bytes_per_equipment},
    {"shards", "processes", "processes", Amount::processes, false, &Resources::shards},
}};

inline constexpr std::array<ValueFigure<Wire>, 4> wire_figures{{
    {"bytes_sent", "bytes sent", "by the generator", Amount::bytes, false, &Wire::bytes_sent},
    {"bytes_received", "bytes received", "by the generator", Amount::bytes, false, &Wire::bytes_received},
    {"bytes_per_validation", "bytes/validation", "on the wire, both ways", Amount::mean_bytes, true,
     &Wire::bytes_per_validation},
    {"payload_bytes", "payload", "of one validation, before encoding", Amount::bytes, false, &Wire::payload_bytes},
}};

inline constexpr std::array<ValueFigure<Fleet>, 1> fleet_figures{{
    {"connecting_s", "connecting", "from the first dial until each had been connected", Amount::seconds, false,
     &Fleet::connecting_s},
}};

template <class Figures>
constexpr auto find_value(const Figures& figures, std::string_view name) -> decltype(figures.data()) {
    for (const auto& figure : figures) {
        if (figure.name == name) {
            return &figure;
        }
    }
    return nullptr;
}

struct Side {
    std::string_view name;
    std::optional<Resources> Costs::*member;
};
inline constexpr std::array<Side, 2> sides{{{"generator", &Costs::generator}, {"server", &Costs::server}}};

}  // namespace portillon::account
