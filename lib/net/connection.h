#pragma once

// Reading and writing on a non-blocking stream socket, whatever its family: what tcp.cc and local.cc stand on.

#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"

namespace portillon::net {

// The part of a connection that its pending waits keep alive: when the owner is gone, it lives on until the last
// wait has come back, and is then destroyed. So a Transport may be destroyed at any time.
template <class Socket>
class Connection {
public:
    Connection(Loop& loop, Socket socket, Traffic& traffic)
        : loop_(loop), socket_(std::move(socket)), traffic_(traffic) {}

    void disown() {
        close();
        owned_ = false;
        release();
    }

    // Keeps the connection's memory for as long as a wait is pending or a coroutine uses socket(). A handler that is
    // destroyed without having run (the loop went first) gives it back like one that ran.
    class Hold {
    public:
        explicit Hold(Connection& connection) : connection_(&connection) { ++connection.pending_; }
        Hold(Hold&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
        Hold& operator=(Hold&&) = delete;
        ~Hold() {
            if (connection_ != nullptr) {
                --connection_->pending_;
                connection_->release();
            }
        }

    private:
        Connection* connection_;
    };

    Socket& socket() { return socket_; }
    std::size_t unsent() const { return unsent_.size() - unsent_from_; }

    void start(Transport::Reader& reader) {
        reader_ = &reader;
        wait_to_read();
    }

    void pause() { paused_ = true; }

    void resume() {
        paused_ = false;
        wait_to_read();
    }

    void write(std::span<const std::byte> bytes) {
        if (!socket_.is_open() || shut_ || broken_) {
            return;
        }
        if (unsent() == 0) {
            bytes = bytes.subspan(send(bytes));
        }
        if (!bytes.empty() && !broken_) {
            unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
            wait_to_write();
        }
    }

    void shut() {
        shut_ = true;
        if (unsent() == 0 && socket_.is_open()) {
            error_code ignored;
            socket_.shutdown(Socket::shutdown_send, ignored);
        }
    }

    void close() {
        reader_ = nullptr;
        error_code ignored;
        socket_.close(ignored);
        unsent_.clear();
        unsent_from_ = 0;
    }

    void reset() {
        error_code ignored;
        if (socket_.is_open()) {
            socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        }
        close();
    }

    int give_away() {
        reader_ = nullptr;
        error_code error;
        const int descriptor = socket_.is_open() ? socket_.release(error) : -1;
        return error ? -1 : descriptor;
    }

private:
    // Returns how much the kernel took. A failure is reported by the reading side, which sees it too.
    std::size_t send(std::span<const std::byte> bytes) {
        std::size_t taken = 0;
        while (taken < bytes.size()) {
            const auto sent = ::send(socket_.native_handle(), bytes.data() + taken, bytes.size() - taken,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) {
                if (errno == EINTR) {
                    continue;
                }
                broken_ = errno != EAGAIN && errno != EWOULDBLOCK;
                break;
            }
            taken += static_cast<std::size_t>(sent);
        }
        traffic_.bytes_sent += taken;
        return taken;
    }

    void wait_to_read() {
        if (reading_ || paused_ || reader_ == nullptr || !socket_.is_open()) {
            return;
        }
        reading_ = true;
        socket_.async_wait(Socket::wait_read, [this, hold = Hold(*this)](const error_code& error) {
            reading_ = false;
            if (!error && reader_ != nullptr && !paused_) {
                read();
                wait_to_read();
            }
        });
    }

    // Reads until the kernel has no more, at most one bufferful a turn more than once so that nobody starves.
    void read() {
        const auto buffer = loop_.read_buffer();
        const auto got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) {
            traffic_.bytes_received += static_cast<std::uint64_t>(got);
            reader_->received(buffer.first(static_cast<std::size_t>(got)));
        } else if (got == 0) {
            end(asio::error::eof);
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            end({errno, boost::system::system_category()});
        }
    }

    void end(const error_code& cause) {
        auto* reader = std::exchange(reader_, nullptr);
        reader->ended(cause);
    }

    void wait_to_write() {
        if (writing_ || !socket_.is_open()) {
            return;
        }
        writing_ = true;
        socket_.async_wait(Socket::wait_write, [this, hold = Hold(*this)](const error_code& error) {
            writing_ = false;
            if (!error && socket_.is_open()) {
                unsent_from_ += send(std::span<const std::byte>(unsent_).subspan(unsent_from_));
                if (unsent() == 0 || broken_) {
                    unsent_ = {};  // gives the memory back: most connections never need it again
                    unsent_from_ = 0;
                    if (shut_) {
                        shut();
                    }
                    if (reader_ != nullptr && !broken_) {
                        reader_->drained();
                    }
                } else {
                    wait_to_write();
                }
            }
        });
    }

    void release() {
        if (!owned_ && pending_ == 0) {
            delete this;
        }
    }

    Loop& loop_;
    Socket socket_;
    Traffic& traffic_;
    Transport::Reader* reader_ = nullptr;
    std::vector<std::byte> unsent_;
    std::size_t unsent_from_ = 0;
    unsigned pending_ = 0;
    bool owned_ = true;
    bool reading_ = false;
    bool writing_ = false;
    bool paused_ = false;
    bool shut_ = false;
    bool broken_ = false;
};

}  // namespace portillon::net
