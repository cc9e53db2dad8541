#pragma once

// The metrics to which a threshold may refer: the figures of a report, by the names that users write.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.h"

namespace portillon::gate {

enum class Kind : unsigned char {
    latency,  // a histogram: p(N), avg, min, med, max; in us; bounds are durations (a bare number: ms, as in k6)
    counter,  // count, and rate = count / generated
    number,   // value, in the unit of its name
    bytes,    // value; bounds may be sizes such as 2GB
};

using account::Known;
using account::Reach;

// The number of failed dials, whatever their causes (account::Fleet::connect_failures).
inline constexpr std::string_view failed_dials = "connect_failures";

struct Metric {
    std::string name;  // "response", "lost", "generator.rss_bytes"
    Kind kind{};
    Reach reach = Reach::run;
    Known known = Known::at_end;
};

// All metrics, in the order of the report.
const std::vector<Metric>& metrics();

// A tag is not part of a metric's name: "response{stage:peak}" finds response.
std::optional<Metric> find_metric(std::string_view name);

// "response, service, ...", for people: the metrics with this reach, or known at this time.
std::string names_of_metrics(Reach reach);
std::string names_of_metrics(Known known);

// For people: "31.2 ms" for a latency in us, "2.10 GB", "1,024", "0.0125".
std::string humanize_figure(Kind kind, double figure);

}  // namespace portillon::gate
