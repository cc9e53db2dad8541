#include "scenario/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "faults/command_words.h"
#include "gate/threshold.h"

namespace portillon::scenario {

namespace {

template <class T>
std::optional<T> read_quantity(const std::string& text);

template <>
std::optional<Nanos> read_quantity(const std::string& text) {
    return parse_duration(text);
}
template <>
std::optional<Rate> read_quantity(const std::string& text) {
    return parse_rate(text);
}
template <>
std::optional<Share> read_quantity(const std::string& text) {
    return parse_share(text);
}

template <>
std::optional<Bytes> read_quantity(const std::string& text) {
    return parse_bytes(text);
}

// A mapping of the document. Every read leaves its target, which holds the default, alone if the key is absent or
// wrong.
class Section {
public:
    Section(const nlohmann::json* value, Path path, Findings& findings)
        : value_(value != nullptr && value->is_object() ? value : nullptr),
          path_(std::move(path)),
          findings_(&findings) {}

    bool has(const std::string& key) const { return value_ != nullptr && value_->contains(key); }

    Section section(const std::string& key) const { return {find(key), at(key), *findings_}; }

    std::vector<Section> list(const std::string& key) const {
        std::vector<Section> sections;
        const nlohmann::json* items = find(key);
        for (std::size_t index = 0; items != nullptr && items->is_array() && index < items->size(); ++index) {
            auto path = at(key);
            path.push_back(std::to_string(index));
            sections.push_back({&(*items)[index], std::move(path), *findings_});
        }
        return sections;
    }

    const nlohmann::json* find(const std::string& key) const {
        const bool found = has(key);
        return found ? &(*value_)[key] : nullptr;
    }

    void read(const std::string& key, std::string& target) const {
        if (const nlohmann::json* found = find(key); found != nullptr && found->is_string()) {
            target = found->get<std::string>();
        }
    }

    template <class T>
    requires std::is_unsigned_v<T>
    void read(const std::string& key, T& target) const {
        const nlohmann::json* found = find(key);
        // The sign is checked first, because nlohmann converts when it compares signed with unsigned numbers.
        if (found != nullptr && found->is_number_integer() && *found >= 0 &&
            found->get<std::uint64_t>() <= std::numeric_limits<T>::max()) {
            target = found->get<T>();
        }
    }

    // An optional target stays without a value if the key is absent.
    template <class T>
    void read(const std::string& key, std::optional<T>& target) const {
        if (has(key)) {
            target.emplace();
            read(key, *target);
        }
    }

    void read(const std::string& key, arrival::Measure& target) const {
        if (const nlohmann::json* found = find(key); found != nullptr && found->is_boolean()) {
            target = found->get<bool>() ? arrival::Measure::on : arrival::Measure::off;
        }
    }

    void read(const std::string& key, Threshold::Breach& target) const {
        if (const nlohmann::json* found = find(key); found != nullptr && found->is_boolean()) {
            target = found->get<bool>() ? Threshold::Breach::aborts : Threshold::Breach::judged_at_end;
        }
    }

    template <class T>
    requires std::is_same_v<T, Nanos> || std::is_same_v<T, Rate> || std::is_same_v<T, Bytes> || std::is_same_v<T, Share>
    void read(const std::string& key, T& target) const {
        const nlohmann::json* found = find(key);
        if (found == nullptr || !(found->is_string() || found->is_number())) {
            return;
        }
        if constexpr (std::is_same_v<T, Rate>) {
            if (found->is_number()) {
                target = Rate{found->template get<double>()};
                return;
            }
        }
        const auto text = found->is_string() ? found->get<std::string>() : found->dump();
        if (const auto quantity = read_quantity<T>(text)) {
            if constexpr (std::is_same_v<T, Rate>) {
                require(quantity->per_second <= max_rate, key,
                        fmt::format("too high (allowed: at most {:.0f}/s)", max_rate));
            }
            target = *quantity;
        } else {
            say(key, std::is_same_v<T, Nanos> ? "cannot be held (allowed: whole nanoseconds, at most a year)"
                                              : "cannot be held (allowed: a whole number of bytes)");
        }
    }

    // Reads "20%"; the schema has checked the form.
    void read_percent(const std::string& key, double& target) const {
        std::string text;
        read(key, text);
        if (is_right(key) && text.ends_with('%')) {
            text.pop_back();
            std::from_chars(text.data(), text.data() + text.size(), target);
        }
    }

    // Reads "5000/s", a whole number.
    void read_per_second(const std::string& key, std::uint64_t& target) const {
        std::string text;
        read(key, text);
        if (!is_right(key) || !text.ends_with("/s")) {
            return;
        }
        const char* const end = text.data() + text.size() - 2;
        const auto [last, error] = std::from_chars(text.data(), end, target);
        if (error != std::errc{} || last != end || target == 0 || target > max_validations_per_s) {
            say(key, fmt::format("must be a whole number of validations a second, as 5000/s (allowed: at most {}/s)",
                                 max_validations_per_s));
        }
    }

    // Reads "10kB/s", in whole bytes.
    void read_per_second(const std::string& key, Bytes& target) const {
        std::string text;
        read(key, text);
        if (!is_right(key) || !text.ends_with("/s")) {
            return;
        }
        const auto number = std::string_view(text).substr(0, text.size() - 2);
        if (number.find_first_not_of("0123456789. ") == std::string_view::npos) {
            say(key, "must be bytes a second, as 10kB/s");
            return;
        }
        const auto bytes = parse_bytes(number);
        if (bytes && *bytes > Bytes{0}) {
            target = *bytes;
        } else {
            say(key, "cannot be held (allowed: a whole number of bytes, more than 0)");
        }
    }

    // Reads [from, to].
    void read_range(const std::string& key, std::uint32_t& first, std::uint32_t& last) const {
        const nlohmann::json* found = find(key);
        if (found != nullptr && found->is_array() && found->size() == 2 && is_right(key) && is_right_within(key)) {
            first = (*found)[0].get<std::uint32_t>();
            last = (*found)[1].get<std::uint32_t>();
        }
    }

    // Reads the enumerator whose name the text is. `last`: the enumeration's last one.
    template <class Enum>
    requires std::is_enum_v<Enum>
    void read(const std::string& key, Enum& target, Enum last) const {
        std::string text;
        read(key, text);
        for (auto at = 0U; at <= static_cast<unsigned>(last); ++at) {
            if (name_of(static_cast<Enum>(at)) == text) {
                target = static_cast<Enum>(at);
            }
        }
    }

    // Adds a finding about `key`, or about the section itself if `key` is empty; but only one for each place.
    void say(const std::string& key, std::string message) const {
        const auto path = key.empty() ? path_ : at(key);
        if (!is_wrong(path)) {
            findings_->push_back({path, std::move(message)});
        }
    }

    bool is_right(const std::string& key) const { return !is_wrong(at(key)); }

    // Whether there is no finding about any value within `key`.
    bool is_right_within(const std::string& key) const {
        const auto path = at(key);
        return std::none_of(findings_->begin(), findings_->end(), [&](const Finding& finding) {
            return finding.path.size() > path.size() && std::equal(path.begin(), path.end(), finding.path.begin());
        });
    }

    void require(bool holds, const std::string& key, std::string_view message) const {
        if (!holds) {
            say(key, std::string(message));
        }
    }

private:
    Path at(const std::string& key) const {
        auto path = path_;
        path.push_back(key);
        return path;
    }

    bool is_wrong(const Path& path) const {
        return std::any_of(findings_->begin(), findings_->end(), [&](const Finding& finding) {
            const auto length = std::min(finding.path.size(), path.size());
            return std::equal(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length), finding.path.begin());
        });
    }

    const nlohmann::json* value_;
    Path path_;
    Findings* findings_;
};

void read_start(const Section& section, plan::Start& start) {
    const bool by_rate = section.has("rate") || section.has("within");
    const bool by_steps = section.has("step") || section.has("every");
    if (by_rate && by_steps) {
        section.say("", "two ways to start at once (allowed: either { rate, within } or { step, every })");
        return;
    }
    if (by_steps) {
        plan::StartBySteps steps;
        section.read("step", steps.step);
        section.read("every", steps.every);
        section.require(section.has("step"), "step",
                        "is missing (allowed: either { rate, within } or { step, every })");
        section.require(section.has("every"), "every",
                        "is missing (allowed: either { rate, within } or { step, every })");
        section.require(!section.has("every") || steps.every > Nanos{0}, "every", "must be longer than 0");
        start = steps;
        return;
    }
    plan::StartByRate rate;
    section.read("rate", rate.rate);
    section.read("within", rate.within);
    section.require(rate.rate.per_second > 0, "rate", "must be more than 0");
    section.require(rate.within > Nanos{0}, "within", "must be longer than 0");
    start = rate;
}

void read_fleet(const Section& section, Fleet& fleet) {
    section.read("equipments", fleet.equipments);
    fleet.equipments = std::clamp<std::uint32_t>(fleet.equipments, 1, max_equipments);
    read_start(section.section("start"), fleet.start);
    if (const auto* steps = std::get_if<plan::StartBySteps>(&fleet.start); steps != nullptr && steps->step > 0) {
        const double times = (fleet.equipments - 1) / steps->step;  // NOLINT(bugprone-integer-division): whole steps
        section.require(times * seconds(steps->every) <= seconds(max_run), "start",
                        "the last equipment would start after more than a year");
    }
}

void read_arrival(const Section& section, Traffic& traffic) {
    auto& arrival = traffic.arrival;
    section.read("kind", arrival.kind, arrival::Kind::closed);
    section.read("size", arrival.burst_size);
    section.read("file", traffic.trace_file);
    if (arrival.kind == arrival::Kind::burst) {
        section.require(section.has("size"), "size", "is missing: how many are due together (allowed: 2 to 10000)");
    } else if (section.has("size") && section.is_right("kind")) {
        section.say("size",
                    fmt::format("has no meaning for {} (allowed: with kind burst only)", name_of(arrival.kind)));
    }
    if (arrival.kind == arrival::Kind::trace) {
        section.require(!traffic.trace_file.empty(), "file",
                        "is missing: what was due when (allowed: a CSV file, columns seconds[,equipment])");
    } else if (section.has("file") && section.is_right("kind")) {
        section.say("file",
                    fmt::format("has no meaning for {} (allowed: with kind trace only)", name_of(arrival.kind)));
    }
}

// Thresholds refer to a stage by its name or its number, so a name must not be a number, nor what another stage is
// called.
void check_stage_names(const Section& section, const std::vector<std::string>& names) {
    const auto stages = section.list("stages");
    for (std::size_t at = 0; at < names.size(); ++at) {
        const auto& name = names[at];
        const bool number = name.find_first_not_of("0123456789") == std::string::npos;
        stages[at].require(!number, "name", "is a number, and numbers mean the first stage, the second, and so on");
        const auto first = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
        stages[at].require(first == at, "name", fmt::format("\"{}\" is what stage {} is called", name, first + 1));
    }
}

void read_stages(const Section& section, Traffic& traffic) {
    double total_s = 0;
    double planned = 0;
    double before = 0;
    bool measured = false;
    for (const auto& item : section.list("stages")) {
        TrafficStage stage;
        item.read("name", stage.name);
        item.read("duration", stage.duration);
        item.read("rate", stage.rate);
        item.read("shape", stage.shape, Shape::ramp);
        item.read("measure", stage.measure);
        item.require(!item.has("duration") || stage.duration > Nanos{0}, "duration", "must be longer than 0");
        const bool by_rate =
            traffic.arrival.kind != arrival::Kind::closed && traffic.arrival.kind != arrival::Kind::trace;
        item.require(item.has("rate") || !by_rate, "rate", "is missing (allowed: such as 10/s, 6/m, 0.5/s)");
        total_s += seconds(stage.duration);
        planned += seconds(stage.duration) *
                   (stage.shape == Shape::ramp ? (before + stage.rate.per_second) / 2 : stage.rate.per_second);
        before = stage.rate.per_second;
        measured = measured || stage.measure == arrival::Measure::on;
        traffic.stages.push_back(stage);
    }
    if (traffic.stages.empty()) {
        return;
    }
    check_stage_names(section, stage_names(traffic));
    section.require(measured, "stages", "every stage is warm-up (measure: false): nothing would be measured");
    section.require(total_s <= seconds(max_run), "stages", "longer than a year in all");
    section.require(
        planned < arrival::max_planned, "stages",
        fmt::format("{:.0f} validations per equipment (allowed: fewer than {:.0f})", planned, arrival::max_planned));
}

void read_traffic(const Section& section, Traffic& traffic) {
    if (const nlohmann::json* word = section.find("arrival"); word != nullptr && word->is_string()) {
        section.read("arrival", traffic.arrival.kind, arrival::Kind::closed);  // short form, as "arrival: poisson"
    } else {
        read_arrival(section.section("arrival"), traffic);
    }
    read_stages(section, traffic);
    const auto payload = section.section("payload");
    payload.read("bytes", traffic.payload.bytes);
    payload.read("encoding", traffic.payload.encoding, Encoding::protobuf);
    payload.require(traffic.payload.bytes >= smallest_payload && traffic.payload.bytes <= largest_payload, "bytes",
                    fmt::format("{} is out of range (allowed: {} to {})", traffic.payload.bytes.count,
                                smallest_payload.count, largest_payload.count));
}

void read_delivery(const Section& section, const Traffic& traffic, plan::Delivery& delivery) {
    const auto batch = section.section("batch");
    batch.read("max", delivery.batch.max);
    batch.read("linger", delivery.batch.linger);
    const auto payload = traffic.payload.bytes.count;
    if (payload <= max_batch_bytes) {
        batch.require(delivery.batch.max * payload <= max_batch_bytes, "max",
                      fmt::format("{} validations of {} bytes are more than a message may hold (allowed: {} bytes)",
                                  delivery.batch.max, payload, max_batch_bytes));
    }
    section.read("in_flight", delivery.in_flight);
    section.read("order", delivery.order, plan::Order::strict);
    section.read("timeout", delivery.timeout);
    section.require(delivery.timeout > Nanos{0}, "timeout", "must be longer than 0");
    section.read("connect_timeout", delivery.connect_timeout);
    section.require(delivery.connect_timeout > Nanos{0}, "connect_timeout", "must be longer than 0");
    section.read("cache", delivery.cache);
    section.require(delivery.cache >= traffic.payload.bytes, "cache",
                    fmt::format("smaller than one validation (allowed: at least {} bytes, payload.bytes)", payload));
    section.read("overflow", delivery.overflow, plan::Overflow::newest);
    section.read("pace", delivery.pace);
    section.require(!delivery.pace || delivery.pace->per_second > 0, "pace", "must be more than 0");
    const auto retry = section.section("retry");
    retry.read("base", delivery.retry.base);
    retry.read("max", delivery.retry.max);
    retry.read("jitter", delivery.retry.jitter, plan::Jitter::none);
    retry.require(delivery.retry.base > Nanos{0}, "base", "must be longer than 0");
    retry.require(delivery.retry.max >= delivery.retry.base, "max",
                  fmt::format("shorter than base, {}", format_duration(delivery.retry.base)));
    retry.read("budget", delivery.retry.budget);
    const auto breaker = section.section("breaker");
    breaker.read("failures", delivery.breaker.failures);
    breaker.read("open", delivery.breaker.open);
    breaker.require(delivery.breaker.open > Nanos{0}, "open", "must be longer than 0");
    section.read("drain", delivery.drain);
}

bool strikes_connections_at_instants(FaultKind kind) {
    return kind == FaultKind::reset || kind == FaultKind::close || kind == FaultKind::goaway;
}

void check_fault_keys(const Section& section, FaultKind kind) {
    const auto& keys = faults::about(kind);
    for (const auto name : faults::keys) {
        const std::string key(name);
        if (keys.needs(key) && !section.has(key)) {
            section.say(key, fmt::format("is missing: {} needs it", name_of(kind)));
        } else if (!keys.takes(key) && section.has(key)) {
            section.say(key, fmt::format("has no meaning for {}", name_of(kind)));
        }
    }
}

void check_commands(const Section& section, const Fault& fault) {
    for (const auto& [key, command] : {std::pair{"run", &fault.run}, std::pair{"until", &fault.until}}) {
        if (const auto words = faults::split_words(*command); !words && section.has(key)) {
            section.say(key, words.problems().front().message +
                                 " (allowed: a program and its arguments; quotes, ' or \", keep blanks)");
        }
    }
    section.require(fault.during > Nanos{0} || !section.has("until"), "until", "has no meaning without for");
    section.require(!section.has("limit") || fault.time_limit > Nanos{0}, "limit", "must be longer than 0");
}

void check_fault(const Section& section, const Fault& fault, std::uint32_t equipments) {
    section.require(!section.has("for") || fault.during > Nanos{0}, "for", "must be longer than 0");
    section.require(!section.has("delay") || fault.delay > Nanos{0}, "delay", "must be longer than 0");
    section.require(!section.has("retry_after") || fault.retry_after > Nanos{0}, "retry_after",
                    "must be longer than 0");
    if (faults::strikes_messages(fault.kind)) {
        section.require(section.has("for") || section.has("count"), "for",
                        fmt::format("is missing: {} needs it, or count", name_of(fault.kind)));
    }
    for (const auto& [key, value] : {std::pair{"delay", fault.delay}, std::pair{"jitter", fault.jitter}}) {
        section.require(value <= longest_delay, key,
                        fmt::format("{} is too long (allowed: at most {})", format_duration(value),
                                    format_duration(longest_delay)));
    }
    for (const auto& [key, value] :
         {std::pair{"every", fault.every}, std::pair{"up", fault.up}, std::pair{"down", fault.down}}) {
        section.require(!section.has(key) || value >= shortest_rhythm, key,
                        fmt::format("{} is too short (allowed: at least {})", format_duration(value),
                                    format_duration(shortest_rhythm)));
    }
    section.require(fault.during > Nanos{0} || !section.has("every"), "every", "has no meaning without for");
    if (fault.kind == FaultKind::command) {
        check_commands(section, fault);
    }
    if (!faults::is_of_network(fault.kind)) {
        return;
    }
    section.require(fault.share_percent > 0, "share", "must be more than 0%");
    section.require(fault.last == 0 || fault.first <= fault.last, "equipments",
                    "ends before it begins (allowed: [from, to])");
    section.require(fault.first <= equipments, "equipments",
                    fmt::format("begins at {}, and the fleet has {}", fault.first, equipments));
}

Fault read_fault(const Section& section, std::uint32_t equipments) {
    Fault fault;
    section.read("kind", fault.kind, faults::kinds.back().kind);
    section.read("at", fault.at);
    section.read("for", fault.during);
    section.read("delay", fault.delay);
    section.read("count", fault.count);
    section.read_percent("share", fault.share_percent);
    section.read_range("equipments", fault.first, fault.last);
    section.read("jitter", fault.jitter);
    section.read("one_in", fault.one_in);
    section.read("retry_after", fault.retry_after);
    // `rate` counts validations for kind limit and bytes for the others, so it is read only if the kind is known.
    if (fault.kind == FaultKind::limit) {
        section.read_per_second("rate", fault.validations_per_s);
    } else if (section.is_right("kind")) {
        section.read_per_second("rate", fault.rate);
    }
    section.read("every", fault.every);
    section.read("up", fault.up);
    section.read("down", fault.down);
    section.read("direction", fault.direction, faults::Direction::down);
    section.read("run", fault.run);
    section.read("until", fault.until);
    fault.time_limit = fault.kind == FaultKind::command ? usual_time_limit : Nanos{0};
    section.read("limit", fault.time_limit);
    if (!section.has("kind") || !section.is_right("kind")) {
        return fault;
    }
    check_fault_keys(section, fault.kind);
    check_fault(section, fault, equipments);
    if (strikes_connections_at_instants(fault.kind) && fault.during > Nanos{0} && fault.every == Nanos{0}) {
        fault.every = usual_rhythm_of_resets;
    }
    return fault;
}

// `where`: the list of a metric's thresholds; `key`: the threshold's place in it.
void check_threshold(const Section& where, const std::string& key, const Threshold& threshold,
                     const std::vector<std::string>& stages) {
    const auto parsed = gate::parse_threshold(threshold.metric, threshold.expression);
    if (!parsed) {
        for (const auto& problem : parsed.problems()) {
            where.say(key, problem.message);
        }
        return;
    }
    if (!parsed->stage.empty() && !stages.empty() && !gate::place_of_stage(stages, parsed->stage)) {
        where.say(key, gate::unknown_stage(stages, parsed->stage));
    }
    if (threshold.breach == Threshold::Breach::aborts && parsed->metric.known != gate::Known::live) {
        where.say(key, fmt::format("abortOnFail: {} is only known at the end (allowed: {})", parsed->metric.name,
                                   gate::names_of_metrics(gate::Known::live)));
    }
}

// A list without thresholds has no expression that would name an unknown metric.
void check_metric(const Section& where, const std::string& metric) {
    for (const auto& problem : gate::check_metric(metric)) {
        where.say(metric, problem.message);
    }
}

// Returns whether the mapping names metrics, and an empty list for each of them.
bool only_switches_off(const nlohmann::json& metrics) {
    return metrics.is_object() && !metrics.empty() &&
           std::all_of(metrics.begin(), metrics.end(),
                       [](const auto& expressions) { return expressions.is_array() && expressions.empty(); });
}

// Adds the default thresholds, except those on the metrics that `switched_off` names.
void add_default_thresholds(const nlohmann::json* switched_off, std::vector<Threshold>& thresholds) {
    for (const auto& threshold : gate::default_thresholds()) {
        if (switched_off == nullptr || !switched_off->contains(threshold.metric.name)) {
            thresholds.push_back(
                {.metric = threshold.metric.name, .expression = threshold.expression, .origin = threshold.origin});
        }
    }
}

void read_thresholds(const Section& section, const nlohmann::json* metrics, const std::vector<std::string>& stages,
                     std::vector<Threshold>& thresholds) {
    if (metrics == nullptr || only_switches_off(*metrics)) {
        add_default_thresholds(metrics, thresholds);
    }
    if (metrics == nullptr || !metrics->is_object()) {
        return;
    }
    for (const auto& [metric, expressions] : metrics->items()) {
        const auto list = section.section(metric);
        const auto items = section.list(metric);
        if (expressions.is_array() && expressions.empty()) {
            check_metric(section, metric);
        }
        for (std::size_t at = 0; expressions.is_array() && at < expressions.size(); ++at) {
            Threshold threshold{.metric = metric, .expression = {}};
            if (expressions[at].is_string()) {
                threshold.expression = expressions[at].get<std::string>();
            } else if (const auto& item = items[at]; item.has("threshold")) {
                item.read("threshold", threshold.expression);
                item.read("abortOnFail", threshold.breach);
                item.read("delayAbortEval", threshold.abort_not_before);
                const bool aborts = threshold.breach == Threshold::Breach::aborts;
                item.require(aborts || !item.has("delayAbortEval"), "delayAbortEval",
                             "has no meaning without abortOnFail: true");
            } else {
                continue;
            }
            check_threshold(list, std::to_string(at), threshold, stages);
            thresholds.push_back(std::move(threshold));
        }
    }
}

nlohmann::json options_of(const KnownProtocol& protocol, const Section& section) {
    nlohmann::json options = nlohmann::json::object();
    if (const nlohmann::json* found = section.find(protocol.name); found != nullptr && found->is_object()) {
        options = *found;
    }
    const auto schema = nlohmann::json::parse(protocol.options_schema);
    const auto properties = schema.value("properties", nlohmann::json::object());
    for (const auto& [key, property] : properties.items()) {
        if (property.contains("default") && !options.contains(key)) {
            options[key] = property["default"];
        }
    }
    return options;
}

std::string default_protocol(std::span<const KnownProtocol> protocols) {
    const auto is_mqtt = [](const KnownProtocol& protocol) { return protocol.name == "mqtt"; };
    if (protocols.empty() || std::any_of(protocols.begin(), protocols.end(), is_mqtt)) {
        return "mqtt";
    }
    return protocols.front().name;
}

}  // namespace

Scenario resolve(const nlohmann::json& value, std::span<const KnownProtocol> protocols, Findings& findings) {
    const Section root(&value, {}, findings);
    Scenario scenario;
    root.read("name", scenario.name);
    root.read("description", scenario.description);
    root.read("seed", scenario.seed);
    scenario.lot().protocol = default_protocol(protocols);
    root.read("protocol", scenario.lot().protocol);
    read_fleet(root.section("fleet"), scenario.lot().fleet);
    read_traffic(root.section("traffic"), scenario.lot().traffic);
    read_delivery(root.section("delivery"), scenario.lot().traffic, scenario.lot().delivery);
    for (const auto& protocol : protocols) {
        scenario.protocols[protocol.name] = options_of(protocol, root.section("protocols"));
    }
    for (const auto& section : root.list("faults")) {
        scenario.faults.push_back(read_fault(section, scenario.lot().fleet.equipments));
    }
    read_thresholds(root.section("thresholds"), root.find("thresholds"), stage_names(scenario.lot().traffic),
                    scenario.thresholds);
    return scenario;
}

}  // namespace portillon::scenario
