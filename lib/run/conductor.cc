#include "run/conductor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "generator/result_message.h"
#include "host/machine.h"
#include "plan/slice.h"
#include "run/generator_plan.h"
#include "run/phases.h"
#include "run/timeline.h"

namespace portillon::run {

namespace {

constexpr Nanos prepare_patience = 60s;  // for the set-up of a shard, even on a slow machine
constexpr Nanos answer_patience = 30s;   // for an answer, beyond the time that the step itself takes
constexpr Nanos before_t0 = 400ms;       // time for T0 to reach server and shards
constexpr Nanos before_t0_per_fault = 10ms;
constexpr Nanos after_snapshot = 50ms;  // time for the snapshot that each shard sends at a full second to arrive
constexpr Nanos still_for = 1s;         // without acknowledgements the drain ends when the ledger stands still so long
constexpr Nanos short_drain = 2s;       // after an interruption
constexpr Nanos vain_drain = 100ms;     // nobody will answer; the shards have to see the end of the generation first
constexpr Nanos close_patience = 10s;
constexpr Nanos clearing_per_session = 1ms;  // added to close_patience: a slow broker takes 1,000 connections a second
constexpr Nanos server_reads_for = 5s;

using Acknowledges = driver::Traits::Acknowledges;

std::string format_slice(const plan::Slice& slice) {
    const auto first = number_of(slice.at(0)), last = number_of(slice.at(std::max(1U, slice.count) - 1));
    if (slice.count <= 1) {
        return fmt::format("equipment {}", first);
    }
    if (slice.stride == 1) {
        return fmt::format("equipments {} to {} ({} of them)", first, last, slice.count);
    }
    return fmt::format("equipments {}, {}, ... {} ({} of them)", first, number_of(slice.at(1)), last, slice.count);
}

void add(link::v1::Usage& sum, const link::v1::Usage& usage) {
    sum.set_connect_cpu_s(sum.connect_cpu_s() + usage.connect_cpu_s());
    sum.set_cpu_s(sum.cpu_s() + usage.cpu_s());
    sum.set_rss_bytes(sum.rss_bytes() + usage.rss_bytes());
    sum.set_private_base_bytes(sum.private_base_bytes() + usage.private_base_bytes());
    sum.set_private_bytes(sum.private_bytes() + usage.private_bytes());
    sum.set_bytes_sent(sum.bytes_sent() + usage.bytes_sent());
    sum.set_bytes_received(sum.bytes_received() + usage.bytes_received());
}

}  // namespace

Conductor::Conductor(const Order& order, Progress& progress, Setup setup)
    : order_(order),
      progress_(progress),
      loop_(setup.loop),
      generators_(setup.generators),
      target_(setup.target),
      setup_(std::move(setup)),
      pause_(loop_),
      commands_(loop_, progress, std::move(setup_.execute)) {
    const auto& scenario = order.scenario;
    const auto options = scenario.protocols.find(order.protocol->name);
    traits_ = order.protocol->traits(options == scenario.protocols.end() ? nlohmann::json::object() : options->second);
    accounts_.resize(scenario.lots.size());
    for (std::size_t lot = 0; lot < scenario.lots.size(); ++lot) {
        lots_.push_back({order, nullptr});
        lots_[lot].order.scenario = scenario::alone(scenario, lot);
        accounts_[lot].run = RunId{static_cast<std::uint64_t>(setup_.run) + lot};
        equipments_ += scenario.lots[lot].fleet.equipments;
        drain_ = std::max(drain_, scenario.lots[lot].delivery.drain);
    }
}

Conductor::~Conductor() = default;

net::Task<RunOutcome> Conductor::live() {
    const bool prepared = co_await set_up();
    const bool connected = prepared && co_await connect();
    if (connected) {
        co_await generate();
        co_await drain();
        co_await collect();
        for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
            gathered_.lot = std::move(accounts_[lot]);
            outcome_.reports.push_back(assemble(lots_[lot].order, gathered_));
        }
    } else if (prepared && keeps_sessions()) {
        co_await close_sessions();
    }
    if (gathered_.sessions_left.value_or(0) > 0) {
        tell_of_sessions_left();
    }
    outcome_.interrupted_by = interrupted_by_;
    generators_.dismiss();
    target_.end();
    co_return std::move(outcome_);
}

net::Task<bool> Conductor::set_up() {
    gathered_.shards = setup_.generator_shards;
    gathered_.target = target_.name();
    live_.equipments = equipments_;
    if (const auto problem = co_await target_.start(); !problem.empty()) {
        co_return fail(problem);
    }
    if (!co_await open_ledgers()) {
        co_return false;
    }
    announce();
    std::vector<RunId> runs;
    for (const auto& lot : accounts_) {
        runs.push_back(lot.run);
    }
    const auto plan = generator_plan(order_,
                                     {.target = target_.at(),
                                      .ends_with_run = target_.is_embedded(),
                                      .traits = traits_,
                                      .ports_per_address = setup_.ports_per_address},
                                     runs);
    const auto lost = [this](const std::string& what) { mourn(what); };
    if (const auto problem = generators_.start(plan, gathered_.shards, lost); !problem.empty()) {
        co_return fail(problem);
    }
    co_await until(loop_.now() + prepare_patience, [this] { return generators_.all_prepared() || given_up(); });
    if (!given_up() && !generators_.all_prepared()) {
        co_return fail("a generator process does not answer");
    }
    co_return fine();
}

net::Task<bool> Conductor::open_ledgers() {
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        auto& ledger = lots_[lot].ledger;
        ledger = target_.ledger_of(accounts_[lot].run);
        if (!ledger) {
            continue;
        }
        // `spec` has a name because g++ 12 destroys an aggregate twice if it is a temporary in a co_await expression.
        plan::RunSpec spec = run_spec(lots_[lot].order.scenario, accounts_[lot].run);
        if (const auto problem = co_await ledger->open(std::move(spec)); !problem.empty()) {
            co_return fail(problem);
        }
    }
    co_return true;
}

void Conductor::announce() {
    std::string text = fmt::format("{} over {} to {}: {}", counted(equipments_, "equipment"), order_.protocol->name,
                                   setup_.target_in_words, counted(gathered_.shards, "generator process"));
    if (target_.is_embedded()) {
        text += ", " + counted(setup_.server_shards, "server process");
    }
    progress_.announce(text);
    if (keeps_sessions()) {
        progress_.announce(fmt::format(
            "The target keeps a session for each equipment until the run removes it at its end. Should the run be "
            "killed, this does: {}",
            clean_command()));
    }
}

net::Task<bool> Conductor::connect() {
    live_.phase = Phase::connecting;
    progress_.live(live_);
    gathered_.server_before = co_await server_figures();
    if (is_elsewhere(gathered_.server_before)) {
        server_machines_.prepared(*gathered_.server_before->host);
    }
    const Instant from = loop_.now() + 50ms;
    generators_.connect(from);
    dials_from_ = never;
    Nanos within{};
    for (const auto& lot : order_.scenario.lots) {
        if (const auto* by_rate = std::get_if<plan::StartByRate>(&lot.fleet.start)) {
            dials_from_ = from;
            within = std::max(within, by_rate->within);
            live_.planned = std::max(
                live_.planned, Nanos{static_cast<std::int64_t>(lot.fleet.equipments / by_rate->rate.per_second * 1e9)});
        }
    }
    // If a shard dies now, the others go on connecting: the run takes place without it, and is judged invalid.
    co_await until(from + within + answer_patience, [this] {
        return generators_.all_connected() || interrupted_by_ != 0 || !generators_.problem().empty() ||
               reaches_nobody();
    });
    if (reaches_nobody()) {
        give_up_target();
    } else if (fine()) {
        generators_.kill_unconnected();
    }
    co_return fine();
}

// A fault that has begun may be what keeps the equipments from connecting; then the target is not given up.
bool Conductor::reaches_nobody() const {
    if (dials_from_ == never || loop_.now() < dials_from_ + reach_patience || fault_has_begun()) {
        return false;
    }
    const auto snapshot = generators_.snapshot();
    return snapshot.counts.connects == 0 && snapshot.connect_failures > 0;
}

bool Conductor::fault_has_begun() const {
    const auto& faults = order_.scenario.faults;
    return live_.phase == Phase::running && std::any_of(faults.begin(), faults.end(), [this](const auto& fault) {
               return loop_.now() >= t0_ + fault.at;
           });
}

void Conductor::give_up_target() {
    target_given_up_ = true;
    gathered_.ended_because = "no equipment could connect";
    progress_.warn(fmt::format("no equipment could connect to {} within {:.0f} s: giving up", setup_.target_in_words,
                               seconds(loop_.now() - dials_from_)));
}

net::Task<void> Conductor::start_ledgers() {
    for (auto& lot : lots_) {
        if (!lot.ledger) {
            continue;
        }
        note(co_await lot.ledger->start(t0_));
        const auto& faults = order_.scenario.faults;
        for (std::size_t place = 0; place < faults.size(); ++place) {
            if (faults::is_of_server(faults[place].kind)) {
                note(co_await lot.ledger->set_fault(faults[place], place, t0_));
            }
        }
    }
    gathered_.server_at_t0 = co_await server_figures();
    if (is_elsewhere(gathered_.server_at_t0)) {
        server_machines_.running(*gathered_.server_at_t0->host);
    }
}

// T0 lies a little in the future, so that ledgers, faults and shards know it before it comes. The conductor then looks
// once a second, just after the shards have sent their snapshots, until the stages are over, the user or a threshold
// ends the run, or no shard is left.
net::Task<void> Conductor::generate() {
    t0_ = loop_.now() + before_t0 + order_.scenario.faults.size() * before_t0_per_fault;
    Nanos duration{};
    for (const auto& lot : order_.scenario.lots) {
        duration = std::max(duration, stages_of(lot.traffic).duration());
    }
    end_ = t0_ + duration;
    gathered_.started_at = host::utc_now();
    co_await start_ledgers();
    generators_.begin(t0_);
    dials_from_ = std::min(dials_from_, t0_);
    commands_.begin(order_.scenario.faults, t0_);
    co_await until(t0_, [this] { return interrupted_by_ != 0; });
    live_.phase = Phase::running;
    live_.planned = end_ - t0_;
    phase_ends_ = end_;
    Instant next = t0_ + after_snapshot;
    const auto early = [this] { return interrupted_by_ != 0 || gathered_.aborted_by || target_given_up_; };
    while (loop_.now() < end_ && !early() && generators_.losses().size() < generators_.count()) {
        next += 1s;
        co_await until(std::min(end_ + after_snapshot, next), [this] { return interrupted_by_ != 0; });
        watch();
        show_progress();
        if (!early() && reaches_nobody()) {
            give_up_target();
        }
    }
    const Instant now = std::clamp(loop_.now(), t0_, end_);
    if (early()) {
        generators_.stop(now);
        commands_.finish();
        gathered_.complete = false;
    }
    gathered_.generating = now - t0_;
    look_at_machines();
}

// Waits until every shard says that nothing is in flight or cached any more, for the plan's drain at most; if the run
// was ended early, or is interrupted now, for short_drain. Shards that are not done by then are told that the drain is
// over.
net::Task<void> Conductor::drain() {
    live_.phase = Phase::draining;
    const bool early = interrupted_by_ != 0 || gathered_.aborted_by;
    live_.planned = target_given_up_ ? vain_drain : early ? std::min(short_drain, drain_) : drain_;
    Instant deadline = loop_.now() + live_.planned;
    phase_ends_ = deadline;
    while (loop_.now() < deadline && !generators_.all_drained()) {
        const bool was_interrupted = interrupted_by_ != 0;
        co_await until(std::min(deadline, loop_.now() + 1s),
                       [&] { return generators_.all_drained() || (interrupted_by_ != 0) != was_interrupted; });
        if ((interrupted_by_ != 0) != was_interrupted) {
            gathered_.complete = false;
            commands_.finish();
            deadline = std::min(deadline, loop_.now() + short_drain);
            phase_ends_ = deadline;
        }
        show_progress();
    }
    generators_.end_drain();
    if (traits_.acknowledges == Acknowledges::no) {
        co_await wait_for_silence(deadline);
    }
    co_await until(loop_.now() + answer_patience, [this] { return generators_.all_drained(); });
    gathered_.ended = loop_.now() - t0_;
    commands_.finish();
    co_await commands_.join();
    gathered_.commands = commands_.executed();
    gathered_.server_after_drain = co_await server_figures();
    if (is_elsewhere(gathered_.server_after_drain)) {
        server_machines_.running(*gathered_.server_after_drain->host);
        look_at_machines();
    }
}

// Without acknowledgements nothing says that the last validations have arrived. They are taken to have arrived when the
// ledgers' counts have stood still for still_for.
net::Task<void> Conductor::wait_for_silence(Instant deadline) {
    std::vector<std::uint64_t> last(lots_.size());
    Instant since = loop_.now();
    while (loop_.now() < deadline && loop_.now() < since + still_for) {
        for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
            const auto arrived =
                lots_[lot].ledger ? co_await lots_[lot].ledger->arrived() : std::optional<std::uint64_t>{};
            if (arrived.value_or(last[lot]) != last[lot]) {
                last[lot] = *arrived;
                since = loop_.now();
            }
        }
        co_await pause_.until(loop_.now() + 100ms);
    }
}

// Whether the run has to remove sessions from the target: it is foreign, and the protocol leaves sessions behind.
bool Conductor::keeps_sessions() const {
    return !target_.is_embedded() && traits_.leaves == driver::Traits::Leaves::sessions;
}

std::string Conductor::clean_command() const {
    std::string commands;
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        commands +=
            fmt::format("{}portillon clean --run {} --target {} --equipments {}", lot == 0 ? "" : "; ",
                        format_run(accounts_[lot].run), gathered_.target, order_.scenario.lots[lot].fleet.equipments);
    }
    return commands;
}

// Closes all sessions and waits for the shards' results. Needed whenever a connection may have been opened, even if the
// run goes no further. Sessions that could not be removed are counted, and so are all those of shards that died.
net::Task<void> Conductor::close_sessions() {
    live_.phase = Phase::closing;
    progress_.live(live_);
    const Nanos clearing = keeps_sessions() ? equipments_ * clearing_per_session : Nanos{0};
    const Nanos patience = close_patience + clearing;
    generators_.close_sessions(loop_.now() + patience);
    co_await until(loop_.now() + patience + answer_patience, [this] { return generators_.all_reported(); });
    generators_.kill_unreported();
    if (!keeps_sessions()) {
        co_return;
    }
    std::uint64_t left = 0;
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        for (const link::v1::Result* message : generators_.results(lot)) {
            if (account::Counts counts; generator::read_counts(message->counts(), counts)) {
                left += counts.sessions_left;
            }
        }
        for (const auto& loss : generators_.losses()) {
            left += plan::slice_of(order_.scenario.lots[lot].fleet.equipments, loss.shard, gathered_.shards).count;
        }
    }
    gathered_.sessions_left = left;
}

void Conductor::tell_of_sessions_left() {
    progress_.warn(fmt::format(
        "{} session{} could not be removed and may still be kept by the target; this does it once it can be "
        "reached: {}",
        *gathered_.sessions_left, *gathered_.sessions_left == 1 ? "" : "s", clean_command()));
}

net::Task<void> Conductor::collect() {
    co_await close_sessions();
    live_.phase = Phase::reconciling;
    progress_.live(live_);
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        collect_results(lot);
    }
    for (const link::v1::Usage* usage : generators_.usages()) {
        add(gathered_.usage, *usage);
    }
    auto& lost = gathered_.observed.lost_shards;
    lost = tell_lost_generators();
    for (const auto& what : target_.losses()) {
        lost.push_back(what);
    }
    if (target_.gone()) {
        lost.back() += ", and with it the record of what arrived";
    } else {
        co_await reconcile_with_ledgers();
    }
}

void Conductor::collect_results(std::size_t lot) {
    auto& account = accounts_[lot];
    for (const link::v1::Result* message : generators_.results(lot)) {
        if (const auto result = generator::read_result(*message)) {
            fleet::merge(account.fleet, *result);
            generator::add_injected(*message, account.injected);
        }
    }
}

// Describes each lost shard with the equipments that were lost with it.
std::vector<std::string> Conductor::tell_lost_generators() const {
    std::vector<std::string> told;
    for (const auto& loss : generators_.losses()) {
        std::string slices;
        for (const auto& lot : order_.scenario.lots) {
            const auto slice = plan::slice_of(lot.fleet.equipments, loss.shard, gathered_.shards);
            slices += (slices.empty() ? "" : "; ") + format_slice(slice);
        }
        told.push_back(loss.what + ", and with it " + slices);
    }
    return told;
}

net::Task<void> Conductor::reconcile_with_ledgers() {
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        if (lots_[lot].ledger) {
            auto problem = co_await reconcile_with_ledger(lot);
            note(problem);
            gathered_.observed.unread_ledger = problem.empty() ? gathered_.observed.unread_ledger : problem;
        }
    }
    if (const auto figures = co_await server_figures()) {
        compare(gathered_.server_before.value_or(ServerFigures{}), *figures);
    }
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        if (auto& ledger = lots_[lot].ledger) {
            accounts_[lot].struck = co_await ledger->struck();
            note(co_await ledger->close());
        }
    }
}

// Returns in words why the ledger could not be read; empty if it was.
net::Task<std::string> Conductor::reconcile_with_ledger(std::size_t lot) {
    Ledger& ledger = *lots_[lot].ledger;
    auto& account = accounts_[lot];
    note(co_await ledger.freeze(server_reads_for));
    std::vector<std::optional<std::uint64_t>> generated(order_.scenario.lots[lot].fleet.equipments);
    for (const auto& one : account.fleet.generated) {
        generated[number_of(one.equipment) - 1] = one.count;
    }
    std::string problem;
    account.ledger = co_await ledger.reconcile(std::move(generated), problem);
    co_return problem;
}

// Compares the server before and after the run. An embedded server reports its dead shards itself, so only the
// connections that it turned away are new. Of a foreign server only dead shards count: how many connections it takes is
// up to its owner.
void Conductor::compare(const ServerFigures& before, const ServerFigures& after) {
    auto& observed = gathered_.observed;
    if (target_.is_embedded()) {
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

// The figures of the whole server; the ledger of any of its runs can ask for them.
net::Task<std::optional<ServerFigures>> Conductor::server_figures() {
    if (!lots_.front().ledger) {
        co_return std::nullopt;
    }
    co_return co_await lots_.front().ledger->figures();
}

// Whether the server runs on a machine without generators. A generator sends its machine's facts all the time; those of
// the server's machine have to be taken from its figures.
bool Conductor::is_elsewhere(const std::optional<ServerFigures>& server) const {
    return server && server->host && !generators_.machines().knows(server->host->machine);
}

// While the run is prepared, the loss ends it and is reported as its failure; no warning is needed then.
void Conductor::mourn(const std::string& what) {
    if (live_.phase != Phase::preparing) {
        progress_.warn(what);
    }
}

// Takes the latest facts of all machines into what is observed.
void Conductor::look_at_machines() {
    const MachineUse use = generators_.machines().use();
    const MachineUse server = server_machines_.use();
    auto& observed = gathered_.observed;
    observed.cpu_share = std::max(use.cpu_share, server.cpu_share);
    observed.clock_step =
        std::chrono::abs(server.clock_step) > std::chrono::abs(use.clock_step) ? server.clock_step : use.clock_step;
    observed.listen_overflows = use.listen_overflows + server.listen_overflows;
}

// Judges the run while it lasts: updates the live verdict, and ends the run if a threshold says so.
void Conductor::watch() {
    look_at_machines();
    const Nanos elapsed = loop_.now() - t0_;
    Observed observed = gathered_.observed;
    for (const auto& loss : generators_.losses()) {
        observed.lost_shards.push_back(loss.what);
    }
    for (std::size_t lot = 0; lot < lots_.size(); ++lot) {
        const Order& order = lots_[lot].order;
        const auto& so_far = generators_.so_far(lot).result(segments_of(order.scenario));
        // The lag is compared with response times. Without acknowledgements only the ledger has times, at the end.
        if (traits_.acknowledges == Acknowledges::yes) {
            observed.lag_p99 = std::max(observed.lag_p99, so_far.generator_lag.percentile(99));
            observed.response_p99 = std::max(observed.response_p99, so_far.response.percentile(99));
        }
        if (elapsed < end_ - t0_ && interrupted_by_ == 0 && !gathered_.aborted_by) {
            gathered_.aborted_by = breach_of(order, so_far, elapsed);
        }
    }
    live_.verdict = judge(observed);
    if (gathered_.aborted_by) {
        progress_.warn(fmt::format("{} does not hold ({}): stopping, draining briefly, and reporting what there is",
                                   gathered_.aborted_by->threshold, gathered_.aborted_by->observed));
    }
}

void Conductor::show_progress() {
    const auto snapshot = generators_.snapshot();
    const Instant now = loop_.now();
    // A rate over less than half a second means little. Right after a phase has begun, the last rates are kept.
    if (const Nanos since = now - std::max(shown_at_, t0_ + after_snapshot); since > 500ms) {
        live_.generated_per_s = static_cast<double>(snapshot.counts.generated - counted_generated_) / seconds(since);
        live_.acknowledged_per_s =
            static_cast<double>(snapshot.counts.acknowledged - counted_acknowledged_) / seconds(since);
        counted_generated_ = snapshot.counts.generated;
        counted_acknowledged_ = snapshot.counts.acknowledged;
        shown_at_ = now;
    }
    live_.elapsed = now - t0_;
    live_.left = std::max(Nanos{0}, phase_ends_ - now);
    live_.stage = live_.phase == Phase::running ? stage_at(order_.scenario, live_.elapsed) : "";
    live_.faults = faults_at(order_.scenario, live_.elapsed);
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
net::Task<void> Conductor::until(Instant deadline, Condition holds) {
    while (!holds() && loop_.now() < deadline) {
        co_await generators_.changed().until(deadline);
    }
}

bool Conductor::interrupt(const net::StopSignal& signal) {
    if (interrupted_by_ != 0) {
        const bool at_once = net::insists(interruption_, signal);
        for (const auto& command : at_once ? commands_.owed() : std::vector<std::string>{}) {
            progress_.warn(fmt::format("aborted while a fault was on; its end was not executed: {}", command));
        }
        return !at_once;
    }
    interruption_ = signal;
    interrupted_by_ = signal.number;
    progress_.warn("interrupted: stopping, draining briefly, and reporting what there is; once more aborts");
    generators_.changed().wake();
    return true;
}

bool Conductor::given_up() const {
    return interrupted_by_ != 0 || !generators_.problem().empty() || !generators_.losses().empty();
}

bool Conductor::fine() {
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

bool Conductor::fail(const std::string& why) {
    outcome_.failure = why;
    return false;
}

void Conductor::note(const std::string& problem) {
    if (!problem.empty()) {
        progress_.warn(problem);
    }
}

}  // namespace portillon::run
