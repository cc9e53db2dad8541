#include "report/hdr_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>

#include "base/check.h"
#include "escape/formats.h"
#include "report/intervals.h"
#include "report/prose.h"
#include "stats/histogram_codec.h"

namespace portillon::report {

namespace {

constexpr double ns_per_ms = 1e6;
constexpr int ticks_per_half_distance = 5;
constexpr int reference_sub_buckets = 2048;
constexpr int reference_buckets = static_cast<int>(stats::Histogram::bucket_count / (reference_sub_buckets / 2)) - 1;

// Formats like Java's "%.Nf": takes the shortest digits that read back as `value` and rounds them half up, whereas C
// rounds the binary value half to even. `value` is finite and not negative.
std::string fixed(double value, int decimals) {
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    check(error == std::errc{}, "a double has at most 17 digits");
    std::string digits;
    const char* at = text;
    for (; at != end && *at != 'e'; ++at) {
        if (*at != '.') {
            digits += *at;
        }
    }
    const int exponent = std::atoi(std::string(at + 1, static_cast<const char*>(end)).c_str());
    // Here value = 0.DIGITS x 10^(exponent + 1).
    int whole = exponent + 1;
    if (whole < 0) {
        digits.insert(0, static_cast<std::size_t>(-whole), '0');
        whole = 0;
    }
    const auto kept = static_cast<std::size_t>(whole + decimals);
    const bool up = digits.size() > kept && digits[kept] >= '5';
    digits.resize(kept, '0');
    if (up) {
        std::size_t i = digits.size();
        while (i > 0 && digits[i - 1] == '9') {
            digits[--i] = '0';
        }
        if (i > 0) {
            ++digits[i - 1];
        } else {
            digits.insert(0, 1, '1');
            ++whole;
        }
    }
    const auto point = static_cast<std::size_t>(whole);
    return (point == 0 ? "0" : digits.substr(0, point)) + (decimals > 0 ? "." + digits.substr(point) : "");
}

std::string in_ms(double ns) {
    return fixed(std::max(ns, 0.0) / ns_per_ms, 3);  // only the clocks of two machines can make a negative value
}

double max_ns(const stats::Histogram& histogram) {
    return static_cast<double>(histogram.max().value_or(Nanos{0}).count());
}

// The percentile after `level`. Steps get smaller towards 100 %: each halving of the rest has the same number of steps.
double next_level(double level) {
    const auto half_distances = static_cast<int>(std::log(100.0 / (100.0 - level)) / std::log(2.0)) + 1;
    return level + 100.0 / (ticks_per_half_distance * std::pow(2.0, half_distances));
}

std::string distribution_line(double value_ns, double level, std::uint64_t total) {
    auto line = fmt::format("{:>12} {} {:>10}", in_ms(value_ns), fixed(level / 100.0, 12), total);
    if (level < 100.0) {
        line += fmt::format(" {:>14}", fixed(1 / (1.0 - level / 100.0), 2));
    }
    return line + '\n';
}

// Reads an RFC 3339 time in UTC as seconds since the epoch.
std::optional<std::int64_t> epoch_of(const std::string& started_at) {
    std::tm time{};
    const char* rest = ::strptime(started_at.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
    return rest == nullptr ? std::nullopt : std::optional<std::int64_t>(::timegm(&time));
}

// Says what the latency's histogram does not contain.
std::string missing(const Latency& latency) {
    std::string text;
    if (latency.unanswered > 0) {
        text += counted(latency.unanswered) + " never came, and rank above all of these";
    }
    if (const auto overflow = latency.histogram.overflow(); overflow > 0) {
        text += (text.empty() ? "" : "; ") + counted(overflow) + " above 24 h";
    }
    return text;
}

std::string log_line(std::string_view tag, double at_s, double length_s, const stats::Histogram& histogram,
                     const std::string& encoded) {
    return fmt::format("{}{},{},{},{}\n", tag.empty() ? "" : fmt::format("Tag={},", tag), fixed(at_s, 3),
                       fixed(length_s, 3), in_ms(max_ns(histogram)), encoded);
}

std::string response_lines(const RunReport& run, double from_s, std::string_view tag) {
    std::string text;
    for (const auto& interval : run.intervals) {
        if (const auto histogram = response_of(run, interval)) {
            text +=
                log_line(tag, from_s + interval.at_s, width_of(run, interval), *histogram, interval.response_histogram);
        }
    }
    return text;
}

std::string run_lines(const RunReport& run, double from_s, const account::LatencyFigure& chosen) {
    std::string comments = escape::log_comment(
        fmt::format("{} over {}{} to {}, run {}: the measurement is {}{}", run.scenario.name, run.protocol,
                    run.variant.empty() ? "" : " " + run.variant, run.target, run.run.empty() ? "unnamed" : run.run,
                    name_of(run.verdict.measurement), run.verdict.complete ? "" : ", incomplete"));
    std::string lines;
    for (const auto& figure : account::latency_figures) {
        const auto name = figure.name;
        const auto member = figure.member;
        const bool is_chosen = member == chosen.member;
        const auto tag = is_chosen ? std::string_view{} : name;
        const auto& latency = run.latency.*member;
        if (!latency) {
            comments +=
                escape::log_comment(fmt::format("{}{}: not measured", name, is_chosen ? " (without a tag)" : ""));
            continue;
        }
        const auto lacking = missing(*latency);
        if (is_chosen || !lacking.empty()) {
            comments += escape::log_comment(fmt::format("{}{}{}{}", name, is_chosen ? " (without a tag)" : "",
                                                        lacking.empty() ? "" : ": ", lacking));
        }
        const auto intervals = member == &Latencies::response ? response_lines(run, from_s, tag) : std::string{};
        if (!intervals.empty()) {
            lines += intervals;
        } else if (latency->histogram.count() > latency->histogram.overflow()) {
            lines +=
                log_line(tag, from_s, length_of(run), latency->histogram, stats::encode_deflated(latency->histogram));
        }
    }
    return comments + lines;
}

}  // namespace

std::string interval_log(const Entrant& entrant, const account::LatencyFigure& chosen) {
    std::string text = "#[Histogram log format version 1.3]\n";
    const auto base = epoch_of(entrant.runs.front()->context.started_at);
    if (base) {
        const auto seconds = fixed(static_cast<double>(*base), 3);
        text += fmt::format("#[StartTime: {} (seconds since epoch), {:%a %b %d %H:%M:%S UTC %Y}]\n", seconds,
                            fmt::gmtime(static_cast<std::time_t>(*base)));
        text += fmt::format("#[BaseTime: {} (seconds since epoch)]\n", seconds);
    }
    text += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";
    double after_s = 0;  // when the run before ended
    for (const auto* run : entrant.counting()) {
        const auto started = epoch_of(run->context.started_at);
        // Readers expect ascending time stamps, even if the wall clock was set back between the runs.
        const double from_s = std::max(after_s, base && started ? static_cast<double>(*started - *base) : 0.0);
        text += run_lines(*run, from_s, chosen);
        after_s = from_s + length_of(*run);
    }
    return text;
}

std::string percentile_distribution(const Latency& latency) {
    const auto& histogram = latency.histogram;
    const auto buckets = histogram.buckets();
    const auto total = histogram.count() + latency.unanswered;
    std::string text =
        fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    std::uint64_t so_far = 0;
    double level = 0;
    for (const auto& bucket : buckets) {
        const auto value = static_cast<double>(std::min(bucket.highest, *histogram.max()).count());
        so_far += bucket.count;
        const double reached = 100.0 * static_cast<double>(so_far) / static_cast<double>(total);
        // Write every level that lies in this bucket. Levels refer to all values, unanswered ones included. So the last
        // bucket ends with a level and 100 % only if no value ranks above it.
        while (reached >= level && level < 100.0) {
            text += distribution_line(value, level, so_far);
            level = so_far == total ? 100.0 : next_level(level);
        }
        if (so_far == total) {
            text += distribution_line(value, 100.0, so_far);
        }
    }
    const auto known = [&latency](std::optional<double> ns) {
        return ns ? in_ms(*ns) : std::string(latency.word_for_absent());
    };
    const bool none = total == 0;  // the reference implementation writes zeros then
    const auto max = latency.max();
    text += fmt::format("#[Mean    = {:>12}, StdDeviation   = {:>12}]\n", none ? in_ms(0) : known(latency.mean()),
                        none ? in_ms(0) : known(latency.stdev()));
    text += fmt::format("#[Max     = {:>12}, Total count    = {:>12}]\n",
                        none ? in_ms(0) : known(max ? std::optional(static_cast<double>(max->count())) : std::nullopt),
                        total);
    text += fmt::format("#[Buckets = {:>12}, SubBuckets     = {:>12}]\n", reference_buckets, reference_sub_buckets);
    if (const auto lacking = missing(latency); !lacking.empty()) {
        text += escape::log_comment(lacking);
    }
    return text;
}

}  // namespace portillon::report
