#include "run/cleaner.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "host/machine.h"
#include "net/signals.h"
#include "net/task_group.h"
#include "net/tcp.h"

namespace portillon::run {

namespace {

constexpr Nanos dial_patience = 10s;
constexpr Nanos progress_every = 1s;
constexpr std::uint32_t sessions_at_once = 64;
constexpr std::uint32_t most_tries = 3;
constexpr Nanos between_tries = 300ms;

// A session of the fleet that the cleaner opens and watches; broken() then means that an equipment took it back.
class Watched final : public driver::Receipts {
public:
    explicit Watched(EquipmentId its_id) : id(its_id) {}
    void settled(Sequence, const driver::Outcome&) override {}
    void broken(const error_code&) override { taken_back = true; }

    const EquipmentId id;
    std::unique_ptr<driver::Session> session;
    bool open = false;
    bool taken_back = false;
};

class Deaf final : public driver::Receipts {
public:
    void settled(Sequence, const driver::Outcome&) override {}
    void broken(const error_code&) override {}
};

class Cleaner {
public:
    Cleaner(const CleanOrder& order, const std::function<void(std::uint32_t)>& progress)
        : order_(order), progress_(progress) {}

    Cleaned clean() {
        host::raise_descriptor_limit();
        const auto server = net::locate(order_.target);
        if (!server) {
            cleaned_.failure = server.problems().front().message;
            return cleaned_;
        }
        dialer_.emplace(loop_, net::routes_to(*server), traffic_);
        tasks_.spawn(work());
        loop_.run();
        return cleaned_;
    }

private:
    net::Task<void> work() {
        const bool chosen = co_await choose_options();
        const bool free = chosen && co_await nobody_uses_it();
        if (free) {
            net::TaskGroup ticks(loop_);
            ticking_ = true;
            ticks.spawn(tick());
            began_ = loop_.now();
            net::TaskGroup workers(loop_);
            for (std::uint32_t i = 0; i < std::min(sessions_at_once, order_.equipments); ++i) {
                workers.spawn(clear());
            }
            co_await workers.join();
            cleaned_.left = order_.equipments - cleaned_.removed;
            ticking_ = false;
            co_await ticks.join();
        }
        cleaned_.interrupted_by = interrupted_by_;
        loop_.stop();
    }

    // Chooses the first of the protocol's clearing_options with which the server accepts a connection: a server may
    // know one version of the protocol and not another.
    net::Task<bool> choose_options() {
        error_code first_failure;
        for (const std::string& text : order_.protocol->clearing_options) {
            options_ = nlohmann::json::parse(text);
            driver_ = order_.protocol->make({.loop = loop_,
                                             .dialer = *dialer_,
                                             .target = order_.target,
                                             .options = options_,
                                             .encoding = wire::Encoding::protobuf,
                                             .in_flight = 1,
                                             .run = order_.run});
            // This equipment is not part of the fleet, so that the trial disturbs nobody.
            const auto session = driver_->make_session(EquipmentId{order_.equipments + 1}, deaf_);
            const error_code failure = co_await session->forget(loop_.now() + dial_patience);
            if (!failure) {
                co_return true;
            }
            first_failure = first_failure ? first_failure : failure;
            if (interrupted_by_ != 0) {
                co_return false;
            }
        }
        cleaned_.failure = fmt::format("no connection to the target: {}", cause_name(first_failure));
        co_return false;
    }

    net::Task<bool> nobody_uses_it() {
        if (order_.watch <= Nanos{0}) {
            co_return interrupted_by_ == 0;
        }
        for (const std::uint32_t number : {1U, order_.equipments / 2 + 1, order_.equipments}) {
            if (watched_.empty() || number_of(watched_.back()->id) != number) {
                watched_.push_back(std::make_unique<Watched>(EquipmentId{number}));
                watched_.back()->session = driver_->make_session(watched_.back()->id, *watched_.back());
            }
        }
        for (const auto& each : watched_) {
            each->open = !co_await each->session->open(loop_.now() + dial_patience);
        }
        const Instant until = loop_.now() + order_.watch;
        while (loop_.now() < until && interrupted_by_ == 0) {
            co_await pause_.until(std::min(until, loop_.now() + 50ms));
            for (const auto& each : watched_) {
                if (each->taken_back) {
                    cleaned_.in_use = each->id;
                }
            }
            if (cleaned_.in_use) {
                break;
            }
        }
        for (const auto& each : watched_) {
            if (each->open && !each->taken_back) {
                co_await each->session->close(loop_.now() + 1s);
            }
        }
        co_return !cleaned_.in_use && interrupted_by_ == 0;
    }

    // Several of these coroutines run at once; each removes the next session until none is left.
    net::Task<void> clear() {
        net::Wakeup pause(loop_);
        while (next_ < order_.equipments && interrupted_by_ == 0 && failed_in_a_row_ < most_failures_in_a_row) {
            const std::uint32_t place = next_++;
            const Instant due =
                began_ + Nanos{static_cast<std::int64_t>(place * 1e9 / std::max(order_.rate.per_second, 1e-3))};
            while (loop_.now() < due && interrupted_by_ == 0) {
                co_await pause.until(std::min(due, loop_.now() + 100ms));
            }
            if (interrupted_by_ != 0) {
                break;
            }
            const auto session = driver_->make_session(EquipmentId{place + 1}, deaf_);
            error_code failure;
            for (std::uint32_t tries = 0; tries < most_tries && interrupted_by_ == 0; ++tries) {
                if (tries > 0) {
                    co_await pause.until(loop_.now() + between_tries);
                }
                failure = co_await session->forget(loop_.now() + dial_patience);
                if (!failure) {
                    break;
                }
            }
            note(failure);
        }
    }

    void note(const error_code& failure) {
        if (failure) {
            ++cleaned_.failures[cause_name(failure)];
            ++failed_in_a_row_;
        } else {
            ++cleaned_.removed;
            failed_in_a_row_ = 0;
        }
    }

    net::Task<void> tick() {
        net::Wakeup pause(loop_);
        for (Instant next = loop_.now() + progress_every; ticking_;) {
            co_await pause.until(std::min(next, loop_.now() + 50ms));
            if (loop_.now() >= next) {
                progress_(cleaned_.removed);
                next += progress_every;
            }
        }
    }

    const CleanOrder& order_;
    const std::function<void(std::uint32_t)>& progress_;
    Cleaned cleaned_;
    MonotonicClock clock_;
    net::Loop loop_{clock_};
    net::Traffic traffic_;
    net::Signals signals_{loop_, net::stop_signals(), [this](int signal) { interrupted_by_ = signal; }};
    net::Wakeup pause_{loop_};
    std::optional<net::TcpDialer> dialer_;
    nlohmann::json options_;
    std::unique_ptr<driver::Driver> driver_;
    Deaf deaf_;
    std::vector<std::unique_ptr<Watched>> watched_;
    Instant began_{};
    std::uint32_t next_ = 0;
    std::uint32_t failed_in_a_row_ = 0;
    bool ticking_ = false;
    int interrupted_by_ = 0;
    net::TaskGroup tasks_{loop_};
};

}  // namespace

Cleaned clean(const CleanOrder& order, const std::function<void(std::uint32_t done)>& progress) {
    return Cleaner(order, progress).clean();
}

}  // namespace portillon::run
