#include "testing/pipe.h"

#include <boost/asio/error.hpp>
#include <deque>
#include <optional>

#include "net/wakeup.h"

namespace portillon::testing {

namespace {

class End;

// One end: the bytes in flight towards it, and the alarm that delivers them.
class End final : public net::Transport, private Alarm {
public:
    End(net::Loop& loop, Nanos latency, net::Traffic& traffic) : loop_(loop), latency_(latency), traffic_(traffic) {}
    ~End() override { close(); }

    void join(End& other) {
        other_ = &other;
        other.other_ = this;
    }

    net::Task<error_code> connect(Instant) override { co_return error_code{}; }

    void start(Reader& reader) override {
        reader_ = &reader;
        schedule();
    }

    void write(std::span<const std::byte> bytes) override {
        if (closed_ || shut_ || bytes.empty()) {
            return;
        }
        traffic_.bytes_sent += bytes.size();
        if (other_ != nullptr) {
            other_->arrive({loop_.now() + latency_, {bytes.begin(), bytes.end()}, {}});
        }
    }

    std::size_t unsent() const override { return 0; }
    void pause() override { paused_ = true; }
    void resume() override {
        paused_ = false;
        schedule();
    }

    void shut() override {
        if (!shut_ && !closed_ && other_ != nullptr) {
            other_->arrive({loop_.now() + latency_, {}, boost::asio::error::make_error_code(boost::asio::error::eof)});
        }
        shut_ = true;
    }

    void close() override { leave(boost::asio::error::make_error_code(boost::asio::error::eof)); }
    void reset() override { leave(boost::asio::error::make_error_code(boost::asio::error::connection_reset)); }

private:
    struct Piece {
        Instant at;
        std::vector<std::byte> bytes;
        error_code end;
    };

    void leave(error_code cause) {
        if (closed_) {
            return;
        }
        closed_ = true;
        reader_ = nullptr;
        cancel();
        if (other_ != nullptr) {
            if (!shut_) {
                other_->arrive({loop_.now() + latency_, {}, cause});
            }
            other_->other_ = nullptr;
            other_ = nullptr;
        }
    }

    void arrive(Piece piece) {
        arriving_.push_back(std::move(piece));
        schedule();
    }

    void schedule() {
        if (!arriving_.empty() && reader_ != nullptr && !paused_ && !armed()) {
            loop_.timers().set(*this, std::max(arriving_.front().at, loop_.now()));
        }
    }

    void ring(Instant) override {
        if (paused_ || reader_ == nullptr || arriving_.empty()) {
            return;
        }
        const Piece piece = std::move(arriving_.front());
        arriving_.pop_front();
        schedule();
        if (piece.end) {
            auto* reader = std::exchange(reader_, nullptr);
            cancel();
            reader->ended(piece.end);
            return;
        }
        traffic_.bytes_received += piece.bytes.size();
        reader_->received(piece.bytes);
    }

    net::Loop& loop_;
    Nanos latency_;
    net::Traffic& traffic_;
    End* other_ = nullptr;
    Reader* reader_ = nullptr;
    std::deque<Piece> arriving_;
    bool paused_ = false;
    bool shut_ = false;
    bool closed_ = false;
};

}  // namespace

class DialledPipe final : public net::Transport {
public:
    DialledPipe(PipeDialer& dialer, EquipmentId equipment) : dialer_(dialer), equipment_(equipment) {}
    ~DialledPipe() override {
        if (destroyed_ != nullptr) {
            *destroyed_ = true;
        }
    }

    net::Task<error_code> connect(Instant deadline) override { return connect_through(*this, deadline); }
    void start(Reader& reader) override { end_->start(reader); }
    void write(std::span<const std::byte> bytes) override {
        if (end_) {
            end_->write(bytes);
        }
    }
    std::size_t unsent() const override { return 0; }
    void pause() override { end_->pause(); }
    void resume() override { end_->resume(); }
    void shut() override {
        if (end_) {
            end_->shut();
        }
    }
    void close() override {
        if (end_) {
            end_->close();
        }
    }
    void reset() override {
        if (end_) {
            end_->reset();
        }
    }

private:
    // `self` may be destroyed while this waits.
    static net::Task<error_code> connect_through(DialledPipe& self, Instant deadline) {
        PipeDialer& dialer = self.dialer_;
        net::Wakeup arrived(dialer.loop_);
        const Instant at = dialer.loop_.now() + dialer.latency_;
        bool destroyed = false;
        self.destroyed_ = &destroyed;
        co_await arrived.until(std::min(at, deadline));
        if (destroyed) {
            co_return boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
        }
        self.destroyed_ = nullptr;
        if (deadline < at) {
            co_return boost::asio::error::make_error_code(boost::asio::error::timed_out);
        }
        if (dialer.refusals_ > 0) {
            --dialer.refusals_;
            co_return dialer.refusal_;
        }
        auto ends = make_pipe(dialer.loop_, dialer.latency_, dialer.client_traffic, dialer.server_traffic);
        self.end_ = std::move(ends.client);
        dialer.accepted_(self.equipment_, std::move(ends.server));
        co_return error_code{};
    }

    PipeDialer& dialer_;
    EquipmentId equipment_;
    std::unique_ptr<net::Transport> end_;
    bool* destroyed_ = nullptr;  // while it connects
};

PipeEnds make_pipe(net::Loop& loop, Nanos latency, net::Traffic& client_traffic, net::Traffic& server_traffic) {
    auto client = std::make_unique<End>(loop, latency, client_traffic);
    auto server = std::make_unique<End>(loop, latency, server_traffic);
    client->join(*server);
    return {std::move(client), std::move(server)};
}

std::unique_ptr<net::Transport> PipeDialer::dial(EquipmentId equipment) {
    return std::make_unique<DialledPipe>(*this, equipment);
}

}  // namespace portillon::testing
