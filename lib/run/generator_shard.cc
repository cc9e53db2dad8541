#include "run/generator_shard.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "fleet/engine.h"
#include "net/faults/faulty_dialer.h"
#include "net/task_group.h"
#include "net/tcp.h"
#include "net/wakeup.h"
#include "run/link.h"
#include "run/machine.h"
#include "run/phases.h"
#include "run/process.h"
#include "run/result_message.h"
#include "run/routes.h"
#include "scenario/parse.h"
#include "scenario/scenario.h"
#include "scenario/trace.h"

namespace portillon::run {

namespace {

constexpr Nanos snapshot_every = 1s;

Instant instant_of(std::uint64_t count_ns) {
    return Instant{Nanos{static_cast<std::int64_t>(count_ns)}};
}

wire::Encoding encoding_of(scenario::Encoding asked, wire::Encoding native) {
    switch (asked) {
        case scenario::Encoding::json:
            return wire::Encoding::json;
        case scenario::Encoding::protobuf:
            return wire::Encoding::protobuf;
        case scenario::Encoding::native:
            break;
    }
    return native;
}

fleet::Plan plan_of(const scenario::Scenario& scenario, const v1::GeneratorPlan& message, wire::Encoding encoding) {
    fleet::Plan plan{
        .run = RunId{message.run()},
        .seed = scenario.seed,
        .equipments = scenario.fleet.equipments,
        .shard = message.shard(),
        .shards = message.shards(),
        .schedule = schedule_of(scenario),
        .start = {},
        .payload_bytes = static_cast<std::uint32_t>(scenario.traffic.payload.bytes.count),
        .encoding = encoding,
        .batch = {scenario.delivery.batch.max, scenario.delivery.batch.linger},
        .in_flight = scenario.delivery.in_flight,
        .order = scenario.delivery.order == scenario::Order::strict ? fleet::Order::strict : fleet::Order::relaxed,
        .timeout = scenario.delivery.timeout,
        .connect_timeout = scenario.delivery.connect_timeout,
        .cache = std::max<std::uint64_t>(1, scenario.delivery.cache.count / scenario.traffic.payload.bytes.count),
        .overflow = scenario.delivery.overflow == scenario::Overflow::newest ? fleet::Overflow::discards_newest
                                                                             : fleet::Overflow::discards_oldest,
        .pace = scenario.delivery.pace ? Nanos{std::llround(1e9 / scenario.delivery.pace->per_second)} : Nanos{0},
        .retry = {scenario.delivery.retry.base, scenario.delivery.retry.max,
                  scenario.delivery.retry.jitter == scenario::Jitter::full ? fleet::Jitter::full : fleet::Jitter::none,
                  scenario.delivery.retry.budget ? std::optional(scenario.delivery.retry.budget->of_one)
                                                 : std::nullopt},
        .breaker = {scenario.delivery.breaker.failures, scenario.delivery.breaker.open},
        .debris = message.target_ends_with_run() ? fleet::Debris::left : fleet::Debris::removed,
        .drain = scenario.delivery.drain,
        .cuts = cuts_of(scenario)};
    if (const auto* by_rate = std::get_if<scenario::StartByRate>(&scenario.fleet.start)) {
        plan.start = fleet::StartByRate{by_rate->rate, by_rate->within};
    } else {
        const auto& by_steps = std::get<scenario::StartBySteps>(scenario.fleet.start);
        plan.start = fleet::StartBySteps{by_steps.step, by_steps.every};
    }
    return plan;
}

class GeneratorShard {
public:
    GeneratorShard(const driver::Kinds& kinds, std::span<const scenario::KnownProtocol> protocols)
        : kinds_(kinds), protocols_(protocols), link_(loop_, link_descriptor) {}

    int serve() {
        raise_descriptor_limit();
        link_.start([this](const v1::LinkMessage& message) { heard(message); },
                    [this](const error_code&) {
                        exit_status_ = 1;  // nobody is left to report to
                        loop_.stop();
                    });
        v1::LinkMessage hello;
        hello.mutable_hello()->set_pid(::getpid());
        link_.send(hello);
        loop_.run();
        ::_exit(exit_status_);  // thousands of coroutines need no unwinding
    }

private:
    void heard(const v1::LinkMessage& message) {
        switch (message.what_case()) {
            case v1::LinkMessage::kPlan:
                prepare(message.plan());
                break;
            case v1::LinkMessage::kConnect:
                connect(instant_of(message.connect().from_ns()));
                break;
            case v1::LinkMessage::kStart:
                start(instant_of(message.start().t0_ns()));
                break;
            case v1::LinkMessage::kStop:
                engine_->stop(instant_of(message.stop().at_ns()));
                break;
            case v1::LinkMessage::kDrainOver:
                engine_->end_drain();
                break;
            case v1::LinkMessage::kClose:
                tasks_.spawn(close(instant_of(message.close().deadline_ns())));
                break;
            case v1::LinkMessage::kBye:
                loop_.stop();
                break;
            default:
                break;
        }
    }

    void prepare(const v1::GeneratorPlan& plan) {
        v1::LinkMessage ready;
        ready.mutable_ready()->set_problem(set_up(plan));
        link_.send(ready);
    }

    std::string set_up(const v1::GeneratorPlan& plan) {
        auto parsed = scenario::parse(plan.scenario(), "the conductor's plan", {}, protocols_);
        if (!parsed) {
            return format_problem(parsed.problems().front());
        }
        if (parsed->traffic.arrival.kind == arrival::Kind::trace) {
            const auto problems = scenario::attach_trace(*parsed, plan.trace(), "the conductor's trace");
            if (!problems.empty()) {
                return format_problem(problems.front());
            }
        }
        const auto& scenario = *parsed;
        const auto kind =
            std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& each) { return each.name == plan.protocol(); });
        if (kind == kinds_.end()) {
            return fmt::format("no driver named {}", plan.protocol());
        }
        const auto target = net::parse_url(plan.target());
        const auto routes = read_routes(plan);
        if (!target || !routes) {
            return format_problem((target ? routes.problems() : target.problems()).front());
        }
        target_ = *target;
        dialer_.emplace(loop_, *routes, traffic_);
        net::Dialer* dialer = &*dialer_;
        if (auto faults = network_faults_of(scenario); !faults.empty()) {
            network_faults_ = faults::NetworkFaults(std::move(faults), scenario.seed);
            dialer = &faulty_dialer_.emplace(loop_, *dialer_, network_faults_);
        }
        const auto options = scenario.protocols.find(plan.protocol());
        options_ = options == scenario.protocols.end() ? nlohmann::json::object() : options->second;
        const auto encoding = encoding_of(scenario.traffic.payload.encoding, kind->traits(options_).native);
        driver_ = kind->make({.loop = loop_,
                              .dialer = *dialer,
                              .target = target_,
                              .options = options_,
                              .encoding = encoding,
                              .in_flight = scenario.delivery.in_flight,
                              .run = RunId{plan.run()}});
        plan_.emplace(plan_of(scenario, plan, encoding));
        ::malloc_trim(0);  // what the set-up has freed would hide what the equipments take
        usage_.set_private_base_bytes(resident_alone(::getpid()).count);
        engine_.emplace(loop_, *driver_, *plan_);
        return {};
    }

    void connect(Instant from) {
        engine_->connect(from);
        tasks_.spawn(say_when_connected());
    }

    net::Task<void> say_when_connected() {
        co_await engine_->ready();
        v1::LinkMessage ready;
        ready.mutable_ready()->set_connected(static_cast<std::uint32_t>(engine_->snapshot().connected));
        link_.send(ready);
    }

    void start(Instant t0) {
        engine_->start(t0);
        if (faulty_dialer_) {
            faulty_dialer_->start(t0);
        }
        tasks_.spawn(live(t0));
        tasks_.spawn(tell_how_it_goes(t0));
    }

    net::Task<void> live(Instant t0) {
        co_await begin_.until(t0);
        usage_.set_connect_cpu_s(seconds(cpu_used()));
        const net::Traffic before = traffic_;
        co_await engine_->drained();
        usage_.set_cpu_s(seconds(cpu_used()) - usage_.connect_cpu_s());
        usage_.set_rss_bytes(resident(::getpid()).count);
        usage_.set_private_bytes(resident_alone(::getpid()).count);
        usage_.set_bytes_sent(traffic_.bytes_sent - before.bytes_sent);
        usage_.set_bytes_received(traffic_.bytes_received - before.bytes_received);
        v1::LinkMessage drained;
        drained.mutable_drained();
        link_.send(drained);
    }

    net::Task<void> tell_how_it_goes(Instant t0) {
        // A little after the engine has closed a second.
        for (Instant next = t0 + snapshot_every + 5ms; !closed_; next += snapshot_every) {
            co_await tick_.until(next);
            const auto now = engine_->snapshot();
            v1::LinkMessage message;
            auto& snapshot = *message.mutable_snapshot();
            write_counts(now.counts, *snapshot.mutable_counts());
            snapshot.set_in_flight(now.in_flight);
            snapshot.set_cached(now.cached);
            snapshot.set_connected(now.connected);
            snapshot.set_errors(now.errors);
            snapshot.set_connect_failures(now.connect_failures);
            snapshot.set_response(now.response);
            auto changes = engine_->changes();
            for (auto& part : changes.parts) {
                auto& changed = *snapshot.add_changed();
                changed.set_segment(part.segment);
                write_counts(part.counts, *changed.mutable_counts());
                for (auto& packed : part.packed) {
                    changed.add_timings(std::move(packed));
                }
            }
            snapshot.set_connect(std::move(changes.connect));
            snapshot.set_generator_lag(std::move(changes.generator_lag));
            link_.send(message);
        }
    }

    net::Task<void> close(Instant deadline) {
        co_await engine_->close(deadline);
        closed_ = true;
        v1::LinkMessage message;
        write_result(engine_->result(), *message.mutable_result());
        if (faulty_dialer_) {
            write_injected(faulty_dialer_->injected(), *message.mutable_result());
        }
        *message.mutable_result()->mutable_usage() = usage_;
        link_.send(message);
    }

    const driver::Kinds& kinds_;
    std::span<const scenario::KnownProtocol> protocols_;
    MonotonicClock clock_;
    net::Loop loop_{clock_};
    net::TaskGroup tasks_{loop_};
    net::Wakeup begin_{loop_};
    net::Wakeup tick_{loop_};
    net::Traffic traffic_;
    Link link_;
    net::Url target_;
    nlohmann::json options_;
    std::optional<net::TcpDialer> dialer_;
    faults::NetworkFaults network_faults_;
    std::optional<net::FaultyDialer> faulty_dialer_;
    std::unique_ptr<driver::Driver> driver_;
    std::optional<fleet::Plan> plan_;
    std::optional<fleet::Engine> engine_;
    v1::Usage usage_;
    bool closed_ = false;
    int exit_status_ = 0;
};

}  // namespace

int generator_shard(const driver::Kinds& kinds, std::span<const scenario::KnownProtocol> protocols) {
    return GeneratorShard(kinds, protocols).serve();
}

}  // namespace portillon::run
