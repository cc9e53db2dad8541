#pragma once

// The metrics to which a threshold may refer: the figures of a report, by the names that users write.

#include <array>
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
// The number of attempts that ended otherwise than acknowledged: failed dials, lost connections, batches without a good
// answer, whatever their causes (the sum of the report's `errors`).
inline constexpr std::string_view failed_attempts = "errors";

struct Metric {
    std::string name;  // "response", "lost", "generator.rss_bytes"
    Kind kind{};
    Reach reach = Reach::run;
    Known known = Known::at_end;
};

// All metrics, in the order of the report.
const std::vector<Metric>& metrics();

// k6's names for metrics of ours: http_req_duration, http_req_failed, iterations, checks.
struct Alias {
    std::string_view name, metric;
};
inline constexpr std::array<Alias, 4> aliases{{{"http_req_duration", "response"},
                                               {"http_req_failed", failed_attempts},
                                               {"iterations", "acknowledged"},
                                               {"checks", "acknowledged"}}};

// Also finds a metric by its alias. A tag is not part of a metric's name: "response{stage:peak}" finds response.
std::optional<Metric> find_metric(std::string_view name);

// "response, service, ...", for people: the metrics with this reach, or known at this time.
std::string names_of_metrics(Reach reach);
std::string names_of_metrics(Known known);

// For people: "31.2 ms" for a latency in us, "2.10 GB", "1,024", "0.0125".
std::string humanize_figure(Kind kind, double figure);

}  // namespace portillon::gate
