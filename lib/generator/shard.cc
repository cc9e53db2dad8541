#include "generator/shard.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "generator/plan_message.h"
#include "generator/result_message.h"
#include "host/machine.h"
#include "link/heartbeat.h"
#include "link/host_message.h"
#include "link/process.h"
#include "link/stream_link.h"
#include "net/tcp.h"

namespace portillon::generator {

namespace {

namespace v1 = link::v1;

constexpr Nanos snapshot_every = 1s;
constexpr Nanos after_the_second = 5ms;  // a little after the engine has closed it

Instant instant_of(std::uint64_t count_ns) {
    return Instant{Nanos{static_cast<std::int64_t>(count_ns)}};
}

}  // namespace

// The members of a lot; each uses those above it, so they are destroyed in the right order.
struct Shard::Lot {
    LotPlan plan;
    std::unique_ptr<net::Dialer> dialer;
    faults::NetworkFaults network_faults;
    std::optional<net::faults::FaultyDialer> faulty_dialer;
    std::unique_ptr<driver::Driver> driver;
    std::optional<fleet::Engine> engine;
};

Shard::Shard(net::Loop& loop, link::Link& link, const driver::Kinds& kinds, System system, Ended ended)
    : loop_(loop), link_(link), kinds_(kinds), system_(std::move(system)), ended_(std::move(ended)) {
    link_.start([this](const v1::LinkMessage& message) { heard(message); },
                [this](const error_code&) { ended_(1); });  // without a conductor there is nobody to report to
    v1::LinkMessage hello;
    hello.mutable_hello()->set_pid(::getpid());
    link_.send(hello);
}

Shard::~Shard() = default;

void Shard::heard(const v1::LinkMessage& message) {
    switch (message.what_case()) {
        case v1::LinkMessage::kPlan:
            gathered_.MergeFrom(message.plan());
            if (gathered_.last()) {
                prepare();
            }
            break;
        case v1::LinkMessage::kConnect:
            tasks_.spawn(connect(instant_of(message.connect().from_ns())));
            tasks_.spawn(tell_how_it_connects(instant_of(message.connect().from_ns())));
            break;
        case v1::LinkMessage::kStart:
            start(instant_of(message.start().t0_ns()));
            break;
        case v1::LinkMessage::kStop:
            for (const auto& lot : lots_) {
                lot->engine->stop(instant_of(message.stop().at_ns()));
            }
            break;
        case v1::LinkMessage::kDrainOver:
            for (const auto& lot : lots_) {
                lot->engine->end_drain();
            }
            break;
        case v1::LinkMessage::kClose:
            if (sessions_ == Sessions::wanted) {
                sessions_ = Sessions::closing;
                tasks_.spawn(close(instant_of(message.close().deadline_ns())));
            }
            break;
        case v1::LinkMessage::kBye:
            ended_(0);
            break;
        default:
            break;
    }
}

void Shard::prepare() {
    const std::string problem = set_up();
    gathered_.Clear();
    ::malloc_trim(0);  // else the equipments would use memory that set-up has freed, and their own would not show
    usage_.set_private_base_bytes(host::resident_alone(::getpid()).count);
    if (problem.empty()) {
        for (const auto& lot : lots_) {
            lot->engine.emplace(loop_, *lot->driver, lot->plan.lot);
        }
    }
    say_ready(0, problem);
}

std::string Shard::set_up() {
    const auto plan = read_plan(gathered_);
    if (!plan) {
        return format_problem(plan.problems().front());
    }
    for (const auto& lot : plan->lots) {
        if (auto problem = set_up(lot); !problem.empty()) {
            return problem;
        }
    }
    return {};
}

std::string Shard::set_up(const LotPlan& plan) {
    const auto kind =
        std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& each) { return each.name == plan.protocol; });
    if (kind == kinds_.end()) {
        return fmt::format("no driver named {}", plan.protocol);
    }
    Lot& lot = *lots_.emplace_back(std::make_unique<Lot>());
    lot.plan = plan;
    lot.dialer = system_.make_dialer(plan.routes, traffic_);
    net::Dialer* dialer = lot.dialer.get();
    if (!plan.network_faults.empty()) {
        lot.network_faults = faults::NetworkFaults(plan.network_faults, plan.lot.seed);
        dialer = &lot.faulty_dialer.emplace(loop_, *dialer, lot.network_faults);
    }
    lot.driver = kind->make({.loop = loop_,
                             .dialer = *dialer,
                             .target = lot.plan.target,
                             .options = lot.plan.options,
                             .encoding = plan.lot.encoding,
                             .in_flight = plan.lot.delivery.in_flight,
                             .run = plan.lot.run});
    return {};
}

void Shard::say_ready(std::uint32_t connected, const std::string& problem) {
    v1::LinkMessage message;
    auto& ready = *message.mutable_ready();
    ready.set_connected(connected);
    ready.set_problem(problem);
    link::write_host(system_.look_at_host(), *ready.mutable_host());
    link_.send(message);
}

net::Task<void> Shard::connect(Instant from) {
    for (const auto& lot : lots_) {
        lot->engine->connect(from);
    }
    std::uint64_t connected = 0;
    for (const auto& lot : lots_) {
        co_await lot->engine->ready();
        connected += lot->engine->snapshot().connected;
    }
    say_ready(static_cast<std::uint32_t>(connected), {});
}

// Until T0 is known. The facts of the machine are left out, since the machine's use is judged from T0 on.
net::Task<void> Shard::tell_how_it_connects(Instant from) {
    for (Instant next = from + snapshot_every; !started_ && sessions_ == Sessions::wanted; next += snapshot_every) {
        co_await connecting_tick_.until(next);
        for (std::uint32_t place = 0; place < lots_.size() && !started_; ++place) {
            for (v1::LinkMessage& message : write_snapshot(lots_[place]->engine->snapshot(), {})) {
                message.mutable_snapshot()->set_lot(place);
                link_.send(message);
            }
        }
    }
}

void Shard::start(Instant t0) {
    started_ = true;
    connecting_tick_.wake();
    for (const auto& lot : lots_) {
        lot->engine->start(t0);
        if (lot->faulty_dialer) {
            lot->faulty_dialer->start(t0);
        }
    }
    tasks_.spawn(live(t0));
    tasks_.spawn(tell_how_it_goes(t0));
}

net::Task<void> Shard::live(Instant t0) {
    co_await begin_.until(t0);
    usage_.set_connect_cpu_s(seconds(host::cpu_used()));
    const net::Traffic before = traffic_;
    for (const auto& lot : lots_) {
        co_await lot->engine->drained();
    }
    usage_.set_cpu_s(seconds(host::cpu_used()) - usage_.connect_cpu_s());
    usage_.set_rss_bytes(host::resident(::getpid()).count);
    usage_.set_private_bytes(host::resident_alone(::getpid()).count);
    usage_.set_bytes_sent(traffic_.bytes_sent - before.bytes_sent);
    usage_.set_bytes_received(traffic_.bytes_received - before.bytes_received);
    v1::LinkMessage drained;
    drained.mutable_drained();
    link_.send(drained);
}

net::Task<void> Shard::tell_how_it_goes(Instant t0) {
    co_await tick_.until(t0);
    for (Instant next = t0 + snapshot_every + after_the_second; sessions_ != Sessions::closed; next += snapshot_every) {
        for (std::uint32_t place = 0; place < lots_.size(); ++place) {
            tell_how_it_goes(place);
        }
        co_await tick_.until(next);
    }
}

void Shard::tell_how_it_goes(std::uint32_t place) {
    for (v1::LinkMessage& message : write_snapshot(lots_[place]->engine->snapshot(), lots_[place]->engine->changes())) {
        message.mutable_snapshot()->set_lot(place);
        link::write_host(system_.look_at_host(), *message.mutable_snapshot()->mutable_host());
        link_.send(message);
    }
}

net::Task<void> Shard::close(Instant deadline) {
    for (const auto& lot : lots_) {
        co_await lot->engine->close(deadline);
    }
    sessions_ = Sessions::closed;
    std::uint32_t place = 0;
    for (const auto& lot : lots_) {
        const auto injected =
            lot->faulty_dialer ? lot->faulty_dialer->injected() : std::span<const net::faults::Injected>{};
        for (v1::LinkMessage& piece : write_result(lot->engine->result(), injected)) {
            piece.mutable_result()->set_lot(place);
            link_.send(piece);
        }
        ++place;
    }
    v1::LinkMessage message;
    *message.mutable_reported()->mutable_usage() = usage_;
    link_.send(message);
}

int serve(const driver::Kinds& kinds) {
    host::raise_descriptor_limit();
    const MonotonicClock clock;
    net::Loop loop(clock);
    link::Heartbeat link(loop, std::make_unique<link::StreamLink>(loop, link::link_descriptor));
    int exit_status = 0;
    const Shard shard(loop, link, kinds,
                      {.make_dialer =
                           [&loop](std::vector<net::Route> routes, net::Traffic& traffic) {
                               return std::make_unique<net::TcpDialer>(loop, std::move(routes), traffic);
                           },
                       .look_at_host = host::look},
                      [&](int status) {
                          exit_status = status;
                          loop.stop();
                      });
    loop.run();
    ::_exit(exit_status);  // thousands of coroutines need no unwinding
}

}  // namespace portillon::generator
