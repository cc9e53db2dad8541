#pragma once

// The latencies of an account, each declared once, as the counts are in figures.h.

#include <array>
#include <optional>
#include <string_view>

#include "account/figures.h"
#include "stats/histogram.h"

namespace portillon::account {

// Every figure of a latency follows from these two. `unanswered` ranks above everything: generated - acknowledged for
// response, the undelivered for end_to_end, else 0.
struct Latency {
    stats::Histogram histogram;
    Count unanswered = 0;

    // What every format shows and every gate judges. What depends on values that never came is not known: while any is
    // unanswered there is no max, no mean and no stdev, and no percentile among them; above 24 h only the largest value
    // is known, so that there is no mean and no stdev either. Mean and stdev in ns.
    std::optional<Nanos> min() const;
    std::optional<Nanos> max() const;
    std::optional<double> mean() const;
    std::optional<double> stdev() const;
    std::optional<Nanos> percentile(double percent) const;

    // What a table shows where one of these is absent: "never", ">24 h", or "-" when there are no values at all.
    const char* word_for_absent() const;
};

struct Latencies {
    std::optional<Latency> response, service;  // absent at MQTT QoS 0
    std::optional<Latency> lateness;
    std::optional<Latency> end_to_end;  // absent without a ledger
    std::optional<Latency> connect, generator_lag;
};

struct LatencyFigure {
    std::string_view name;         // in the JSON report, in CSV, as a metric of thresholds
    std::string_view label;        // for people
    std::string_view explanation;  // for people
    Reach reach = Reach::run;
    Known known = Known::at_end;
    bool is_compared = false;  // whether `diff` compares it
    std::optional<Latency> Latencies::*member = nullptr;
};

// In the order of the report.
inline constexpr std::array<LatencyFigure, 6> latency_figures{{
    {"response", "response", "due to acknowledged: what the equipment's owner waits", Reach::stages, Known::live, true,
     &Latencies::response},
    {"service", "service", "sent to acknowledged: what network and server take", Reach::stages, Known::live, false,
     &Latencies::service},
    {"lateness", "lateness", "due to first sent: queueing in the equipment", Reach::stages, Known::live, false,
     &Latencies::lateness},
    {"end_to_end", "end to end", "due to delivered: until it is safe at the server", Reach::stages, Known::at_end, true,
     &Latencies::end_to_end},
    {"connect", "connect", "dialling to a usable session", Reach::run, Known::live, false, &Latencies::connect},
    {"generator_lag", "generator lag", "due to the generator turning to it: the tool's own lateness", Reach::run,
     Known::live, false, &Latencies::generator_lag},
}};

const LatencyFigure* find_latency(std::string_view name);

// The percentiles that every format tells.
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

// As if one histogram had recorded both; absent when one of them is.
void add(std::optional<Latency>& sum, const std::optional<Latency>& more);

}  // namespace portillon::account
