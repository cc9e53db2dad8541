#pragma once

// The latencies of an account, each declared once, like the counts in figures.h.

#include <array>
#include <optional>
#include <string_view>

#include "account/figures.h"
#include "stats/histogram.h"

namespace portillon::account {

// All figures of a latency follow from its histogram and from `unanswered`, the number of validations without a value,
// which rank above every value: generated - acknowledged for response, undelivered for end_to_end, otherwise 0.
struct Latency {
    stats::Histogram histogram;
    Count unanswered = 0;

    // The figures that every format shows and every gate judges. A figure is absent if it depends on values that are
    // not known. With unanswered validations there is no max, no mean, no stdev, and no percentile that falls among
    // them. Of values above 24 h only the largest is known, so there is no mean and no stdev either. Mean and stdev are
    // in ns.
    std::optional<Nanos> min() const;
    std::optional<Nanos> max() const;
    std::optional<double> mean() const;
    std::optional<double> stdev() const;
    std::optional<Nanos> percentile(double percent) const;

    // The word that a table shows for an absent figure: "never", ">24 h", or "-" if there are no values at all.
    const char* word_for_absent() const;
};

struct Latencies {
    std::optional<Latency> response, service;  // absent if nothing is acknowledged (MQTT QoS 0)
    std::optional<Latency> lateness;
    std::optional<Latency> end_to_end;  // absent without a ledger
    std::optional<Latency> connect, generator_lag;
};

struct LatencyFigure {
    std::string_view name;         // in the JSON report, in CSV, as a metric of thresholds
    std::string_view label;        // its name for readers of a report
    std::string_view explanation;  // for readers of a report
    Reach reach = Reach::run;
    Known known = Known::at_end;
    bool is_compared = false;  // whether `diff` compares it
    std::optional<Latency> Latencies::*member = nullptr;
};

// The latencies in the order of the report.
inline constexpr std::array<LatencyFigure, 6> latency_figures{{
    {"response", "response", "due to acknowledged: what the equipment's owner waits", Reach::stages, Known::live, true,
     &Latencies::response},
    {"service", "service", "sent to acknowledged: what network and server take", Reach::stages, Known::live, false,
     &Latencies::service},
    {"lateness", "send delay", "due to first sent: queueing in the equipment", Reach::stages, Known::live, false,
     &Latencies::lateness},
    {"end_to_end", "end to end", "due to delivered: until it is safe at the server", Reach::stages, Known::at_end, true,
     &Latencies::end_to_end},
    {"connect", "connect", "dialling to a usable session", Reach::run, Known::live, false, &Latencies::connect},
    {"generator_lag", "scheduling delay", "due to the generator turning to it: the tool's own delay", Reach::run,
     Known::live, false, &Latencies::generator_lag},
}};

const LatencyFigure* find_latency(std::string_view name);

// The percentiles that every format shows.
struct Percentile {
    std::string_view key;  // "p99_9_us"
    double percent;
};
inline constexpr std::array<Percentile, 7> percentiles{{{"p50_us", 50},
                                                        {"p75_us", 75},
                                                        {"p90_us", 90},
                                                        {"p95_us", 95},
                                                        {"p99_us", 99},
                                                        {"p99_9_us", 99.9},
                                                        {"p99_99_us", 99.99}}};

// Makes `sum` the latency of both, as if one histogram had recorded all values; absent if either is absent.
void add(std::optional<Latency>& sum, const std::optional<Latency>& more);

}  // namespace portillon::account
