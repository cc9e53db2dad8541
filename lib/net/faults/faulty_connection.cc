#include "net/faults/faulty_connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "net/faults/faulty_network.h"

namespace portillon::net::faults {

namespace {

constexpr std::size_t kernel_bytes = 128 << 10;  // how much a socket's send buffer would take
constexpr std::size_t slow_bytes = 64 << 10;  // most bytes in flight to us on a slow line; the rest waits in the socket
constexpr std::size_t far_bytes = std::size_t{1} << 20;  // most bytes in flight to us on a long line
constexpr Nanos ask_every = 1s;  // how often a kernel repeats a SYN that nobody answers (tcp_syn_linear_timeouts)

error_code error_of(asio::error::basic_errors code) {
    return asio::error::make_error_code(code);
}

// True for faults that act on every living connection for as long as they last. Those others are counted elsewhere:
// flapping strikes at instants, refuse strikes dials.
bool strikes_the_living(portillon::faults::Kind kind) {
    return kind != portillon::faults::Kind::refuse && kind != portillon::faults::Kind::flapping;
}

}  // namespace

FaultyConnection::FaultyConnection(FaultyNetwork& network, EquipmentId equipment, std::unique_ptr<Transport> inner)
    : network_(network), equipment_(equipment), inner_(std::move(inner)), changed_(network.loop()) {}

// Its life: a connection ends when the transport above is destroyed, no dial is under way and nothing is left to send;
// finish() checks all three.

Task<error_code> FaultyConnection::connect(Instant deadline) {
    // The transport above may be destroyed while this waits; the connection stays until connect() has seen that.
    struct Dialling {
        explicit Dialling(FaultyConnection& of) : connection(of) { connection.dialling_ = true; }
        Dialling(const Dialling&) = delete;
        Dialling& operator=(const Dialling&) = delete;
        ~Dialling() {
            connection.dialling_ = false;
            connection.finish();
        }
        FaultyConnection& connection;
    };
    const Dialling dialling(*this);
    error_code failure = co_await dial(deadline);
    if (is_closed()) {
        failure = error_of(asio::error::operation_aborted);
    } else if (!failure) {
        establish();
    }
    co_return failure;
}

Task<error_code> FaultyConnection::dial(Instant deadline) {
    auto& loop = network_.loop();
    Instant again = loop.now();
    while (!is_closed()) {
        const auto condition = network_.faults().at(equipment_, network_.since_t0(loop.now()));
        if (condition.refused_by) {
            ++network_.injected(*condition.refused_by).dials_refused;
            co_return error_of(asio::error::connection_refused);
        }
        if (!condition.hung_by) {
            condition_ = condition;
            break;
        }
        if (loop.now() >= deadline) {
            ++network_.injected(*condition.hung_by).dials_hung;
            co_return error_of(asio::error::timed_out);
        }
        // A hanging dial notices the end of the silence only when the kernel repeats its SYN, so a fleet does not come
        // back in one instant.
        again += (loop.now() - again) / ask_every * ask_every + ask_every;
        co_await wait_until(std::min(again, deadline));
    }
    if (!is_closed()) {
        const Instant answered = loop.now() + 2 * lag();  // there and back: the SYN and its answer
        co_await wait_until(std::min(answered, deadline));
        if (answered > loop.now()) {
            co_return error_of(asio::error::timed_out);
        }
    }
    if (is_closed()) {
        co_return error_of(asio::error::operation_aborted);
    }
    co_return co_await inner_->connect(deadline);
}

Task<void> FaultyConnection::wait_until(Instant instant) {
    while (network_.loop().now() < instant && !is_closed()) {
        co_await changed_.until(instant);
    }
}

void FaultyConnection::establish() {
    life_ = Life::open;
    const Instant now = network_.loop().now();
    seen_ = network_.since_t0(now);
    for (std::uint32_t i = 0; i < network_.injected().size(); ++i) {
        const bool struck = strikes_the_living(network_.faults().list()[i].kind);
        network_.injected(i).connections += struck && network_.faults().active(i, equipment_, seen_) ? 1 : 0;
    }
    refresh(now);
    set_alarm();
}

void FaultyConnection::start(Transport::Reader& reader) {
    reader_ = &reader;
    if (inner_) {
        set_back_pressure();
        inner_->start(*this);
    }
    set_alarm();
}

void FaultyConnection::clock_started() {
    if (life_ == Life::open || life_ == Life::closing) {
        refresh(network_.loop().now());
        set_alarm();
    }
}

void FaultyConnection::disown() {
    close(Close::orderly);
    owned_ = false;
    finish();
}

void FaultyConnection::close(Close how) {
    if (is_closed()) {
        return;
    }
    const bool connected = life_ == Life::open;
    life_ = Life::closing;
    end_as_ = how;
    reader_ = nullptr;
    down_.drop_behind(0);
    down_.forget_end();
    changed_.wake();
    if (!connected || !inner_) {
        leave();
        return;
    }
    up_.drop_behind(how == Close::reset ? 0 : kernel_bytes);
    set_back_pressure();
    end_sending(network_.loop().now());
    set_alarm();
}

// Everything that was to be sent has been sent. While a dial is under way the transport below is inside its connect(),
// so it is destroyed later, with this.
void FaultyConnection::leave() {
    life_ = Life::closed;
    cancel();
    if (inner_) {
        end_as_ == Close::reset ? inner_->reset() : inner_->close();
        if (!dialling_) {
            inner_.reset();
        }
    }
    finish();
}

// Called wherever one of the three conditions may have become true; the last of these calls destroys the connection.
void FaultyConnection::finish() {
    if (!owned_ && !dialling_ && life_ == Life::closed) {
        network_.finished(*this);
    }
}

// The faults' effect on the connection: refresh() applies what has changed since it was last called.

// The delay of the next piece: the fault's delay and a draw of its jitter.
Nanos FaultyConnection::lag() {
    const auto jitter = condition_.jitter > Nanos{0} ? static_cast<double>(condition_.jitter.count()) *
                                                           network_.faults().draw(equipment_, pieces_++)
                                                     : 0.0;
    return condition_.delay + Nanos{static_cast<std::int64_t>(jitter)};
}

// Applies the faults as they are at `now`, after at least one of them has changed.
void FaultyConnection::refresh(Instant now) {
    const Nanos since = network_.since_t0(now);
    const Nanos seen = std::exchange(seen_, since);
    if (inner_) {
        count_struck(seen, since);
    }
    condition_ = network_.faults().at(equipment_, since);
    up_.apply(condition_, now);
    down_.apply(condition_, now);
    change_at_ = network_.instant_of(network_.faults().next_change(equipment_, since));
    if (const auto blow = network_.faults().blow(equipment_, seen, since)) {
        ++network_.injected(blow->fault).connections;
        apply_blow(blow->kind);
    }
}

// Counts this connection for the faults that have begun in (seen, since].
void FaultyConnection::count_struck(Nanos seen, Nanos since) {
    for (std::uint32_t i = 0; i < network_.injected().size(); ++i) {
        const auto& fault = network_.faults().list()[i];
        const bool begun = fault.at > seen && fault.at <= since;
        if (begun && strikes_the_living(fault.kind) && network_.faults().active(i, equipment_, fault.at)) {
            ++network_.injected(i).connections;
        }
    }
}

void FaultyConnection::apply_blow(portillon::faults::Blow::Kind blow) {
    const bool was_full = unsent() > 0;
    if (inner_) {
        inner_->reset();
        inner_.reset();
    }
    up_.drop_behind(0);
    down_.drop_behind(0);
    down_.forget_end();
    if (life_ == Life::closing) {
        leave();
        return;
    }
    if (blow == portillon::faults::Blow::Kind::reset) {
        end_cause_ = error_of(asio::error::connection_reset);
        down_.end(network_.loop().now());
        change_at_ = never;  // nothing can happen to it any more
    }
    if (was_full && reader_ != nullptr) {
        reader_->drained();
    }
}

// Calls from the transport above.

void FaultyConnection::write(std::span<const std::byte> bytes) {
    if (!inner_ || up_.has_end() || is_closed()) {
        return;
    }
    if (up_.passes_at_once()) [[likely]] {
        inner_->write(bytes);
        return;
    }
    up_.add(bytes, network_.loop().now() + lag());
    set_alarm();
}

std::size_t FaultyConnection::unsent() const {
    return inner_ ? inner_->unsent() + (up_.size() - std::min(up_.size(), kernel_bytes)) : 0;
}

void FaultyConnection::pause() {
    paused_ = true;
    set_back_pressure();
}

void FaultyConnection::resume() {
    paused_ = false;
    set_back_pressure();
    set_alarm();
}

void FaultyConnection::shut() {
    if (inner_ && !is_closed()) {
        const Instant now = network_.loop().now();
        up_.end(now);
        end_sending(now);
    }
}

// Callbacks from the transport below.

void FaultyConnection::received(std::span<const std::byte> bytes) {
    if (reader_ == nullptr) {
        return;
    }
    if (down_.passes_at_once()) [[likely]] {
        reader_->received(bytes);
        return;
    }
    down_.add(bytes, network_.loop().now() + lag());
    set_back_pressure();
    set_alarm();
}

void FaultyConnection::ended(const error_code& cause) {
    if (reader_ == nullptr) {
        return;
    }
    const Instant now = network_.loop().now();
    if (!down_.passes_at_once()) {
        end_cause_ = cause;
        down_.end(now + lag());
        set_alarm();
        return;
    }
    down_.end(now);
    if (down_.take_end(now)) {
        reader_->ended(cause);
    }
}

void FaultyConnection::drained() {
    if (reader_ != nullptr && unsent() == 0) {
        reader_->drained();
    }
}

// Delivery of what has arrived. A callback to the reader may close this, or destroy the transport above.

void FaultyConnection::ring(Instant now) {
    if (now >= change_at_) {
        refresh(now);
    }
    send_on(now);
    hand_on(now);
    set_back_pressure();
    set_alarm();
}

void FaultyConnection::send_on(Instant now) {
    if (!inner_ || up_.is_silent()) {
        return;
    }
    const bool was_full = unsent() > 0;
    if (const auto bytes = up_.take(now); !bytes.empty()) {
        inner_->write(bytes);
    }
    end_sending(now);
    if (was_full && reader_ != nullptr && unsent() == 0) {
        reader_->drained();
    }
}

// Sends the end of the stream once everything that was written has been sent.
void FaultyConnection::end_sending(Instant now) {
    if (life_ == Life::closing) {
        if (up_.is_delivered()) {
            leave();
        }
    } else if (up_.take_end(now)) {
        inner_->shut();
    }
}

void FaultyConnection::hand_on(Instant now) {
    if (reader_ == nullptr || paused_) {
        return;
    }
    if (const auto bytes = down_.take(now); !bytes.empty()) {
        reader_->received(bytes);
    }
    if (reader_ != nullptr && !paused_ && down_.take_end(now)) {
        reader_->ended(end_cause_);
    }
}

bool FaultyConnection::wants_to_read() const {
    const std::size_t most = condition_.reads_slowly                               ? 1
                             : down_.bytes_per_s() != portillon::faults::unlimited ? slow_bytes
                                                                                   : far_bytes;
    return !paused_ && !is_closed() && !down_.is_silent() && down_.size() < most;
}

void FaultyConnection::set_back_pressure() {
    if (inner_ && reading_ != wants_to_read()) {
        reading_ = !reading_;
        reading_ ? inner_->resume() : inner_->pause();
    }
}

void FaultyConnection::set_alarm() {
    if (life_ == Life::closed) {
        return;
    }
    Instant at = change_at_;
    if (inner_) {
        at = std::min(at, up_.next());
    }
    if (reader_ != nullptr && !paused_) {
        at = std::min(at, down_.next());
    }
    if (at == never) {
        cancel();
    } else if (!armed() || this->at() != at) {
        network_.loop().timers().set(*this, at);
    }
}

}  // namespace portillon::net::faults
