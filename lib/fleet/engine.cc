#include "fleet/engine.h"

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "fleet/equipment.h"
#include "fleet/shard.h"
#include "net/task_group.h"
#include "stats/histogram_codec.h"

namespace portillon::fleet {

namespace {

// The most goodbyes at once: enough to be quick, few enough that 50,000 do not reach the server in one burst.
constexpr std::uint32_t goodbyes_at_once = 512;

// Whether the parts add up to the whole. Of the figures that count batches, a part has only the retries.
bool agree(const std::vector<Part>& parts, const account::Counts& whole) {
    account::Counts sum;
    for (const Part& part : parts) {
        account::add(sum, part.counts);
    }
    for (const auto& figure : account::count_figures) {
        const bool told = figure.section == account::Section::tally &&
                          (figure.reach == account::Reach::stages || figure.count == &account::Counts::retries);
        if (told && sum.*figure.count != whole.*figure.count) {
            return false;
        }
    }
    return true;
}

}  // namespace

struct Engine::Core {
    // Closes the intervals of the series on time even if nothing else happens.
    class Ticker final : public Alarm {
    public:
        explicit Ticker(Shard& shard) : shard_(shard) {}

        void ring(Instant now) override {
            shard_.roll(now);
            shard_.loop.timers().set(*this, shard_.books.series.next());
        }

    private:
        Shard& shard_;
    };

    Core(net::Loop& loop, driver::Driver& driver, const plan::Lot& lot)
        : shard(loop, driver, lot), lives(loop), ticker(shard) {
        const auto count = lot.slice().count;
        for (std::uint32_t place = 0; place < count; ++place) {
            equipments.emplace_back(shard, lot.slice().at(place));
        }
    }

    // Starts a coroutine for each equipment: all before T0, because it takes a while.
    void bring_to_life() {
        const auto* by_rate = std::get_if<plan::StartByRate>(&shard.lot.start);
        for (auto& equipment : equipments) {
            const Nanos after = by_rate == nullptr ? plan::start_of(shard.lot.start, equipment.id())
                                                   : Nanos{static_cast<std::int64_t>((number_of(equipment.id()) - 1) *
                                                                                     1e9 / by_rate->rate.per_second)};
            lives.spawn(equipment.live(after));
        }
    }

    void end_offers() {
        if (shard.phase == Shard::Phase::over) {
            return;
        }
        shard.roll(shard.loop.now());
        shard.phase = Shard::Phase::over;
        if (shard.started()) {
            for (auto& equipment : equipments) {
                equipment.give_up();
            }
        }
    }

    void stop(Instant at) {
        const Nanos end = std::max(at - shard.t0 + Nanos{1}, Nanos{0});
        if (!shard.started() || end >= shard.generation_end) {
            return;
        }
        shard.generation_end = end;
        for (auto& equipment : equipments) {
            equipment.shorten();
        }
        shard.drained.wake();
    }

    Shard shard;
    std::deque<Equipment> equipments;
    net::TaskGroup lives;
    Ticker ticker;
    struct Told {  // the state of a part at the last changes()
        account::Counts counts;
        std::uint64_t first_sent = 0;
        bool operator==(const Told&) const = default;
    };
    std::vector<Told> told;
    std::uint64_t told_connects = 0, told_lags = 0;
    enum class Drain : std::uint8_t { by_itself, ended_from_outside } drain = Drain::by_itself;
    Instant ready_by = never;
};

Engine::Engine(net::Loop& loop, driver::Driver& driver, const plan::Lot& lot) {
    check(lot.delivery.batch.max >= 1 && lot.delivery.in_flight >= 1, "a lot that can be carried out");
    core_ = std::make_unique<Core>(loop, driver, lot);
}

Engine::~Engine() = default;

void Engine::connect(Instant from) {
    if (const auto* by_rate = std::get_if<plan::StartByRate>(&core_->shard.lot.start)) {
        core_->shard.dials_from = from;
        core_->ready_by = from + by_rate->within;
    } else {
        core_->ready_by = from;
    }
    core_->bring_to_life();
}

net::Task<void> Engine::ready() {
    auto& shard = core_->shard;
    while (shard.connected < core_->equipments.size() && shard.loop.now() < core_->ready_by) {
        co_await shard.ready.until(core_->ready_by);
    }
}

void Engine::start(Instant t0) {
    auto& shard = core_->shard;
    check(!shard.started() && core_->lives.running() == core_->equipments.size(), "a run starts once, after connect()");
    shard.t0 = t0;
    core_->ready_by = std::min(core_->ready_by, shard.loop.now());
    shard.ready.wake();
    if (std::holds_alternative<plan::StartBySteps>(shard.lot.start)) {
        shard.dials_from = t0;
    }
    shard.books.series.start(t0);
    shard.loop.timers().set(core_->ticker, shard.books.series.next());
    for (auto& equipment : core_->equipments) {
        equipment.start();
    }
    shard.drained.wake();
}

void Engine::stop(Instant at) {
    core_->stop(at);
}

net::Task<void> Engine::drained() {
    auto& shard = core_->shard;
    while (shard.phase == Shard::Phase::running) {
        const Instant now = shard.loop.now();
        const bool generated = now >= shard.generation_ends();
        if (generated && (shard.settled() || core_->drain == Core::Drain::ended_from_outside)) {
            break;
        }
        if (now >= shard.drain_ends()) {
            break;
        }
        co_await shard.drained.until(generated ? shard.drain_ends() : shard.generation_ends());
    }
    core_->end_offers();
}

void Engine::end_drain() {
    if (core_->shard.loop.now() >= core_->shard.generation_ends()) {
        core_->drain = Core::Drain::ended_from_outside;
        core_->shard.drained.wake();
    }
}

net::Task<void> Engine::close(Instant deadline) {
    auto& shard = core_->shard;
    core_->stop(shard.loop.now());
    core_->end_offers();
    shard.drained.wake();
    for (auto& equipment : core_->equipments) {
        while (shard.saying_bye >= goodbyes_at_once && shard.loop.now() < deadline) {
            co_await shard.room.until(deadline);
        }
        equipment.leave(deadline);
    }
    co_await core_->lives.join();
    core_->ticker.cancel();
    shard.books.series.finish(shard.loop.now(), shard.gauges());
}

Snapshot Engine::snapshot() const {
    const auto& books = core_->shard.books;
    const Gauges gauges = core_->shard.gauges();
    std::uint64_t unanswered = 0;
    for (const Part& part : books.parts) {
        unanswered += part.measure == arrival::Measure::on ? part.counts.generated - part.counts.acknowledged : 0;
    }
    return {.counts = books.counts,
            .in_flight = gauges.in_flight,
            .cached = gauges.cached,
            .connected = gauges.connected,
            .unanswered = unanswered,
            .errors = books.connect_failures.total() + books.lost_connections.total() + books.delivery_failures.total(),
            .connect_failures = books.connect_failures.total(),
            .response = books.series.last_response()};
}

Changes Engine::changes() {
    const auto& books = core_->shard.books;
    core_->told.resize(books.parts.size());
    const auto packed = [](const stats::Histogram& histogram) {
        return histogram.empty() ? std::string{} : stats::pack(histogram);
    };
    Changes changes;
    for (std::uint32_t i = 0; i < books.parts.size(); ++i) {
        const Part& part = books.parts[i];
        const Core::Told now{part.counts, part.lateness.count()};
        if (now != core_->told[i]) {
            core_->told[i] = now;
            auto& changed = changes.parts.emplace_back();
            changed.segment = i;
            changed.counts = part.counts;
            for (std::size_t place = 0; place < timings.size(); ++place) {
                changed.packed[place] = packed(part.*timings[place]);
            }
        }
    }
    if (books.connect.count() != core_->told_connects) {
        core_->told_connects = books.connect.count();
        changes.connect = packed(books.connect);
    }
    if (books.generator_lag.count() != core_->told_lags) {
        core_->told_lags = books.generator_lag.count();
        changes.generator_lag = packed(books.generator_lag);
    }
    return changes;
}

Result Engine::result() const {
    const auto& books = core_->shard.books;
    Result result;
    result.counts = books.counts;
    result.counts.unacknowledged = 0;
    result.counts.cached = 0;
    result.parts = books.parts;
    add_up(result);
    result.connect = books.connect;
    result.generator_lag = books.generator_lag;
    result.sent_late = books.sent_late;
    result.exceptions = books.exceptions;
    std::uint64_t generated = 0;
    auto closed = core_->shard.closed_loop_generated.begin();
    for (const auto& equipment : core_->equipments) {
        auto& entry = result.generated.emplace_back();
        entry = {.equipment = equipment.id(), .count = equipment.generated()};
        if (closed != core_->shard.closed_loop_generated.end()) {
            entry.by_segment.assign(closed, closed + books.segments.size());
            closed += books.segments.size();
        }
        generated += equipment.generated();
        equipment.list_unsettled(result.exceptions);
        equipment.add_cached(result.parts);
    }
    for (Part& part : result.parts) {
        const auto& known = part.counts;
        part.counts.unacknowledged =
            known.generated - known.acknowledged - known.rejected - known.discarded - known.cached;
    }
    put_in_order(result.exceptions);
    account::Counts listed;
    for (const auto& [equipment, first, last, state] : result.exceptions) {
        const std::uint64_t count = last - first + 1;
        listed.rejected += state == State::rejected ? count : 0;
        listed.discarded += state == State::discarded ? count : 0;
        result.counts.unacknowledged += state == State::unacknowledged ? count : 0;
        result.counts.cached += state == State::cached ? count : 0;
    }
    check(listed.rejected == books.counts.rejected && listed.discarded == books.counts.discarded,
          "the exceptions name what the tally counts");
    check(generated == result.counts.generated, "the equipments generated what the tally counts");
    check(account::is_balanced(result.counts), "every validation is in exactly one state");
    check(agree(result.parts, result.counts), "the parts add up to the tally");
    check(result.counts.retries <= result.counts.sent_batches, "first tries and retries are the writes");
    result.connecting = books.connecting;
    books.connect_failures.add_to(result.connect_failures, "");
    books.connect_failures.add_to(result.errors, "connect.");
    books.lost_connections.add_to(result.errors, "connection.");
    books.delivery_failures.add_to(result.errors, "deliver.");
    result.server_said = books.words.by_cause();
    result.series = books.series.series();
    return result;
}

}  // namespace portillon::fleet
