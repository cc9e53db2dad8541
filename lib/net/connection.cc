#include "net/connection.h"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "net/wakeup.h"

namespace portillon::net {

namespace {

error_code error_of(int number) {
    return {number, boost::system::system_category()};
}

}  // namespace

// The state of a dial; it lives in the frame of dial() while that waits.
struct Connection::Dialling {
    explicit Dialling(Connection& connection) : changed(connection.loop_), of(&connection) { of->dialling_ = this; }
    ~Dialling() {
        if (of != nullptr) {
            of->dialling_ = nullptr;
        }
    }
    Wakeup changed;
    Connection* of;  // nullptr: the connection has been closed or destroyed
    bool settled = false;
};

Task<error_code> Connection::dial(Connection& connection, int descriptor, const sockaddr* target,
                                  socklen_t target_bytes, Instant deadline) {
    check(connection.descriptor_ < 0, "a transport connects once");
    connection.descriptor_ = descriptor;
    if (::connect(descriptor, target, target_bytes) == 0) {
        co_return error_code{};
    }
    if (errno != EINPROGRESS) {
        co_return last_error();
    }
    if (const auto error = connection.watch()) {
        co_return error;
    }
    Dialling dialling(connection);
    co_await dialling.changed.until(deadline);
    if (dialling.of == nullptr) {
        co_return asio::error::make_error_code(asio::error::operation_aborted);
    }
    pollfd late{.fd = descriptor, .events = POLLOUT, .revents = 0};  // the loop may have run late
    if (!dialling.settled && ::poll(&late, 1, 0) <= 0) {
        co_return asio::error::make_error_code(asio::error::timed_out);
    }
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size);
    co_return error_of(failure);
}

void Connection::start(Reader& reader) {
    reader_ = &reader;
    if (descriptor_ >= 0 && !watched_ && watch()) {
        ::shutdown(descriptor_, SHUT_RDWR);  // no event would ever be delivered: the connection ends here
        readable_ = to_end_ = true;
    }
    if (readable_) {
        loop_.later(*this);
    }
}

void Connection::resume() {
    paused_ = false;
    if (readable_ && reader_ != nullptr) {
        loop_.later(*this);
    }
}

void Connection::write(std::span<const std::byte> bytes) {
    if (descriptor_ < 0 || shut_ || broken_ != 0) {
        return;
    }
    if (unsent() == 0) {
        bytes = bytes.subspan(send(bytes));
    }
    if (!bytes.empty() && broken_ == 0) {
        unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    }
}

void Connection::shut() {
    shut_ = true;
    if (unsent() == 0 && descriptor_ >= 0) {
        ::shutdown(descriptor_, SHUT_WR);
    }
}

void Connection::close() {
    let_go();
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
}

void Connection::reset() {
    if (descriptor_ >= 0) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close();
}

int Connection::release() {
    let_go();
    return std::exchange(descriptor_, -1);
}

// Detaches the connection from loop, reader and dial; no callback follows.
void Connection::let_go() {
    reader_ = nullptr;
    if (std::exchange(watched_, false)) {
        loop_.unwatch(descriptor_, *this);
    }
    if (Dialling* dialling = std::exchange(dialling_, nullptr); dialling != nullptr) {
        dialling->of = nullptr;
        dialling->changed.wake();
    }
    unsent_ = {};
    unsent_from_ = 0;
}

// Edge-triggered: the kernel does not repeat an event, so read events are kept in `readable_` until recv() returns
// EAGAIN or a short read. If there is something to write, reading is deferred, since drained() may destroy the
// connection.
void Connection::ready(Ready now) {
    readable_ = readable_ || now.to_read || now.to_end;
    to_end_ = to_end_ || now.to_end;
    if (dialling_ != nullptr) {
        dialling_->settled = true;
        dialling_->changed.wake();
    } else if (now.to_write && unsent() > 0) {
        if (readable_) {
            loop_.later(*this);  // before send_rest(), in which the connection may be destroyed
        }
        send_rest();
    } else if (readable_ && !queued()) {
        read();
    }
}

void Connection::run() {
    read();
}

error_code Connection::watch() {
    const auto error = loop_.watch(descriptor_, *this);
    watched_ = !error;
    return error;
}

// Returns how many bytes the kernel took. A failure is kept in broken_; the reading side reports it once it has read
// everything.
std::size_t Connection::send(std::span<const std::byte> bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        const auto sent = ::send(descriptor_, bytes.data() + taken, bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                broken_ = errno;
            }
            break;
        }
        taken += static_cast<std::size_t>(sent);
    }
    traffic_.bytes_sent += taken;
    return taken;
}

void Connection::send_rest() {
    unsent_from_ += send(std::span<const std::byte>(unsent_).subspan(unsent_from_));
    if (unsent() > 0 && broken_ == 0) {
        return;
    }
    unsent_ = {};  // frees the memory: most connections never need it again
    unsent_from_ = 0;
    if (shut_) {
        shut();
    }
    if (reader_ != nullptr) {
        reader_->drained();
    }
}

// Reads one bufferful per turn, so that no connection starves the others. A shorter read has emptied the socket
// (epoll(7), question 9), unless the peer has ended as well: then it reads on until the end.
void Connection::read() {
    if (reader_ == nullptr || paused_ || ended_ || descriptor_ < 0) {
        return;
    }
    const auto buffer = loop_.read_buffer();
    const auto got = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
        const auto bytes = buffer.first(static_cast<std::size_t>(got));
        traffic_.bytes_received += bytes.size();
        readable_ = bytes.size() == buffer.size() || to_end_;
        if (readable_) {
            loop_.later(*this);
        }
        reader_->received(bytes);
    } else if (got == 0) {
        end(broken_ != 0 ? error_of(broken_) : asio::error::eof);  // the kernel reports an error only once
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        readable_ = false;
        to_end_ = false;
    } else if (errno == EINTR) {
        loop_.later(*this);
    } else {
        end(last_error());
    }
}

void Connection::end(const error_code& cause) {
    ended_ = true;
    readable_ = false;
    reader_->ended(cause);
}

}  // namespace portillon::net
