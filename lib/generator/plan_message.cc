#include "generator/plan_message.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <utility>

#include "link/link.h"
#include "plan/run_spec.h"

namespace portillon::generator {

namespace {

using nlohmann::json;
namespace v1 = link::v1;

constexpr int most_rows_of_a_piece = 16'384;  // a gap takes at most ten bytes

Nanos nanos(std::int64_t count) {
    return Nanos{count};
}

constexpr Nanos longest = 10 * 366 * 24h;  // of all stages, and beyond what a scenario allows

template <class Enum>
std::uint32_t number_of_enum(Enum value) {
    return static_cast<std::uint32_t>(value);
}

// The state of reading a message from another process: keeps the first problem.
class Reading {
public:
    template <class Enum>
    Enum pick(std::uint32_t value, Enum last, const char* what) {
        if (value > number_of_enum(last)) {
            refuse(fmt::format("{} {} is unknown", what, value));
            return Enum{};
        }
        return static_cast<Enum>(value);
    }
    void refuse(std::string why) {
        if (problem_.empty()) {
            problem_ = std::move(why);
        }
    }
    // A length of time, from none to `longest`.
    Nanos length(std::int64_t count) {
        if (count < 0 || nanos(count) > longest) {
            refuse(fmt::format("a time of {} ns", count));
            return Nanos{0};
        }
        return nanos(count);
    }
    // A number that is finite and not negative.
    double amount(double value) {
        if (!std::isfinite(value) || value < 0) {
            refuse(fmt::format("an amount of {}", value));
            return 0;
        }
        return value;
    }
    void refuse(const Problems& problems) { refuse(problems.front().message); }
    const std::string& problem() const { return problem_; }

private:
    std::string problem_;
};

void write_value(const json& value, v1::Value& into) {
    switch (value.type()) {
        case json::value_t::boolean:
            into.set_boolean(value.get<bool>());
            break;
        case json::value_t::number_integer:
        case json::value_t::number_unsigned:
            into.set_whole(value.get<std::int64_t>());
            break;
        case json::value_t::number_float:
            into.set_number(value.get<double>());
            break;
        case json::value_t::string:
            into.set_text(value.get<std::string>());
            break;
        case json::value_t::array:
            into.mutable_list();
            for (const json& item : value) {
                write_value(item, *into.mutable_list()->add_items());
            }
            break;
        case json::value_t::object:
            into.mutable_map();
            for (const auto& [key, member] : value.items()) {
                write_value(member, (*into.mutable_map()->mutable_members())[key]);
            }
            break;
        default:
            break;
    }
}

json read_value(const v1::Value& value, Reading& reading) {
    switch (value.kind_case()) {
        case v1::Value::kBoolean:
            return value.boolean();
        case v1::Value::kWhole:
            return value.whole();
        case v1::Value::kNumber:
            if (!std::isfinite(value.number())) {
                reading.refuse("an option that is no number");
            }
            return value.number();
        case v1::Value::kText:
            return value.text();
        case v1::Value::kList: {
            json list = json::array();
            for (const auto& item : value.list().items()) {
                list.push_back(read_value(item, reading));
            }
            return list;
        }
        case v1::Value::kMap: {
            json map = json::object();
            for (const auto& [key, member] : value.map().members()) {
                map[key] = read_value(member, reading);
            }
            return map;
        }
        case v1::Value::KIND_NOT_SET:
            break;
    }
    return nullptr;
}

void write_delivery(const plan::Delivery& delivery, v1::Delivery& into) {
    into.set_batch_max(delivery.batch.max);
    into.set_linger_ns(delivery.batch.linger.count());
    into.set_in_flight(delivery.in_flight);
    into.set_order(number_of_enum(delivery.order));
    into.set_timeout_ns(delivery.timeout.count());
    into.set_connect_timeout_ns(delivery.connect_timeout.count());
    into.set_cache_bytes(delivery.cache.count);
    into.set_overflow(number_of_enum(delivery.overflow));
    if (delivery.pace) {
        into.set_pace_per_s(delivery.pace->per_second);
    }
    into.set_retry_base_ns(delivery.retry.base.count());
    into.set_retry_max_ns(delivery.retry.max.count());
    into.set_retry_jitter(number_of_enum(delivery.retry.jitter));
    if (delivery.retry.budget) {
        into.set_retry_budget(delivery.retry.budget->of_one);
    }
    into.set_breaker_failures(delivery.breaker.failures);
    into.set_breaker_open_ns(delivery.breaker.open.count());
    into.set_drain_ns(delivery.drain.count());
}

plan::Delivery read_delivery(const v1::Delivery& from, Reading& reading) {
    plan::Delivery delivery;
    delivery.batch = {from.batch_max(), reading.length(from.linger_ns())};
    delivery.in_flight = from.in_flight();
    delivery.order = reading.pick(from.order(), plan::Order::strict, "order");
    delivery.timeout = reading.length(from.timeout_ns());
    delivery.connect_timeout = reading.length(from.connect_timeout_ns());
    delivery.cache = Bytes{from.cache_bytes()};
    delivery.overflow = reading.pick(from.overflow(), plan::Overflow::newest, "overflow");
    if (from.has_pace_per_s()) {
        delivery.pace = Rate{reading.amount(from.pace_per_s())};
    }
    delivery.retry.base = reading.length(from.retry_base_ns());
    delivery.retry.max = reading.length(from.retry_max_ns());
    delivery.retry.jitter = reading.pick(from.retry_jitter(), plan::Jitter::none, "jitter");
    if (from.has_retry_budget()) {
        delivery.retry.budget = Share{reading.amount(from.retry_budget())};
    }
    delivery.breaker = {from.breaker_failures(), reading.length(from.breaker_open_ns())};
    delivery.drain = reading.length(from.drain_ns());
    if (delivery.batch.max == 0 || delivery.batch.max > wire::most_validations || delivery.in_flight == 0 ||
        (delivery.pace && delivery.pace->per_second <= 0)) {
        reading.refuse("a delivery of nothing");
    }
    return delivery;
}

void write_start(const plan::Start& start, v1::Lot& into) {
    if (const auto* rate = std::get_if<plan::StartByRate>(&start)) {
        into.mutable_by_rate()->set_per_s(rate->rate.per_second);
        into.mutable_by_rate()->set_within_ns(rate->within.count());
    } else {
        const auto& steps = std::get<plan::StartBySteps>(start);
        into.mutable_by_steps()->set_step(steps.step);
        into.mutable_by_steps()->set_every_ns(steps.every.count());
    }
}

plan::Start read_start(const v1::Lot& from, Reading& reading) {
    switch (from.start_case()) {
        case v1::Lot::kByRate:
            return plan::StartByRate{Rate{reading.amount(from.by_rate().per_s())},
                                     reading.length(from.by_rate().within_ns())};
        case v1::Lot::kBySteps:
            if (from.by_steps().step() > 0) {
                return plan::StartBySteps{from.by_steps().step(), reading.length(from.by_steps().every_ns())};
            }
            break;
        case v1::Lot::START_NOT_SET:
            break;
    }
    reading.refuse("no start");
    return {};
}

void write_fault(const faults::NetworkFault& fault, v1::NetworkFault& into) {
    into.set_number(fault.number);
    into.set_kind(number_of_enum(fault.kind));
    into.set_at_ns(fault.at.count());
    into.set_length_ns(fault.length.count());
    into.set_share(fault.share);
    into.set_first(fault.first);
    into.set_last(fault.last);
    into.set_delay_ns(fault.delay.count());
    into.set_jitter_ns(fault.jitter.count());
    into.set_bytes_per_s(fault.bytes_per_s);
    into.set_every_ns(fault.every.count());
    into.set_up_ns(fault.up.count());
    into.set_down_ns(fault.down.count());
    into.set_direction(number_of_enum(fault.direction));
}

faults::NetworkFault read_fault(const v1::NetworkFault& from, Reading& reading) {
    const auto kind = static_cast<faults::Kind>(from.kind());
    if (from.kind() >= faults::kinds.size() || !faults::is_of_network(kind)) {
        reading.refuse(fmt::format("fault {} is none of the network", from.kind()));
        return {};
    }
    return {.number = from.number(),
            .kind = kind,
            .at = reading.length(from.at_ns()),
            .length = reading.length(from.length_ns()),
            .share = reading.amount(from.share()),
            .first = from.first(),
            .last = from.last(),
            .delay = reading.length(from.delay_ns()),
            .jitter = reading.length(from.jitter_ns()),
            .bytes_per_s = reading.amount(from.bytes_per_s()),
            .every = reading.length(from.every_ns()),
            .up = reading.length(from.up_ns()),
            .down = reading.length(from.down_ns()),
            .direction = reading.pick(from.direction(), faults::Direction::down, "direction")};
}

void write_routes(const std::vector<net::Route>& routes, v1::Lot& into) {
    for (const auto& route : routes) {
        auto& message = *into.add_routes();
        message.set_to(net::format_endpoint(route.to));
        for (const auto& source : route.from) {
            message.add_from(source.to_string());
        }
    }
}

std::vector<net::Route> read_routes(const v1::Lot& from, Reading& reading) {
    std::vector<net::Route> routes;
    for (const auto& message : from.routes()) {
        const auto to = net::parse_endpoint(message.to());
        if (!to) {
            reading.refuse(to.problems());
            continue;
        }
        auto& route = routes.emplace_back(net::Route{*to, {}});
        for (const auto& address : message.from()) {
            if (const auto source = net::parse_address(address)) {
                route.from.push_back(*source);
            } else {
                reading.refuse(address + " is no address");
            }
        }
    }
    if (routes.empty()) {
        reading.refuse("no way to the target");
    }
    return routes;
}

void write_lot(const LotPlan& plan, v1::Lot& into) {
    const auto& lot = plan.lot;
    into.set_run(static_cast<std::uint64_t>(lot.run));
    into.set_seed(lot.seed);
    into.set_equipments(lot.equipments);
    into.set_arrival(number_of_enum(lot.schedule.arrival().kind));
    into.set_burst_size(lot.schedule.arrival().burst_size);
    for (const auto& stage : lot.schedule.stages().list()) {
        auto& message = *into.add_stages();
        message.set_duration_ns(stage.duration.count());
        message.set_rate_from(stage.rate_from);
        message.set_rate_to(stage.rate_to);
        message.set_measured(stage.measure == arrival::Measure::on);
    }
    write_start(lot.start, into);
    into.set_payload_bytes(lot.payload_bytes);
    into.set_encoding(number_of_enum(lot.encoding));
    write_delivery(lot.delivery, *into.mutable_delivery());
    into.set_debris(number_of_enum(lot.debris));
    for (const Nanos cut : lot.cuts) {
        into.add_cuts_ns(cut.count());
    }
    into.set_protocol(plan.protocol);
    for (const auto& [key, value] : plan.options.items()) {
        write_value(value, (*into.mutable_options())[key]);
    }
    into.set_target(plan.target.text());
    write_routes(plan.routes, into);
    for (const auto& fault : plan.network_faults) {
        write_fault(fault, *into.add_network_faults());
    }
}

arrival::Schedule read_schedule(const v1::Lot& from, std::shared_ptr<const arrival::Trace> trace, Reading& reading) {
    std::vector<arrival::Stage> stages;
    Nanos duration{};
    for (const auto& stage : from.stages()) {
        duration += reading.length(stage.duration_ns());
        if (stage.duration_ns() <= 0 || duration > longest) {
            reading.refuse("a stage without an end");
            break;
        }
        stages.push_back({.duration = nanos(stage.duration_ns()),
                          .rate_from = reading.amount(stage.rate_from()),
                          .rate_to = reading.amount(stage.rate_to()),
                          .measure = stage.measured() ? arrival::Measure::on : arrival::Measure::off});
    }
    const auto kind = reading.pick(from.arrival(), arrival::Kind::closed, "arrival");
    return {arrival::Arrival{.kind = kind,
                             .burst_size = std::max(1U, from.burst_size()),
                             .trace = kind == arrival::Kind::trace ? std::move(trace) : nullptr},
            arrival::Stages(std::move(stages)), from.seed()};
}

// Refuses values that the rest of the program relies on never to see.
void check_lot(const v1::Lot& from, Reading& reading) {
    if (from.equipments() == 0 || from.equipments() > plan::most_equipments) {
        reading.refuse("a lot without equipments, or with too many");
    }
    if (from.payload_bytes() < wire::smallest_validation_bytes ||
        from.payload_bytes() > wire::largest_validation_bytes) {
        reading.refuse("a payload of no size that a validation can have");
    }
}

LotPlan read_lot(const v1::Lot& from, std::shared_ptr<const arrival::Trace> trace, Reading& reading) {
    LotPlan plan{.lot = {.run = RunId{from.run()},
                         .seed = from.seed(),
                         .equipments = from.equipments(),
                         .schedule = read_schedule(from, std::move(trace), reading),
                         .start = read_start(from, reading),
                         .payload_bytes = from.payload_bytes(),
                         .encoding = reading.pick(from.encoding(), wire::Encoding::json, "encoding"),
                         .delivery = read_delivery(from.delivery(), reading),
                         .debris = reading.pick(from.debris(), plan::Debris::left, "debris")},
                 .protocol = from.protocol()};
    for (const auto cut : from.cuts_ns()) {
        plan.lot.cuts.push_back(reading.length(cut));
    }
    for (const auto& [key, value] : from.options()) {
        plan.options[key] = read_value(value, reading);
    }
    if (auto target = net::parse_url(from.target())) {
        plan.target = std::move(*target);
    } else {
        reading.refuse(target.problems());
    }
    plan.routes = read_routes(from, reading);
    for (const auto& fault : from.network_faults()) {
        plan.network_faults.push_back(read_fault(fault, reading));
        if (!faults::is_possible(plan.network_faults.back())) {
            reading.refuse("a fault that cannot be brought about");
        }
    }
    return plan;
}

// Adds the rows of the slice's equipments, in pieces of their own.
void add_trace(const plan::Lot& lot, std::uint32_t place, std::vector<v1::LinkMessage>& pieces) {
    const auto& trace = lot.schedule.arrival().trace;
    if (!trace) {
        return;
    }
    int rows = most_rows_of_a_piece;  // in the piece at hand
    const auto slice = lot.slice();
    for (std::uint32_t index = 0; index < slice.count; ++index) {
        Nanos before{};
        v1::TraceRows* into = nullptr;
        for (const Nanos due : trace->of(slice.at(index))) {
            if (rows == most_rows_of_a_piece) {
                pieces.emplace_back();
                rows = 0;
                into = nullptr;
            }
            if (into == nullptr) {
                into = pieces.back().mutable_plan()->add_traces();
                into->set_lot(place);
                into->set_equipment(number_of(slice.at(index)));
                before = Nanos{0};
            }
            into->add_gaps_ns(static_cast<std::uint64_t>((due - before).count()));
            before = due;
            ++rows;
        }
    }
}

std::shared_ptr<const arrival::Trace> read_trace(const v1::GeneratorPlan& message, std::uint32_t place,
                                                 std::uint32_t equipments, Reading& reading) {
    std::vector<arrival::Trace::Row> rows;
    for (const auto& part : message.traces()) {
        if (part.lot() != place) {
            continue;
        }
        if (part.equipment() == 0 || part.equipment() > equipments) {
            reading.refuse("a recorded schedule names an unknown equipment");
            continue;
        }
        Nanos due{};
        for (const auto gap : part.gaps_ns()) {
            if (gap > static_cast<std::uint64_t>((longest - due).count())) {
                reading.refuse("a recorded schedule without an end");
                break;
            }
            due += nanos(static_cast<std::int64_t>(gap));
            rows.push_back({due, EquipmentId{part.equipment()}});
        }
    }
    return std::make_shared<arrival::Trace>(std::move(rows), equipments);
}

}  // namespace

std::vector<v1::LinkMessage> write_plan(const Plan& plan, unsigned shard, unsigned shards) {
    std::vector<v1::LinkMessage> pieces;
    std::uint32_t place = 0;
    for (const auto& lot_plan : plan.lots) {
        auto& piece = *pieces.emplace_back().mutable_plan();
        piece.set_shard(shard);
        piece.set_shards(shards);
        write_lot(lot_plan, *piece.add_lots());
        auto lot = lot_plan.lot;
        lot.shard = shard;
        lot.shards = shards;
        add_trace(lot, place++, pieces);
    }
    pieces.emplace_back().mutable_plan()->set_last(true);
    return pieces;
}

Checked<Plan> read_plan(const v1::GeneratorPlan& message) {
    Reading reading;
    Plan plan;
    if (message.shard() >= message.shards() || !message.last() || message.lots().empty()) {
        reading.refuse("a part of it is missing");
    }
    for (const auto& from : message.lots()) {
        check_lot(from, reading);
        if (!reading.problem().empty()) {
            break;
        }
        const auto place = static_cast<std::uint32_t>(plan.lots.size());
        const bool recorded = from.arrival() == number_of_enum(arrival::Kind::trace);
        auto trace = recorded ? read_trace(message, place, from.equipments(), reading) : nullptr;
        auto& lot = plan.lots.emplace_back(read_lot(from, std::move(trace), reading)).lot;
        lot.shard = message.shard();
        lot.shards = message.shards();
    }
    if (!reading.problem().empty()) {
        return Problems{{"", 0, "", "the conductor's plan: " + reading.problem()}};
    }
    return plan;
}

}  // namespace portillon::generator
