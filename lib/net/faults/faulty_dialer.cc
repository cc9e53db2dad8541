#include "net/faults/faulty_dialer.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "net/faults/lane.h"
#include "net/wakeup.h"

namespace portillon::net {

namespace {

using faults::Blow;
using faults::Condition;
using faults::NetworkFaults;

constexpr std::size_t kernel_bytes = 128 << 10;          // what a socket's send buffer would take of a writer
constexpr std::size_t slow_bytes = 64 << 10;             // on a slow way to us; more waits in the socket
constexpr Nanos ask_every = 1s;                          // a kernel's SYN that nobody answers (tcp_syn_linear_timeouts)
constexpr std::size_t far_bytes = std::size_t{1} << 20;  // on a long way to us

error_code error(asio::error::basic_errors code) {
    return asio::error::make_error_code(code);
}

}  // namespace

class Way;

struct FaultyDialer::Core {
    Core(Loop& on, Dialer& by, const NetworkFaults& what)
        : loop(on), inner(by), faults(what), injected(what.list().size()) {}

    // Before T0 nothing has happened, and nothing happens.
    Nanos since_t0(Instant now) const { return t0 == never || now < t0 ? Nanos{-1} : now - t0; }
    Instant instant_of(Nanos since) const {
        return t0 == never || since == NetworkFaults::at_no_time ? never : t0 + since;
    }

    Loop& loop;
    Dialer& inner;
    const NetworkFaults& faults;
    std::vector<Injected> injected;
    Instant t0 = never;
    Way* ways = nullptr;  // all there are
};

// A connection under faults. It outlives its transport for as long as what was written is still under way, or a dial
// is.
class Way final : private Transport::Reader, private Alarm {
public:
    Way(FaultyDialer::Core& core, EquipmentId equipment, std::unique_ptr<Transport> inner)
        : core_(&core), loop_(core.loop), equipment_(equipment), inner_(std::move(inner)), changed_(core.loop) {
        next_ = std::exchange(core.ways, this);
        if (next_ != nullptr) {
            next_->previous_ = this;
        }
    }

    void disown() {
        close(Farewell::orderly);
        owned_ = false;
        release();
    }

    // The dialer goes. Whoever still holds on to this deletes it.
    void forget_core() {
        check(!owned_, "a dialer outlives its transports");
        cancel();
        unlink();
        core_ = nullptr;
        release();
    }

    Way* next() const { return next_; }

    void turn_to(Instant now) {
        const Hold hold(*this);
        if (established_) {
            refresh(now);
            arm();
        }
    }

    static Task<error_code> connect(Way& way, Instant deadline) {
        const Hold hold(way);
        auto& loop = way.loop_;
        Instant again = loop.now();
        for (;;) {
            if (way.closed_) {
                co_return error(asio::error::operation_aborted);
            }
            const Nanos since = way.core_->since_t0(loop.now());
            const auto condition = way.core_->faults.at(way.equipment_, since);
            auto& injected = way.core_->injected;
            if (condition.refused_by) {
                ++injected[*condition.refused_by].dials_refused;
                co_return error(asio::error::connection_refused);
            }
            if (!condition.hung_by) {
                way.condition_ = condition;
                break;
            }
            if (loop.now() >= deadline) {
                ++injected[*condition.hung_by].dials_hung;
                co_return error(asio::error::timed_out);
            }
            // Whoever hangs hears nothing of the silence's end, until the kernel asks again: so a fleet does not come
            // back in one instant.
            again += (loop.now() - again) / ask_every * ask_every + ask_every;
            while (loop.now() < std::min(again, deadline) && !way.closed_) {
                co_await way.changed_.until(std::min(again, deadline));
            }
        }
        const Instant answered = loop.now() + 2 * way.lag();  // there and back
        while (loop.now() < std::min(answered, deadline) && !way.closed_) {
            co_await way.changed_.until(std::min(answered, deadline));
        }
        if (way.closed_) {
            co_return error(asio::error::operation_aborted);
        }
        if (answered > loop.now()) {
            co_return error(asio::error::timed_out);
        }
        const error_code failure = co_await way.inner_->connect(deadline);
        if (way.closed_) {
            co_return error(asio::error::operation_aborted);
        }
        if (!failure) {
            way.establish();
        }
        co_return failure;
    }

    void start(Transport::Reader& reader) {
        reader_ = &reader;
        if (inner_) {
            set_back_pressure();
            inner_->start(*this);
        }
        arm();
    }

    void write(std::span<const std::byte> bytes) {
        if (!inner_ || shut_ || closed_) {
            return;
        }
        if (up_.empty() && plain_up_) [[likely]] {
            inner_->write(bytes);
            return;
        }
        up_.add(bytes, loop_.now() + lag());
        arm();
    }

    std::size_t unsent() const {
        return inner_ ? inner_->unsent() + (up_.size() - std::min(up_.size(), kernel_bytes)) : 0;
    }

    void pause() {
        paused_ = true;
        set_back_pressure();
    }

    void resume() {
        paused_ = false;
        set_back_pressure();
        arm();
    }

    void shut() {
        if (inner_ && !shut_ && !closed_) {
            shut_ = true;
            end_sending();
        }
    }

    enum class Farewell : std::uint8_t { orderly, reset };

    // What the kernel has taken still leaves; what it has not is dropped, and so is everything by a reset.
    void close(Farewell farewell) {
        if (closed_) {
            return;
        }
        closed_ = true;
        farewell_ = farewell;
        reader_ = nullptr;
        end_.reset();
        changed_.wake();
        if (!inner_) {
            cancel();
            return;
        }
        down_.drop_behind(0);
        up_.drop_behind(farewell == Farewell::reset ? 0 : kernel_bytes);
        if (!established_) {
            leave();
            return;
        }
        set_back_pressure();
        end_sending();
        arm();
    }

private:
    // Keeps the memory for as long as somebody is at work in it.
    class Hold {
    public:
        explicit Hold(Way& way) : way_(way) { ++way_.holds_; }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold() {
            --way_.holds_;
            way_.release();
        }

    private:
        Way& way_;
    };

    void release() {
        const bool lingers = inner_ && core_ != nullptr && established_;
        if (!owned_ && holds_ == 0 && !lingers) {
            delete this;
        }
    }

    ~Way() override { unlink(); }

    void unlink() {
        if (core_ == nullptr) {
            return;
        }
        (previous_ != nullptr ? previous_->next_ : core_->ways) = next_;
        if (next_ != nullptr) {
            next_->previous_ = previous_;
        }
    }

    // How much later the next piece is.
    Nanos lag() {
        const auto jitter = condition_.jitter > Nanos{0} ? static_cast<double>(condition_.jitter.count()) *
                                                               core_->faults.draw(equipment_, pieces_++)
                                                         : 0.0;
        return condition_.delay + Nanos{static_cast<std::int64_t>(jitter)};
    }

    // For as long as it lasts; blows are counted where they fall.
    bool strikes_the_living(std::uint32_t fault) const {
        const auto kind = core_->faults.list()[fault].kind;
        return kind != faults::Kind::refuse && kind != faults::Kind::flapping;
    }

    void establish() {
        established_ = true;
        const Instant now = loop_.now();
        seen_ = core_->since_t0(now);
        for (std::uint32_t i = 0; i < core_->injected.size(); ++i) {
            core_->injected[i].connections +=
                strikes_the_living(i) && core_->faults.active(i, equipment_, seen_) ? 1 : 0;
        }
        refresh(now);
        arm();
    }

    // What has changed by now.
    void refresh(Instant now) {
        const Nanos since = core_->since_t0(now);
        const Nanos seen = std::exchange(seen_, since);
        for (std::uint32_t i = 0; i < core_->injected.size(); ++i) {
            const Nanos at = core_->faults.list()[i].at;
            const bool begun = at > seen && at <= since && core_->faults.active(i, equipment_, at);
            core_->injected[i].connections += inner_ && strikes_the_living(i) && begun ? 1 : 0;
        }
        const bool up_was_silent = condition_.up_silent, down_was_silent = condition_.down_silent;
        condition_ = core_->faults.at(equipment_, since);
        plain_up_ = !condition_.up_silent && condition_.delay == Nanos{0} && condition_.jitter == Nanos{0} &&
                    condition_.up_bytes_per_s == faults::unlimited;
        plain_down_ = !condition_.down_silent && condition_.delay == Nanos{0} && condition_.jitter == Nanos{0} &&
                      condition_.down_bytes_per_s == faults::unlimited;
        change_at_ = core_->t0 == never ? never : core_->instant_of(core_->faults.next_change(equipment_, since));
        if (up_was_silent) {
            up_.stand_still_until(now);
        }
        if (down_was_silent) {
            down_.stand_still_until(now);
        }
        if (const auto blow = core_->faults.blow(equipment_, seen, since)) {
            ++core_->injected[blow->fault].connections;
            suffer(blow->kind);
        }
    }

    void suffer(Blow::Kind blow) {
        const bool was_full = unsent() > 0;
        if (inner_) {
            inner_->reset();
            inner_.reset();
        }
        up_.drop_behind(0);
        down_.drop_behind(0);
        end_.reset();
        if (blow == Blow::Kind::reset) {
            end_ = error(asio::error::connection_reset);
            end_at_ = loop_.now();
            change_at_ = never;  // it has come to its end
        }
        if (was_full && reader_ != nullptr) {
            reader_->drained();
        }
    }

    void leave() {
        cancel();
        if (farewell_ == Farewell::reset) {
            inner_->reset();
        } else {
            inner_->close();
        }
        if (established_) {
            inner_.reset();
        }
    }

    bool wants_to_read() const {
        const std::size_t most = condition_.reads_slowly                            ? 1
                                 : condition_.down_bytes_per_s != faults::unlimited ? slow_bytes
                                                                                    : far_bytes;
        return !paused_ && !closed_ && !condition_.down_silent && down_.size() < most;
    }

    void set_back_pressure() {
        if (inner_ && reading_ != wants_to_read()) {
            reading_ = !reading_;
            if (reading_) {
                inner_->resume();
            } else {
                inner_->pause();
            }
        }
    }

    void arm() {
        if (closed_ && !inner_) {
            cancel();
            return;
        }
        Instant at = change_at_;
        if (inner_ && !condition_.up_silent) {
            at = std::min(at, up_.next(condition_.up_bytes_per_s));
        }
        if (reader_ != nullptr && !paused_ && !condition_.down_silent) {
            at = std::min(at, down_.empty() && end_ ? end_at_ : down_.next(condition_.down_bytes_per_s));
        }
        if (at == never) {
            cancel();
        } else if (!armed() || this->at() != at) {
            loop_.timers().set(*this, at);
        }
    }

    void ring(Instant now) override {
        const Hold hold(*this);
        if (now >= change_at_) {
            refresh(now);
        }
        send_on(now);
        hand_on(now);
        set_back_pressure();
        arm();
    }

    void send_on(Instant now) {
        if (!inner_ || condition_.up_silent) {
            return;
        }
        const bool was_full = unsent() > 0;
        if (const auto bytes = up_.take(now, condition_.up_bytes_per_s); !bytes.empty()) {
            inner_->write(bytes);
        }
        end_sending();
        if (was_full && reader_ != nullptr && unsent() == 0) {
            reader_->drained();
        }
    }

    // Behind everything that was written.
    void end_sending() {
        if (!up_.empty() || condition_.up_silent) {
            return;
        }
        if (closed_) {
            leave();
        } else if (shut_ && !told_shut_) {
            told_shut_ = true;
            inner_->shut();
        }
    }

    void hand_on(Instant now) {
        if (reader_ == nullptr || paused_ || condition_.down_silent) {
            return;
        }
        if (const auto bytes = down_.take(now, condition_.down_bytes_per_s); !bytes.empty()) {
            reader_->received(bytes);
        }
        if (down_.empty() && end_ && now >= end_at_ && reader_ != nullptr && !paused_) {
            tell_end(*std::exchange(end_, std::nullopt));
        }
    }

    void tell_end(const error_code& cause) {
        if (!std::exchange(told_end_, true)) {
            reader_->ended(cause);
        }
    }

    void received(std::span<const std::byte> bytes) override {
        const Hold hold(*this);
        if (reader_ == nullptr) {
            return;
        }
        if (down_.empty() && plain_down_) [[likely]] {
            reader_->received(bytes);
            return;
        }
        down_.add(bytes, loop_.now() + lag());
        set_back_pressure();
        arm();
    }

    void ended(const error_code& cause) override {
        const Hold hold(*this);
        if (reader_ == nullptr) {
            return;
        }
        if (down_.empty() && plain_down_) {
            tell_end(cause);
            return;
        }
        end_ = cause;
        end_at_ = loop_.now() + lag();
        arm();
    }

    void drained() override {
        const Hold hold(*this);
        if (reader_ != nullptr && unsent() == 0) {
            reader_->drained();
        }
    }

    FaultyDialer::Core* core_;  // nullptr: gone
    Loop& loop_;
    const EquipmentId equipment_;
    std::unique_ptr<Transport> inner_;  // nullptr: the far end is gone, or it has left
    Transport::Reader* reader_ = nullptr;
    Wakeup changed_;
    Way* next_ = nullptr;
    Way* previous_ = nullptr;
    Condition condition_;
    Nanos seen_{-1};  // what happened until then has happened to it
    Instant change_at_ = never;
    Lane up_, down_;
    std::optional<error_code> end_;  // what comes behind `down_`
    Instant end_at_{};
    std::uint64_t pieces_ = 0;
    unsigned holds_ = 0;
    Farewell farewell_ = Farewell::orderly;
    bool owned_ = true;
    bool established_ = false;
    bool closed_ = false;
    bool shut_ = false, told_shut_ = false;
    bool told_end_ = false;
    bool paused_ = false;
    bool reading_ = true;  // what the transport below was told
    bool plain_up_ = true, plain_down_ = true;
};

namespace {

class FaultyTransport final : public Transport {
public:
    explicit FaultyTransport(Way* way) : way_(*way) {}
    ~FaultyTransport() override { way_.disown(); }

    Task<error_code> connect(Instant deadline) override { return Way::connect(way_, deadline); }
    void start(Reader& reader) override { way_.start(reader); }
    void write(std::span<const std::byte> bytes) override { way_.write(bytes); }
    std::size_t unsent() const override { return way_.unsent(); }
    void pause() override { way_.pause(); }
    void resume() override { way_.resume(); }
    void shut() override { way_.shut(); }
    void close() override { way_.close(Way::Farewell::orderly); }
    void reset() override { way_.close(Way::Farewell::reset); }

private:
    Way& way_;
};

}  // namespace

FaultyDialer::FaultyDialer(Loop& loop, Dialer& inner, const NetworkFaults& faults)
    : core_(std::make_unique<Core>(loop, inner, faults)) {}

FaultyDialer::~FaultyDialer() {
    while (core_->ways != nullptr) {
        core_->ways->forget_core();
    }
}

void FaultyDialer::start(Instant t0) {
    check(core_->t0 == never, "a run starts once");
    core_->t0 = t0;
    for (Way* way = core_->ways; way != nullptr;) {
        Way* const following = way->next();
        way->turn_to(core_->loop.now());
        way = following;
    }
}

std::unique_ptr<Transport> FaultyDialer::dial(EquipmentId equipment) {
    auto inner = core_->inner.dial(equipment);
    if (core_->faults.spares(equipment)) {
        return inner;
    }
    return std::make_unique<FaultyTransport>(new Way(*core_, equipment, std::move(inner)));
}

const std::vector<Injected>& FaultyDialer::injected() const {
    return core_->injected;
}

}  // namespace portillon::net
