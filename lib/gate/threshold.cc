#include "gate/threshold.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/units.h"
#include "gate/pattern.h"

namespace portillon::gate {

namespace {

struct NamedComparison {
    std::string_view text;
    Comparison comparison;
};

// Longer ones first, because the first that matches is taken.
constexpr std::array<NamedComparison, 7> comparisons{{{"===", Comparison::equal},  // k6 knows it too
                                                      {"==", Comparison::equal},
                                                      {"!=", Comparison::not_equal},
                                                      {"<=", Comparison::at_most},
                                                      {">=", Comparison::at_least},
                                                      {"<", Comparison::less},
                                                      {">", Comparison::greater}}};

struct NamedAggregate {
    std::string_view text;
    Aggregate aggregate;
};

constexpr std::array<NamedAggregate, 7> aggregates{{{"avg", Aggregate::avg},
                                                    {"min", Aggregate::min},
                                                    {"med", Aggregate::med},
                                                    {"max", Aggregate::max},
                                                    {"count", Aggregate::count},
                                                    {"rate", Aggregate::rate},
                                                    {"value", Aggregate::value}}};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

std::string_view allowed_aggregates(Kind kind) {
    switch (kind) {
        case Kind::latency:
            return "p(N), avg, min, med, max";
        case Kind::counter:
            return "count, rate";
        case Kind::number:
        case Kind::bytes:
            break;
    }
    return "value";
}

bool fits(Aggregate aggregate, Kind kind) {
    switch (aggregate) {
        case Aggregate::count:
        case Aggregate::rate:
            return kind == Kind::counter;
        case Aggregate::value:
            return kind == Kind::number || kind == Kind::bytes;
        default:
            return kind == Kind::latency;
    }
}

Problem unknown_metric(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& metric : metrics()) {
        names.push_back(metric.name);
    }
    // A user who leaves out the side means the generator's or the server's with equal likelihood.
    auto meant = find_metric(fmt::format("generator.{}", name)) ? fmt::format("generator.{0}\" or \"server.{0}", name)
                                                                : did_you_mean(std::string(name), names);
    if (!meant.empty()) {
        meant = fmt::format("did you mean \"{}\"? ", meant);
    }
    return {.source = {},
            .key = {},
            .message = fmt::format("unknown metric \"{}\" ({}allowed: {})", name, meant, fmt::join(names, ", "))};
}

std::optional<double> bound_of(Kind kind, Aggregate aggregate, std::string_view text) {
    const auto bare = number(text);
    if (kind == Kind::latency) {
        if (bare) {
            return *bare * 1e3;
        }
        const auto duration = parse_duration(text);
        return duration ? std::optional(static_cast<double>(duration->count()) / 1e3) : std::nullopt;
    }
    if (kind == Kind::bytes && aggregate == Aggregate::value && !bare) {
        const auto bytes = parse_bytes(text);
        return bytes ? std::optional(static_cast<double>(bytes->count)) : std::nullopt;
    }
    return bare;
}

std::string_view allowed_bounds(Kind kind) {
    switch (kind) {
        case Kind::latency:
            return "a duration such as 50ms or 1.5s; a bare number is in ms";
        case Kind::bytes:
            return "a size such as 500kB or 2GB, or a number of bytes";
        case Kind::counter:
        case Kind::number:
            break;
    }
    return "a number";
}

// Reads the aggregate into `threshold`; returns what is wrong with it, or an empty text.
std::string read_aggregate(std::string_view text, Threshold& threshold) {
    if (text.starts_with("p(") && text.ends_with(")")) {
        const auto digits = trimmed(text.substr(2, text.size() - 3));
        const auto percent = digits.find_first_not_of("0123456789.") == digits.npos ? number(digits) : std::nullopt;
        if (!percent || *percent < 0 || *percent > 100) {
            return fmt::format("\"{}\" is not a percentile (allowed: p(0) to p(100), as in p(99.9))", text);
        }
        threshold.aggregate = Aggregate::percentile;
        threshold.percent = *percent;
        return {};
    }
    for (const auto& named : aggregates) {
        if (named.text == text) {
            threshold.aggregate = named.aggregate;
            return {};
        }
    }
    return fmt::format("unknown aggregate \"{}\"", text);
}

bool holds(Comparison comparison, double observed, double bound) {
    switch (comparison) {
        case Comparison::less:
            return observed < bound;
        case Comparison::at_most:
            return observed <= bound;
        case Comparison::greater:
            return observed > bound;
        case Comparison::at_least:
            return observed >= bound;
        case Comparison::equal:
            return observed == bound;
        case Comparison::not_equal:
            return observed != bound;
    }
    return false;
}

// Reads the stage of "response{stage:peak}" into `threshold`; returns what is wrong with it, or an empty text.
std::string read_stage(std::string_view text, const std::optional<Metric>& metric, Threshold& threshold) {
    const auto brace = text.find('{');
    if (brace == std::string_view::npos) {
        return {};
    }
    constexpr const char* form = "(allowed: METRIC{stage:NAME}, as in response{stage:peak} or response{stage:2})";
    const auto colon = text.find(':', brace);
    if (!text.ends_with('}') || colon == std::string_view::npos) {
        return fmt::format("\"{}\" has no tag that can be read {}", text, form);
    }
    const auto tag = trimmed(text.substr(brace + 1, colon - brace - 1));
    threshold.stage = trimmed(text.substr(colon + 1, text.size() - colon - 2));
    if (tag != "stage") {
        return fmt::format("unknown tag \"{}\" {}", tag, form);
    }
    if (threshold.stage.empty()) {
        return fmt::format("\"{}\" names no stage {}", text, form);
    }
    if (metric && metric->reach != Reach::stages) {
        return fmt::format("{} is not known of each stage (allowed with a stage: {})", metric->name,
                           names_of_metrics(Reach::stages));
    }
    return {};
}

// Reads the metric and its stage into `threshold`. Returns the metric, or nothing if there is none of that name.
std::optional<Metric> read_metric(std::string_view text, Threshold& threshold, Problems& problems) {
    const auto name = trimmed(text.substr(0, text.find('{')));
    const auto metric = find_metric(name);
    if (metric) {
        threshold.metric = *metric;
    } else {
        problems.push_back(unknown_metric(name));
    }
    if (auto wrong = read_stage(trimmed(text), metric, threshold); !wrong.empty()) {
        problems.push_back({.source = {}, .key = {}, .message = std::move(wrong)});
    }
    return metric;
}

// k6's rate of iterations is by the second; ours of acknowledged is a share.
void read_rate_of_iterations(std::string_view name, Threshold& threshold) {
    if (name == "iterations" && threshold.aggregate == Aggregate::rate) {
        threshold.metric = *find_metric("acknowledged_per_s");
        threshold.aggregate = Aggregate::value;
        threshold.expression = "value" + threshold.expression.substr(std::string_view("rate").size());
    }
}

}  // namespace

Problems check_metric(std::string_view text) {
    Problems problems;
    Threshold ignored;
    read_metric(text, ignored, problems);
    return problems;
}

Checked<Threshold> parse_threshold(std::string_view metric_name, std::string_view expression) {
    Problems problems;
    const auto problem = [&problems](std::string message) {
        problems.push_back({.source = {}, .key = {}, .message = std::move(message)});
    };
    Threshold threshold;
    const auto metric = read_metric(metric_name, threshold, problems);
    threshold.expression = trimmed(expression);
    const std::string_view text = threshold.expression;
    const auto at = text.find_first_of("<>=!");
    const NamedComparison* found = nullptr;
    for (const auto& named : comparisons) {
        if (found == nullptr && at != std::string_view::npos && text.substr(at).starts_with(named.text)) {
            found = &named;
        }
    }
    if (found == nullptr) {
        problem(fmt::format(
            "\"{}\" compares nothing (allowed: AGGREGATE OPERATOR BOUND as in {}; operators <, <=, >, >=, ==, !=)",
            text, metric && metric->kind != Kind::latency ? "count==0 or value<100" : "p(95)<50ms"));
        return problems;
    }
    threshold.comparison = found->comparison;
    if (auto wrong = read_aggregate(trimmed(text.substr(0, at)), threshold); !wrong.empty()) {
        const auto allowed =
            metric ? fmt::format(" (allowed for {}: {})", metric->name, allowed_aggregates(metric->kind)) : "";
        problem(wrong + (wrong.ends_with(')') ? "" : allowed));
        return problems;
    }
    if (!metric) {
        return problems;
    }
    if (!fits(threshold.aggregate, metric->kind)) {
        problem(fmt::format("\"{}\" does not fit {} (allowed: {})", trimmed(text.substr(0, at)), metric->name,
                            allowed_aggregates(metric->kind)));
        return problems;
    }
    const auto bound_text = trimmed(text.substr(at + found->text.size()));
    const auto bound = bound_of(metric->kind, threshold.aggregate, bound_text);
    if (!bound) {
        problem(fmt::format("\"{}\" is not a bound for {} (allowed: {})", bound_text, metric->name,
                            allowed_bounds(metric->kind)));
        return problems;
    }
    threshold.bound = *bound;
    read_rate_of_iterations(trimmed(metric_name.substr(0, metric_name.find('{'))), threshold);
    return problems.empty() ? Checked<Threshold>(std::move(threshold)) : Checked<Threshold>(std::move(problems));
}

std::string expression_pattern(Kind kind, std::string_view bound, std::string_view percent) {
    std::vector<std::string> words, signs;
    for (const auto& named : aggregates) {
        if (fits(named.aggregate, kind)) {
            words.emplace_back(named.text);
        }
    }
    if (fits(Aggregate::percentile, kind)) {
        words.push_back(fmt::format("p\\([ \\t]*{}[ \\t]*\\)", percent));
    }
    for (const auto& named : comparisons) {
        signs.emplace_back(named.text);
    }
    constexpr const char* bare = "-?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?";
    return fmt::format("^[ \\t]*(?:{})[ \\t]*(?:{})[ \\t]*(?:{}{}{})[ \\t]*$", fmt::join(words, "|"),
                       fmt::join(signs, "|"), bare, bound.empty() ? "" : "|", bound);
}

namespace {

// The metric's name and its aliases, as regular expressions.
std::vector<std::string> names_in_pattern(const Metric& metric) {
    std::vector<std::string> names(1);
    for (const char letter : metric.name) {
        names.front() += letter == '.' ? "\\." : std::string(1, letter);
    }
    for (const auto& alias : aliases) {
        if (alias.metric == metric.name) {
            names.emplace_back(alias.name);
        }
    }
    return names;
}

}  // namespace

std::string name_pattern(bool (*wanted)(const Metric&)) {
    std::vector<std::string> all, staged;
    for (const auto& metric : metrics()) {
        if (wanted(metric)) {
            auto names = names_in_pattern(metric);
            all.insert(all.end(), names.begin(), names.end());
            if (metric.reach == Reach::stages) {
                staged.insert(staged.end(), names.begin(), names.end());
            }
        }
    }
    if (all.empty()) {
        return {};
    }
    const auto stage = staged.empty() ? std::string()
                                      : fmt::format("|(?:{})[ \\t]*\\{{[ \\t]*stage[ \\t]*:[^}}]*[^ \\t}}][^}}]*\\}}",
                                                    fmt::join(staged, "|"));
    return fmt::format("^[ \\t]*(?:(?:{}){})[ \\t]*$", fmt::join(all, "|"), stage);
}

Problems check_threshold(std::string_view metric, std::string_view expression) {
    const auto threshold = parse_threshold(metric, expression);
    return threshold ? Problems{} : threshold.problems();
}

std::optional<std::size_t> place_of_stage(const std::vector<std::string>& names, std::string_view meant) {
    const auto found = std::find(names.begin(), names.end(), meant);
    if (found != names.end()) {
        return static_cast<std::size_t>(found - names.begin());
    }
    std::size_t place = 0;
    const auto [end, error] = std::from_chars(meant.data(), meant.data() + meant.size(), place);
    const bool whole = !meant.empty() && error == std::errc{} && end == meant.data() + meant.size();
    return whole && place >= 1 && place <= names.size() ? std::optional(place - 1) : std::nullopt;
}

std::string unknown_stage(const std::vector<std::string>& names, std::string_view meant) {
    const auto near = did_you_mean(std::string(meant), names);
    return fmt::format("there is no stage \"{}\" ({}allowed: {}, or 1 to {})", meant,
                       near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near), fmt::join(names, ", "),
                       names.size());
}

Checked<Threshold> parse_cli_threshold(std::string_view text) {
    // A tag contains a colon of its own.
    const auto brace = text.find('{');
    const bool tagged = brace != std::string_view::npos && brace < text.find(':');
    const auto colon = text.find(':', tagged ? std::min(text.find('}', brace), text.size()) : 0);
    Problems problems;
    if (colon == std::string_view::npos) {
        problems.push_back(
            {.source = "--threshold",
             .key = {},
             .message = fmt::format(
                 "\"{}\" names no metric (allowed: METRIC: EXPRESSION, as in \"response: p(95)<50ms\")", text)});
        return problems;
    }
    auto threshold = parse_threshold(trimmed(text.substr(0, colon)), text.substr(colon + 1));
    if (threshold) {
        return threshold;
    }
    problems = threshold.problems();
    for (auto& problem : problems) {
        problem.source = "--threshold";
        problem.key = text;
    }
    return problems;
}

const std::vector<Threshold>& default_thresholds() {
    static const std::vector<Threshold> all = [] {
        std::vector<Threshold> list;
        for (const char* metric : {"lost", "undelivered", "rejected", "never_connected"}) {
            list.push_back(*parse_threshold(metric, "count==0"));
            list.back().origin = Origin::by_default;
        }
        return list;
    }();
    return all;
}

namespace {

enum class Course : unsigned char { grows, falls, moves };

Course course_of(Aggregate aggregate) {
    switch (aggregate) {
        case Aggregate::count:
        case Aggregate::max:
            return Course::grows;
        case Aggregate::min:
            return Course::falls;
        default:
            return Course::moves;
    }
}

// "rate==0": a rate leaves 0 with the first event and never returns to it.
bool is_of_none(const Threshold& threshold) {
    return threshold.aggregate == Aggregate::rate && threshold.bound == 0;
}

}  // namespace

bool can_be_breached_early(const Threshold& threshold) {
    switch (threshold.comparison) {
        case Comparison::less:
        case Comparison::at_most:
            return course_of(threshold.aggregate) != Course::falls;
        case Comparison::greater:
        case Comparison::at_least:
            return course_of(threshold.aggregate) != Course::grows;
        case Comparison::equal:
            return course_of(threshold.aggregate) != Course::moves || is_of_none(threshold);
        case Comparison::not_equal:
            break;
    }
    return false;
}

bool is_breached_for_good(const Threshold& threshold, double observed) {
    if (!can_be_breached_early(threshold) || holds(threshold.comparison, observed, threshold.bound)) {
        return false;
    }
    if (threshold.comparison != Comparison::equal) {
        return true;
    }
    return course_of(threshold.aggregate) == Course::falls ? observed < threshold.bound : observed > threshold.bound;
}

Judgement judge(const Threshold& threshold, const Figures& figures) {
    const auto figure = figures(threshold);
    if (!figure.value || !std::isfinite(*figure.value)) {
        const std::string why = figure.absent_because.empty() ? "no data" : figure.absent_because;
        return {Outcome::no_data, std::nullopt, why};
    }
    if (holds(threshold.comparison, *figure.value, threshold.bound)) {
        return {Outcome::passed, figure.value, {}};
    }
    const auto observed = threshold.aggregate == Aggregate::rate
                              ? fmt::format("{:.3g}", *figure.value)
                              : humanize_figure(threshold.metric.kind, *figure.value);
    return {Outcome::breached, figure.value, fmt::format("observed {}", observed)};
}

}  // namespace portillon::gate
