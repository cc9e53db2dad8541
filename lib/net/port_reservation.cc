#include "net/port_reservation.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace portillon::net {

namespace {

Result<int> bound_socket(const net::Endpoint& at, int option) {
    const int descriptor = ::socket(at.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return last_error();
    }
    const int on = 1;
    if (::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::setsockopt(descriptor, SOL_SOCKET, option, &on, sizeof on) != 0 ||
        ::bind(descriptor, at.data(), static_cast<socklen_t>(at.size())) != 0) {
        const error_code failure = last_error();
        ::close(descriptor);
        return failure;
    }
    return descriptor;
}

}  // namespace

Result<PortReservation> PortReservation::make(const net::Endpoint& at) {
    if (at.port() != 0) {
        // Another server of ours would share its port gladly: without SO_REUSEPORT its listening sockets are in the
        // way.
        const auto alone = bound_socket(at, SO_REUSEADDR);
        if (!alone) {
            return alone.error();
        }
        ::close(*alone);
    }
    const auto descriptor = bound_socket(at, SO_REUSEPORT);
    if (!descriptor) {
        return descriptor.error();
    }
    net::Endpoint chosen = at;
    auto size = static_cast<socklen_t>(chosen.capacity());
    if (::getsockname(*descriptor, chosen.data(), &size) != 0) {
        const error_code failure = last_error();
        ::close(*descriptor);
        return failure;
    }
    return PortReservation(*descriptor, chosen);
}

PortReservation::PortReservation(PortReservation&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), at_(std::move(other.at_)) {}

PortReservation::~PortReservation() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

}  // namespace portillon::net
