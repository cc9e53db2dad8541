#pragma once

// One line a run must keep, in k6's syntax: an aggregate of a metric, a comparison and a bound ("p(95)<50ms",
// "count==0", "rate<0.01", "value<=2GB"). Spaces between the parts are allowed. A metric may be that of one stage of
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

// by_default: in force because nobody wrote any. A threshold that someone wrote always fails closed.
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

// Every problem at once; source, line and key of the problems are left to the caller, who knows them.
Checked<Threshold> parse_threshold(std::string_view metric, std::string_view expression);

// The same, for those who only want to know whether it is well formed.
Problems check_threshold(std::string_view metric, std::string_view expression);

// The place, from 0, of the stage that is meant: by its name, else by its number, from 1.
std::optional<std::size_t> place_of_stage(const std::vector<std::string>& names, std::string_view meant);

// For a stage that is not among them.
std::string unknown_stage(const std::vector<std::string>& names, std::string_view meant);

// "response: p(95)<50ms", as the option --threshold takes it; problems name that option.
Checked<Threshold> parse_cli_threshold(std::string_view text);

// Those that judge a run whose scenario states none: nothing lost, undelivered or rejected, and every equipment
// connected at least once.
const std::vector<Threshold>& default_thresholds();

// Whether a figure that has just been `observed` in a run that still goes on breaches the threshold however it goes on.
// A count and a maximum only grow, a minimum only falls: a bound on the side to which they move can still be reached.
// Percentiles, means and rates move both ways and are judged as they stand, but for equality, which they may yet reach.
bool is_breached_for_good(const Threshold& threshold, double observed);

// Whether it ever can be, so that abortOnFail has a meaning.
bool can_be_breached_early(const Threshold& threshold);

// What a report knows: a value, or why there is none.
struct Figure {
    std::optional<double> value;
    std::string absent_because;  // "no samples"; only when there is no value
    std::string beyond = {};     // "never", ">24 h": it is absent because it is above everything
};
using Figures = std::function<Figure(const Threshold&)>;

enum class Outcome : unsigned char { passed, breached, no_data };

struct Judgement {
    Outcome outcome{};
    std::optional<double> observed;  // us, bytes, or the bare number
    std::string reason;              // why it did not pass; empty when it did
};

// Fails closed: what is absent or not a number never passes, whatever the comparison.
Judgement judge(const Threshold& threshold, const Figures& figures);

}  // namespace portillon::gate
