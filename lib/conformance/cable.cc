#include "conformance/cable.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <optional>
#include <utility>

#include "net/wakeup.h"

namespace portillon::conformance {

using net::asio::error::basic_errors;

// Shared by the transport that the driver has and by functions that are running in it.
class Cable::CableConnection final : public std::enable_shared_from_this<CableConnection>,
                                     private net::Transport::Reader,
                                     private net::Deferred {
public:
    CableConnection(Cable& cable, std::unique_ptr<net::Transport> inner) : cable_(cable), inner_(std::move(inner)) {}

    static net::Task<error_code> connect(std::shared_ptr<CableConnection> connection, Instant deadline) {
        Cable& cable = connection->cable_;
        if (cable.dials == Dials::refuse) {
            co_return basic_errors::connection_refused;
        }
        if (cable.dials == Dials::hang) {
            net::Wakeup nobody_calls(cable.loop_);
            while (cable.loop_.now() < deadline) {
                co_await nobody_calls.until(deadline);
            }
            co_return basic_errors::timed_out;
        }
        const error_code failure = co_await connection->inner_->connect(deadline);
        co_return connection->closed_ ? error_code(basic_errors::operation_aborted) : failure;
    }

    void start(net::Transport::Reader& reader) {
        reader_ = &reader;
        inner_->start(*this);
    }

    void write(std::span<const std::byte> bytes) {
        if (closed_ || shut_ || bytes.empty()) {
            return;
        }
        cable_.writes.push_back({cable_.loop_.now(), bytes.size()});
        if (is_lost_) {
            return;
        }
        if (keeps()) {
            up_.insert(up_.end(), bytes.begin(), bytes.end());
        } else {
            inner_->write(bytes);
        }
    }

    std::size_t kept_bytes() const { return up_.size(); }
    std::size_t unsent() const { return cable_.blocked_ ? up_.size() : 0; }

    void pause() { paused_ = true; }
    void resume() {
        paused_ = false;
        cable_.loop_.later(*this);
    }

    void shut() {
        shut_ = true;
        hand_up();
    }

    void close() {
        closed_ = true;
        reader_ = nullptr;
        inner_->close();
    }

    bool is_closed() const { return closed_; }

    void reset() {
        if (!closed_) {
            inner_->reset();
            up_.clear();
            down_.clear();
            tell_end(basic_errors::connection_reset);
        }
    }

    void lose_the_far_end() {
        is_lost_ = true;
        up_.clear();
        down_.clear();
        inner_->reset();
    }

    void unblock() {
        const bool was_full = !up_.empty();
        hand_up();
        if (was_full && reader_ != nullptr) {
            reader_->drained();
        }
    }

    void mend() {
        hand_up();
        hand_down();
    }

    void hear(std::span<const std::byte> bytes) {
        down_.insert(down_.end(), bytes.begin(), bytes.end());
        hand_down();
    }

    void tell_end(const error_code& cause) {
        end_ = cause;
        hand_down();
    }

private:
    bool keeps() const { return cable_.blocked_ || cable_.silence_ == Silence::both_ways; }

    void hand_up() {
        if (keeps() || closed_ || is_lost_) {
            return;
        }
        inner_->write(std::exchange(up_, {}));
        if (shut_) {
            inner_->shut();
        }
    }

    void hand_down() {
        const auto self = shared_from_this();
        const auto flows = [this] { return reader_ != nullptr && !paused_ && cable_.silence_ == Silence::none; };
        if (flows() && !down_.empty()) {
            const auto bytes = std::exchange(down_, {});
            reader_->received(bytes);
        }
        if (flows() && down_.empty() && end_) {
            std::exchange(reader_, nullptr)->ended(*end_);
        }
    }

    void received(std::span<const std::byte> bytes) override {
        if (const auto on_piece = cable_.on_piece) {
            on_piece(DriverEnd(shared_from_this()), bytes);
        } else {
            hear(bytes);
        }
    }
    void ended(const error_code& cause) override { tell_end(cause); }
    void run() override { hand_down(); }

    Cable& cable_;
    std::unique_ptr<net::Transport> inner_;
    net::Transport::Reader* reader_ = nullptr;
    std::vector<std::byte> up_, down_;
    std::optional<error_code> end_;
    bool paused_ = false;
    bool shut_ = false;
    bool closed_ = false;
    bool is_lost_ = false;
};

class Cable::DriverTransport final : public net::Transport {
public:
    explicit DriverTransport(std::shared_ptr<CableConnection> connection) : connection_(std::move(connection)) {}
    ~DriverTransport() override { connection_->close(); }

    net::Task<error_code> connect(Instant deadline) override { return CableConnection::connect(connection_, deadline); }
    void start(Reader& reader) override { connection_->start(reader); }
    void write(std::span<const std::byte> bytes) override { connection_->write(bytes); }
    std::size_t unsent() const override { return connection_->unsent(); }
    void pause() override { connection_->pause(); }
    void resume() override { connection_->resume(); }
    void shut() override { connection_->shut(); }
    void close() override { connection_->close(); }
    void reset() override { connection_->close(); }

private:
    std::shared_ptr<CableConnection> connection_;
};

void Cable::DriverEnd::hear(std::span<const std::byte> bytes) const {
    connection_->hear(bytes);
}

void Cable::DriverEnd::end(const error_code& cause) const {
    connection_->tell_end(cause);
}

std::unique_ptr<net::Transport> Cable::dial(EquipmentId equipment) {
    auto connection = std::make_shared<CableConnection>(*this, inner_.dial(equipment));
    std::erase_if(connections_, [](const auto& each) { return each.expired(); });
    connections_.push_back(connection);
    return std::make_unique<DriverTransport>(std::move(connection));
}

void Cable::cut() {
    silence_ = Silence::both_ways;
}

void Cable::cut_answers() {
    silence_ = Silence::of_answers;
}

void Cable::mend() {
    silence_ = Silence::none;
    for (const auto& connection : connections()) {
        connection->mend();
    }
}

void Cable::reset() {
    silence_ = Silence::none;
    for (const auto& connection : connections()) {
        connection->reset();
    }
}

void Cable::lose_the_far_end() {
    for (const auto& connection : connections()) {
        connection->lose_the_far_end();
    }
}

void Cable::block() {
    blocked_ = true;
}

void Cable::unblock() {
    blocked_ = false;
    for (const auto& connection : connections()) {
        connection->unblock();
    }
}

void Cable::say(std::span<const std::byte> bytes) {
    for (const auto& connection : connections()) {
        connection->hear(bytes);
    }
}

std::size_t Cable::living() const {
    std::size_t count = 0;
    for (const auto& connection : connections()) {
        count += connection->is_closed() ? 0 : 1;
    }
    return count;
}

std::size_t Cable::kept_bytes() const {
    std::size_t count = 0;
    for (const auto& connection : connections()) {
        count += connection->kept_bytes();
    }
    return count;
}

std::vector<std::shared_ptr<Cable::CableConnection>> Cable::connections() const {
    std::vector<std::shared_ptr<CableConnection>> all;
    for (const auto& each : connections_) {
        if (auto connection = each.lock()) {
            all.push_back(std::move(connection));
        }
    }
    return all;
}

}  // namespace portillon::conformance
