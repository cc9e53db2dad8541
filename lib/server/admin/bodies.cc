#include "server/admin/bodies.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace portillon::server::admin {

namespace {

using nlohmann::json;

constexpr std::uint32_t drawn_one_in = 3;  // of faults with a count

constexpr std::int64_t most_ns = most_nanos.count();

// Reads the members of one object and remembers the first problem.
class Members {
public:
    explicit Members(std::string_view text) : object_(json::parse(text, nullptr, false)) {
        if (object_.is_discarded()) {
            fail("", "not JSON");
        } else if (!object_.is_object()) {
            fail("", "must be an object");
        }
    }

    bool has(const std::string& key) const { return object_.is_object() && object_.contains(key); }

    std::uint64_t number(const std::string& key, std::uint64_t least, std::uint64_t most) {
        const json* const value = member(key);
        if (value == nullptr) {
            return least;
        }
        if (!value->is_number_unsigned() || value->get<std::uint64_t>() < least || value->get<std::uint64_t>() > most) {
            fail(key, fmt::format("must be an integer from {} to {}", least, most));
            return least;
        }
        return value->get<std::uint64_t>();
    }

    std::string text(const std::string& key) {
        const json* const value = member(key);
        if (value == nullptr) {
            return {};
        }
        if (!value->is_string()) {
            fail(key, "must be a string");
            return {};
        }
        return value->get<std::string>();
    }

    RunId run(const std::string& key) {
        const std::string written = text(key);
        const auto parsed = parse_run(written);
        if (!parsed) {
            fail(key, "must be 16 hexadecimal digits");
        }
        return parsed.value_or(RunId{});
    }

    Nanos nanos(const std::string& key, std::int64_t least = 0) {
        return Nanos{static_cast<std::int64_t>(number(key, static_cast<std::uint64_t>(least), most_ns))};
    }

    std::vector<arrival::Window> windows(const std::string& key) {
        std::vector<arrival::Window> all;
        const json* const value = member(key);
        const auto is_instant = [](const json& each) {
            return each.is_number_unsigned() && each.get<std::uint64_t>() <= std::uint64_t{most_ns};
        };
        if (value == nullptr) {
            return all;
        }
        if (!value->is_array()) {
            fail(key, "must be an array of [from_ns, to_ns]");
            return all;
        }
        for (const json& each : *value) {
            if (!each.is_array() || each.size() != 2 || !is_instant(each[0]) || !is_instant(each[1])) {
                fail(key, "must be an array of [from_ns, to_ns]");
                break;
            }
            all.push_back({Nanos{each[0].get<std::int64_t>()}, Nanos{each[1].get<std::int64_t>()}});
        }
        return all;
    }

    void fail(const std::string& key, const std::string& message) {
        if (problems_.empty()) {
            problems_.push_back({"", 0, key, message});
        }
    }

    template <class T>
    Checked<T> finish(T value) {
        if (!problems_.empty()) {
            return problems_;
        }
        return value;
    }

private:
    const json* member(const std::string& key) {
        if (!has(key)) {
            fail(key, "is missing");
            return nullptr;
        }
        return &object_[key];
    }

    json object_;
    Problems problems_;
};

}  // namespace

Checked<plan::RunSpec> read_run(std::string_view body) {
    Members members(body);
    plan::RunSpec spec;
    spec.run = members.run("run");
    spec.payload.seed = members.number("seed", 0, std::numeric_limits<std::uint64_t>::max());
    spec.payload.bytes = static_cast<std::uint32_t>(
        members.number("payload_bytes", wire::smallest_validation_bytes, wire::largest_validation_bytes));
    spec.equipments = static_cast<std::uint32_t>(members.number("equipments", 1, plan::most_equipments));
    spec.sequences = members.number("sequences", 1, plan::most_run_validations);
    if (members.has("measured")) {
        spec.measured = members.windows("measured");
    }
    if (members.has("segments")) {
        spec.segments = members.windows("segments");
    }
    if (const std::string problem = problem_of(spec); !problem.empty()) {
        members.fail("", problem);
    }
    return members.finish(spec);
}

Checked<Instant> read_start(std::string_view body) {
    Members members(body);
    const Instant t0{members.nanos("t0_ns", 1)};
    return members.finish(t0);
}

Checked<Nanos> read_freeze(std::string_view body) {
    if (body.empty()) {
        return freeze_by_default;
    }
    Members members(body);
    Nanos within = freeze_by_default;
    if (members.has("within_ms")) {
        within =
            std::chrono::milliseconds(members.number("within_ms", 0, static_cast<std::uint64_t>(freeze_at_most / 1ms)));
    }
    return members.finish(within);
}

Checked<Fault> read_fault(std::string_view body, Instant now) {
    Members members(body);
    Fault fault;
    const auto kind = faults::kind_named(members.text("kind"), faults::Side::server);
    if (!kind) {
        members.fail("kind", "must be one of " + faults::names_of(faults::Side::server));
        return members.finish(fault);
    }
    fault.kind = *kind;
    fault.at = members.has("at_ns") ? Instant(members.nanos("at_ns")) : now;
    if (fault.kind == FaultKind::stall || fault.kind == FaultKind::restart) {
        fault.length = members.nanos("for_ns", 1);
    } else if (members.has("for_ns")) {
        fault.length = members.nanos("for_ns");
    }
    if (fault.kind == FaultKind::delay || fault.kind == FaultKind::slow) {
        fault.delay = members.nanos("delay_ns", 1);
    }
    if (fault.kind == FaultKind::limit) {
        fault.per_s = members.number("per_s", 1, 1'000'000'000);
    }
    if (fault.kind == FaultKind::throttle) {
        fault.retry_after = members.nanos("retry_after_ns", 1);
    }
    const Victim victim = victim_of(fault.kind);
    if (victim == Victim::connections && members.has("every_ns")) {
        fault.every = members.nanos("every_ns", least_every.count());
    }
    if (victim == Victim::validations || victim == Victim::messages) {
        if (victim == Victim::validations || members.has("count")) {
            fault.count = members.number("count", 1, plan::most_run_validations);
        }
        fault.one_in = fault.count > 0 ? drawn_one_in : 1;
        if (members.has("one_in")) {
            fault.one_in = static_cast<std::uint32_t>(members.number("one_in", 1, 1'000'000'000));
        }
    }
    if (members.has("run")) {
        fault.run = members.run("run");
    }
    if (members.has("id")) {
        fault.id = members.number("id", 0, std::numeric_limits<std::uint64_t>::max());
    }
    if (members.has("draw")) {
        fault.draw = members.number("draw", 0, std::numeric_limits<std::uint64_t>::max());
    }
    if (members.has("share")) {
        fault.share = static_cast<std::uint32_t>(members.number("share", 0, most_faults - 1));
    }
    return members.finish(fault);
}

std::string write_fault(const Fault& fault) {
    nlohmann::ordered_json object{
        {"id", fault.id}, {"kind", name_of(fault.kind)}, {"at_ns", fault.at.time_since_epoch().count()}};
    if (fault.length > Nanos{0}) {
        object["for_ns"] = fault.length.count();
    }
    const auto add = [&object](const char* key, Nanos value) {
        if (value > Nanos{0}) {
            object[key] = value.count();
        }
    };
    add("delay_ns", fault.delay);
    add("retry_after_ns", fault.retry_after);
    add("every_ns", fault.every);
    if (fault.per_s > 0) {
        object["per_s"] = fault.per_s;
    }
    if (fault.count > 0) {
        object["count"] = fault.count;
    }
    const Victim victim = victim_of(fault.kind);
    if (victim == Victim::validations || victim == Victim::messages) {
        object["one_in"] = fault.one_in;
    }
    object["draw"] = fault.draw;
    object["share"] = fault.share;
    if (fault.run) {
        object["run"] = format_run(*fault.run);
    }
    return object.dump();
}

}  // namespace portillon::server::admin
