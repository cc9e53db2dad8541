#include "run/conductor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <random>

#include "net/signals.h"
#include "net/task_group.h"
#include "run/assemble.h"
#include "run/embedded_server.h"
#include "run/generators.h"
#include "run/ledger_client.h"
#include "run/machine.h"
#include "run/phases.h"
#include "run/result_message.h"
#include "run/routes.h"
#include "scenario/resolved.h"
#include "scenario/sizing.h"

namespace portillon::run {

namespace {

constexpr Nanos prepare_patience = 60s;  // a shard's set-up, the slowest machine included
constexpr Nanos answer_patience = 30s;   // beyond what a step is known to take
constexpr Nanos before_t0 = 400ms;       // for T0 to reach server and shards
constexpr Nanos before_t0_per_fault = 10ms;
constexpr Nanos after_snapshot = 50ms;  // the shards send one at each full second
constexpr Nanos still_for = 1s;         // without acknowledgements the drain ends when the ledger stands still so long
constexpr Nanos short_drain = 2s;       // after an interruption
constexpr Nanos close_patience = 10s;
constexpr Nanos clearing_per_session = 1ms;  // beyond that: a slow broker takes a thousand connections a second
constexpr Nanos server_reads_for = 5s;
constexpr std::uint64_t closed_loop_sequences = 1ULL << 33;  // of the whole fleet: what a ledger leaves room for

using Acknowledges = driver::Traits::Acknowledges;

RunId random_run() {
    std::random_device device;
    return RunId{(std::uint64_t{device()} << 32) | device()};
}

// The most validations that any equipment can have.
std::uint64_t most_sequences(const scenario::Scenario& scenario) {
    const auto schedule = schedule_of(scenario);
    const double total = schedule.stages().total();
    switch (scenario.traffic.arrival.kind) {
        case arrival::Kind::closed:
            return std::max<std::uint64_t>(1000, closed_loop_sequences / scenario.fleet.equipments);
        // Twelve standard deviations: nobody will see more.
        case arrival::Kind::poisson:
            return static_cast<std::uint64_t>(total + 12 * std::sqrt(total) + 64);
        case arrival::Kind::burst:
            return static_cast<std::uint64_t>(total) + 2 * scenario.traffic.arrival.burst_size + 2;
        case arrival::Kind::trace:
            return std::max<std::uint64_t>(1, scenario.traffic.arrival.trace->busiest());
        case arrival::Kind::periodic:
            break;
    }
    return static_cast<std::uint64_t>(total) + 2;
}

std::string format_slice(const scenario::Slice& slice) {
    const auto first = number_of(slice.at(0)), last = number_of(slice.at(std::max(1U, slice.count) - 1));
    if (slice.count <= 1) {
        return fmt::format("equipment {}", first);
    }
    if (slice.stride == 1) {
        return fmt::format("equipments {} to {} ({} of them)", first, last, slice.count);
    }
    return fmt::format("equipments {}, {}, ... {} ({} of them)", first, number_of(slice.at(1)), last, slice.count);
}

class Conductor {
public:
    Conductor(const Order& order, Progress& progress) : order_(order), scenario_(order.scenario), progress_(progress) {}

    Conducted conduct() {
        raise_descriptor_limit();
        tasks_.spawn(run());
        loop_.run();
        return std::move(conducted_);
    }

private:
    // The life of a run.
    net::Task<void> run() {
        const bool prepared = co_await set_up();
        const bool connected = prepared && co_await connect();
        if (connected) {
            co_await generate();
            co_await drain();
            co_await collect();
            conducted_.report = assemble(order_, gathered_);
        } else if (prepared && keeps_sessions()) {
            co_await close_sessions();
        }
        if (gathered_.sessions_left.value_or(0) > 0) {
            tell_of_sessions_left();
        }
        conducted_.interrupted_by = interrupted_by_;
        generators_.dismiss();
        server_.reset();
        loop_.stop();
    }

    net::Task<bool> set_up() {
        const auto options = scenario_.protocols.find(order_.protocol->name);
        traits_ =
            order_.protocol->traits(options == scenario_.protocols.end() ? nlohmann::json::object() : options->second);
        const bool embedded = !order_.target;
        const auto sizing = scenario::size_for(
            scenario_.fleet.equipments, traits_.descriptors_per_session,
            embedded ? scenario::Server::embedded : scenario::Server::foreign,
            {.descriptor_limit = static_cast<unsigned>(std::min<std::uint64_t>(raise_descriptor_limit(), 1 << 30)),
             .cores = cores(),
             .ports_per_address = ports_per_address()},
            fewest_server_shards(scenario_));
        gathered_.run = random_run();
        gathered_.shards = order_.shards > 0 ? order_.shards : sizing.generator_shards;
        gathered_.target = embedded ? "embedded" : order_.target->url.text();
        live_.equipments = scenario_.fleet.equipments;

        std::optional<net::Located> target = order_.target;
        std::optional<net::Located> admin = order_.ledger;
        if (embedded) {
            std::string problem;
            const EmbeddedServer::Lost lost = [this](const std::string& what) {
                lost_of_server_.push_back(what);
                mourn(what);
            };
            server_ =
                co_await EmbeddedServer::start(loop_, order_.protocol->listener, sizing.server_shards, lost, problem);
            if (!server_) {
                co_return fail(problem);
            }
            target = net::located(net::url_of(order_.protocol->scheme, server_->target()), server_->target());
            admin = net::located(net::url_of("http", server_->admin()), server_->admin());
        }
        if (admin) {
            ledger_.emplace(loop_, *admin, order_.ledger_token, gathered_.run);
            // Named, because g++ 12 destroys an aggregate that is a temporary of a co_await expression twice.
            RunSpec spec{.run = gathered_.run,
                         .seed = scenario_.seed,
                         .payload_bytes = scenario_.traffic.payload.bytes.count,
                         .equipments = scenario_.fleet.equipments,
                         .sequences = most_sequences(scenario_),
                         .measured = schedule_of(scenario_).stages().measured_windows(),
                         .segments = {}};
            const auto segments = segments_of(scenario_);
            for (const auto& segment : segments.list()) {
                spec.segments.push_back({segment.from, segment.to});
            }
            const auto problem = co_await ledger_->open(std::move(spec));
            if (!problem.empty()) {
                co_return fail(problem);
            }
        }

        v1::GeneratorPlan plan;
        plan.set_scenario(scenario::serialize(scenario_));
        if (const auto& trace = scenario_.traffic.arrival.trace) {
            plan.set_trace(arrival::to_csv(*trace));
        }
        plan.set_protocol(order_.protocol->name);
        plan.set_target(target->url.text());
        plan.set_run(static_cast<std::uint64_t>(gathered_.run));
        plan.set_target_ends_with_run(embedded);
        plan.set_shards(gathered_.shards);
        write_routes(plan_routes(*target, order_.source_addresses, scenario_.fleet.equipments, ports_per_address()),
                     plan);
        progress_.announce(fmt::format(
            "{} equipments over {} to {}: {} generator process{}{}", scenario_.fleet.equipments, order_.protocol->name,
            describe_target(order_), gathered_.shards, gathered_.shards == 1 ? "" : "es",
            embedded ? fmt::format(", {} server process{}", sizing.server_shards, sizing.server_shards == 1 ? "" : "es")
                     : ""));
        if (keeps_sessions()) {
            progress_.announce(fmt::format(
                "The target keeps a session for each equipment until the run removes it at its end. Should the run be "
                "killed, this does: {}",
                clean_command()));
        }
        if (const auto problem = generators_.start(plan); !problem.empty()) {
            co_return fail(problem);
        }
        co_await until(loop_.now() + prepare_patience, [this] { return generators_.all_prepared() || given_up(); });
        if (!given_up() && !generators_.all_prepared()) {
            co_return fail("a generator process does not answer");
        }
        co_return fine();
    }

    net::Task<bool> connect() {
        live_.phase = Phase::connecting;
        progress_.live(live_);
        if (ledger_) {
            gathered_.server_before = co_await ledger_->figures();
        }
        overflows_before_ = listen_overflows();  // most likely while all connect
        const Instant from = loop_.now() + 50ms;
        generators_.connect(from);
        Nanos within{};
        if (const auto* by_rate = std::get_if<scenario::StartByRate>(&scenario_.fleet.start)) {
            within = by_rate->within;
            live_.planned =
                Nanos{static_cast<std::int64_t>(scenario_.fleet.equipments / by_rate->rate.per_second * 1e9)};
        }
        // A shard that dies now is no reason to give up: the others go on connecting.
        co_await until(from + within + answer_patience, [this] {
            return generators_.all_connected() || interrupted_by_ != 0 || !generators_.problem().empty();
        });
        if (fine()) {
            generators_.kill_unconnected();
        }
        co_return fine();
    }

    net::Task<void> generate() {
        t0_ = loop_.now() + before_t0 + scenario_.faults.size() * before_t0_per_fault;
        end_ = t0_ + schedule_of(scenario_).stages().duration();
        gathered_.started_at = utc_now();
        if (ledger_) {
            note(co_await ledger_->start(t0_));
            for (std::size_t place = 0; place < scenario_.faults.size(); ++place) {
                if (!faults::is_of_network(scenario_.faults[place].kind)) {
                    note(co_await ledger_->set_fault(scenario_.faults[place], place, t0_));
                }
            }
            gathered_.server_at_t0 = co_await ledger_->figures();
        }
        generators_.begin(t0_);
        co_await until(t0_, [this] { return interrupted_by_ != 0; });
        const Nanos busy_before = machine_cpu_used();
        const Nanos clock_before = clock_offset();
        live_.phase = Phase::running;
        live_.planned = end_ - t0_;
        Instant next = t0_ + after_snapshot;
        const auto early = [this] { return interrupted_by_ != 0 || gathered_.aborted_by; };
        while (loop_.now() < end_ && !early() && generators_.losses().size() < generators_.count()) {
            next += 1s;
            co_await until(std::min(end_ + after_snapshot, next), [this] { return interrupted_by_ != 0; });
            watch(busy_before, clock_before);
            show_progress();
        }
        const Instant now = std::clamp(loop_.now(), t0_, end_);
        if (early()) {
            generators_.stop(now);
            gathered_.complete = false;
        }
        gathered_.generating = now - t0_;
        auto& observed = gathered_.observed;
        if (now > t0_) {
            observed.cpu_share = seconds(machine_cpu_used() - busy_before) / (seconds(loop_.now() - t0_) * cores());
        }
        observed.clock_step = clock_offset() - clock_before;
        observed.listen_overflows = listen_overflows() - overflows_before_;
    }

    net::Task<void> drain() {
        live_.phase = Phase::draining;
        const bool early = interrupted_by_ != 0 || gathered_.aborted_by;
        live_.planned = early ? std::min(short_drain, scenario_.delivery.drain) : scenario_.delivery.drain;
        Instant deadline = loop_.now() + live_.planned;
        while (loop_.now() < deadline && !generators_.all_drained()) {
            const bool was_interrupted = interrupted_by_ != 0;
            co_await until(std::min(deadline, loop_.now() + 1s),
                           [&] { return generators_.all_drained() || (interrupted_by_ != 0) != was_interrupted; });
            if ((interrupted_by_ != 0) != was_interrupted) {
                gathered_.complete = false;
                deadline = std::min(deadline, loop_.now() + short_drain);
            }
            show_progress();
        }
        generators_.end_drain();
        if (traits_.acknowledges == Acknowledges::no) {
            co_await wait_for_silence(deadline);
        }
        co_await until(loop_.now() + answer_patience, [this] { return generators_.all_drained(); });
        gathered_.ended = loop_.now() - t0_;
        if (ledger_) {
            gathered_.server_after_drain = co_await ledger_->figures();
        }
    }

    // Nobody will say that the last ones have arrived: they have when the ledger stands still.
    net::Task<void> wait_for_silence(Instant deadline) {
        std::uint64_t last = 0;
        Instant since = loop_.now();
        while (loop_.now() < deadline && loop_.now() < since + still_for) {
            const auto arrived = ledger_ ? co_await ledger_->arrived() : std::optional<std::uint64_t>{};
            if (arrived.value_or(last) != last) {
                last = *arrived;
                since = loop_.now();
            }
            co_await pause_.until(loop_.now() + 100ms);
        }
    }

    // What a foreign server keeps of the sessions has to be removed.
    bool keeps_sessions() const { return order_.target && traits_.leaves == driver::Traits::Leaves::sessions; }

    std::string clean_command() const {
        return fmt::format("portillon clean --run {} --target {} --equipments {}", format_run(gathered_.run),
                           gathered_.target, scenario_.fleet.equipments);
    }

    // To be done whenever a connection may have been opened, also when the run goes no further.
    net::Task<void> close_sessions() {
        live_.phase = Phase::closing;
        progress_.live(live_);
        const Nanos clearing = keeps_sessions() ? scenario_.fleet.equipments * clearing_per_session : Nanos{0};
        const Nanos patience = close_patience + clearing;
        generators_.close_sessions(loop_.now() + patience);
        co_await until(loop_.now() + patience + answer_patience, [this] { return generators_.all_reported(); });
        generators_.kill_unreported();
        if (!keeps_sessions()) {
            co_return;
        }
        std::uint64_t left = 0;
        for (const v1::Result* message : generators_.results()) {
            if (account::Counts counts; read_counts(message->counts(), counts)) {
                left += counts.sessions_left;
            }
        }
        for (const auto& loss : generators_.losses()) {
            left += scenario::slice_of(scenario_.fleet.equipments, loss.shard, gathered_.shards).count;
        }
        gathered_.sessions_left = left;
    }

    void tell_of_sessions_left() {
        progress_.warn(fmt::format(
            "{} session{} could not be removed and may still be kept by the target; this does it once it can be "
            "reached: {}",
            *gathered_.sessions_left, *gathered_.sessions_left == 1 ? "" : "s", clean_command()));
    }

    net::Task<void> collect() {
        co_await close_sessions();
        live_.phase = Phase::reconciling;
        progress_.live(live_);
        const auto results = generators_.results();
        for (const v1::Result* message : results) {
            if (const auto result = read_result(*message)) {
                fleet::merge(gathered_.fleet, *result);
                add_injected(*message, gathered_.injected);
                auto& usage = gathered_.usage;
                usage.set_connect_cpu_s(usage.connect_cpu_s() + message->usage().connect_cpu_s());
                usage.set_cpu_s(usage.cpu_s() + message->usage().cpu_s());
                usage.set_rss_bytes(usage.rss_bytes() + message->usage().rss_bytes());
                usage.set_private_base_bytes(usage.private_base_bytes() + message->usage().private_base_bytes());
                usage.set_private_bytes(usage.private_bytes() + message->usage().private_bytes());
                usage.set_bytes_sent(usage.bytes_sent() + message->usage().bytes_sent());
                usage.set_bytes_received(usage.bytes_received() + message->usage().bytes_received());
            }
        }
        auto& lost = gathered_.observed.lost_shards;
        for (const auto& loss : generators_.losses()) {
            const auto slice = scenario::slice_of(scenario_.fleet.equipments, loss.shard, gathered_.shards);
            lost.push_back(loss.what + ", and with it " + format_slice(slice));
        }
        lost.insert(lost.end(), lost_of_server_.begin(), lost_of_server_.end());
        if (server_ && server_->gone()) {
            lost.back() += ", and with it the ledger";
        } else if (ledger_) {
            co_await reconcile_with_ledger();
        }
    }

    net::Task<void> reconcile_with_ledger() {
        note(co_await ledger_->freeze(server_reads_for));
        std::vector<std::optional<std::uint64_t>> generated(scenario_.fleet.equipments);
        for (const auto& one : gathered_.fleet.generated) {
            generated[number_of(one.equipment) - 1] = one.count;
        }
        std::string problem;
        gathered_.ledger = co_await ledger_->reconcile(std::move(generated), problem);
        note(problem);
        gathered_.observed.unread_ledger = problem;
        if (const auto figures = co_await ledger_->figures()) {
            compare(gathered_.server_before.value_or(ServerFigures{}), *figures);
        }
        gathered_.struck = co_await ledger_->struck();
        note(co_await ledger_->close());
    }

    // What became of the server meanwhile. The embedded one tells of its dead shards by itself; why a foreign one takes
    // no more connections is its owner's business.
    void compare(const ServerFigures& before, const ServerFigures& after) {
        auto& observed = gathered_.observed;
        if (server_) {
            observed.turned_away = after.turned_away - std::min(before.turned_away, after.turned_away);
            return;
        }
        const auto& known = before.dead_shards;
        for (const auto& dead : after.dead_shards) {
            if (std::find(known.begin(), known.end(), dead) == known.end()) {
                observed.lost_shards.push_back(dead + " died during the run");
            }
        }
    }

    // What happens before there is anything to report is told as the run's failure.
    void mourn(const std::string& what) {
        if (live_.phase != Phase::preparing) {
            progress_.warn(what);
        }
    }

    // While it runs: how the verdict stands, and whether a threshold ends it.
    void watch(Nanos busy_before, Nanos clock_before) {
        const auto& so_far = generators_.so_far().result(segments_of(scenario_));
        const Nanos elapsed = loop_.now() - t0_;
        Observed observed = gathered_.observed;
        for (const auto& loss : generators_.losses()) {
            observed.lost_shards.push_back(loss.what);
        }
        observed.cpu_share = seconds(machine_cpu_used() - busy_before) / (seconds(elapsed) * cores());
        observed.clock_step = clock_offset() - clock_before;
        observed.listen_overflows = listen_overflows() - overflows_before_;
        // Without acknowledgements only the ledger knows what to hold the lag against, at the end.
        if (traits_.acknowledges == Acknowledges::yes) {
            observed.lag_p99 = so_far.generator_lag.percentile(99);
            observed.response_p99 = so_far.response.percentile(99);
        }
        live_.verdict = judge(observed);
        if (elapsed >= end_ - t0_ || interrupted_by_ != 0) {
            return;
        }
        gathered_.aborted_by = breach_of(order_, so_far, elapsed);
        if (gathered_.aborted_by) {
            progress_.warn(fmt::format("{} does not hold ({}): stopping, draining briefly, and reporting what there is",
                                       gathered_.aborted_by->threshold, gathered_.aborted_by->observed));
        }
    }

    void show_progress() {
        const auto snapshot = generators_.snapshot();
        const Instant now = loop_.now();
        // Rates need a second to mean something; a phase that begins right after keeps those before.
        if (const Nanos since = now - std::max(shown_at_, t0_ + after_snapshot); since > 500ms) {
            live_.generated_per_s =
                static_cast<double>(snapshot.counts.generated - counted_generated_) / seconds(since);
            live_.acknowledged_per_s =
                static_cast<double>(snapshot.counts.acknowledged - counted_acknowledged_) / seconds(since);
            counted_generated_ = snapshot.counts.generated;
            counted_acknowledged_ = snapshot.counts.acknowledged;
            shown_at_ = now;
        }
        live_.elapsed = now - t0_;
        live_.connected = snapshot.connected;
        live_.counts = snapshot.counts;
        if (traits_.acknowledges == Acknowledges::yes) {
            live_.unanswered =
                snapshot.counts.generated - std::min(snapshot.counts.generated, snapshot.counts.acknowledged);
        }
        live_.in_flight = snapshot.in_flight;
        live_.cached = snapshot.cached;
        live_.errors = snapshot.errors;
        const auto histogram = generators_.last_second();
        live_.response_p50 = histogram.percentile(50);
        live_.response_p95 = histogram.percentile(95);
        live_.response_p99 = histogram.percentile(99);
        progress_.live(live_);
    }

    template <class Condition>
    net::Task<void> until(Instant deadline, Condition holds) {
        while (!holds() && loop_.now() < deadline) {
            co_await changed_.until(deadline);
        }
    }

    void interrupt(const net::StopSignal& signal) {
        if (interrupted_by_ != 0) {
            if (net::insists(interruption_, signal)) {
                ::_exit(128 + signal.number);  // the shards die with us
            }
            return;
        }
        interruption_ = signal;
        interrupted_by_ = signal.number;
        progress_.warn("interrupted: stopping, draining briefly, and reporting what there is; once more aborts");
        changed_.wake();
    }

    bool given_up() const {
        return interrupted_by_ != 0 || !generators_.problem().empty() || !generators_.losses().empty();
    }

    bool fine() {
        if (interrupted_by_ != 0) {
            return false;
        }
        if (!generators_.problem().empty()) {
            return fail(generators_.problem());
        }
        if (!generators_.losses().empty() && live_.phase == Phase::preparing) {
            return fail(generators_.losses().front().what);
        }
        return true;
    }

    bool fail(const std::string& why) {
        conducted_.failure = why;
        return false;
    }

    void note(const std::string& problem) {
        if (!problem.empty()) {
            progress_.warn(problem);
        }
    }

    const Order& order_;
    const scenario::Scenario& scenario_;
    Progress& progress_;
    MonotonicClock clock_;
    net::Loop loop_{clock_};
    net::Signals signals_{loop_, net::stop_signals(), [this](int signal) { interrupt({signal, loop_.now()}); }};
    net::Wakeup changed_{loop_};
    net::Wakeup pause_{loop_};
    Generators generators_{loop_, changed_, [this](const std::string& what) { mourn(what); }};
    std::unique_ptr<EmbeddedServer> server_;
    std::vector<std::string> lost_of_server_;
    std::optional<LedgerClient> ledger_;
    driver::Traits traits_;
    Gathered gathered_;
    Conducted conducted_;
    Live live_;
    Instant t0_{}, end_{}, shown_at_{};
    std::uint64_t counted_generated_ = 0, counted_acknowledged_ = 0;
    std::uint64_t overflows_before_ = 0;
    net::StopSignal interruption_;
    int interrupted_by_ = 0;
    net::TaskGroup tasks_{loop_};
};

}  // namespace

Conducted conduct(const Order& order, Progress& progress) {
    return Conductor(order, progress).conduct();
}

}  // namespace portillon::run
