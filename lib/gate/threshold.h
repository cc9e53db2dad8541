#pragma once

// A condition that a run must meet, in k6's syntax: an aggregate of a metric, a comparison and a bound ("p(95)<50ms",
// "count==0", "rate<0.01", "value<=2GB"). Spaces between the parts are allowed. The metric may be that of one stage of
// the traffic, by its name or its number from 1: "response{stage:peak}", "lost{stage:2}".

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "gate/metric.h"

namespace portillon::gate {

enum class Aggregate : unsigned char { percentile, avg, min, med, max, count, rate, value };
enum class Comparison : unsigned char { less, at_most, greater, at_least, equal, not_equal };

// by_default: in force because the scenario states none. A threshold that a user wrote always fails closed.
enum class Origin : unsigned char { written, by_default };

struct Threshold {
    Metric metric;
    std::string stage;       // empty: of the whole run
    std::string expression;  // as it was written
    Aggregate aggregate{};
    double percent = 0;  // percentile only
    Comparison comparison{};
    double bound = 0;  // us, bytes, or the bare number
    Origin origin = Origin::written;

    std::string metric_text() const { return stage.empty() ? metric.name : metric.name + "{stage:" + stage + "}"; }
    std::string text() const { return metric_text() + ": " + expression; }
};

// Reports every problem at once; the caller adds source, line and key, which it knows. The threshold has our name of
// the metric where k6's was written, and so in k6's sense: "iterations: rate>100", which k6 counts by the second,
// becomes "acknowledged_per_s: value>100".
Checked<Threshold> parse_threshold(std::string_view metric, std::string_view expression);

// The same for callers that only want to know whether the threshold is well formed.
Problems check_threshold(std::string_view metric, std::string_view expression);

// The problems of a metric alone, with or without a stage: "response", "lost{stage:2}".
Problems check_metric(std::string_view text);

// The index of the stage that is meant: by its name, else by its number, from 1.
std::optional<std::size_t> place_of_stage(const std::vector<std::string>& names, std::string_view meant);

// The message for a stage that is not among them.
std::string unknown_stage(const std::vector<std::string>& names, std::string_view meant);

// Reads "response: p(95)<50ms", the form of the option --threshold; problems name that option.
Checked<Threshold> parse_cli_threshold(std::string_view text);

// The thresholds of a run whose scenario states none: nothing lost, undelivered or rejected, and every equipment
// connected at least once.
const std::vector<Threshold>& default_thresholds();

// Whether a figure `observed` just now, in a run that continues, breaches the threshold whatever follows. A count and a
// maximum only grow, a minimum only falls, so a bound in the direction of their movement may still be reached.
// Percentiles, means and rates move both ways and are judged as they are now, except that equality may still be
// reached.
bool is_breached_for_good(const Threshold& threshold, double observed);

// Whether it ever can be, so that abortOnFail makes sense.
bool can_be_breached_early(const Threshold& threshold);

// A report's figure: a value, or the reason why there is none.
struct Figure {
    std::optional<double> value;
    std::string absent_because;  // "no samples"; only when there is no value
    std::string beyond = {};     // "never", ">24 h": absent because it is above everything
};
using Figures = std::function<Figure(const Threshold&)>;

enum class Outcome : unsigned char { passed, breached, no_data };

struct Judgement {
    Outcome outcome{};
    std::optional<double> observed;  // us, bytes, or the bare number
    std::string reason;              // why it did not pass; empty when it did
};

// Fails closed: a figure that is absent or not a number never passes, whatever the comparison.
Judgement judge(const Threshold& threshold, const Figures& figures);

}  // namespace portillon::gate
