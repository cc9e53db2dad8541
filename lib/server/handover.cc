#include "server/handover.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/random.h"
#include "net/tcp.h"
#include "server/listener.h"

namespace portillon::server {

namespace {

constexpr std::size_t most_name_bytes = 255;
constexpr std::size_t most_waiting = 4'096;  // for one shard; each holds a descriptor of ours
constexpr int turns_at_once = 64;            // messages, or new links, before the others have their turn
constexpr Nanos door_pause = 100ms;          // while there is no descriptor for one more link

int make_socket() {
    return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// An abstract name: it goes with its socket.
socklen_t write_address(const std::string& group, unsigned number, sockaddr_un& into) {
    const std::string name = group + "." + std::to_string(number);
    check(name.size() < sizeof into.sun_path, "a group's name is too long");
    into.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), into.sun_path + 1);
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

// Abstract names know no permissions.
bool is_ours(int link) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(link, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

// The kernel's form of one descriptor beside a message.
struct alignas(cmsghdr) Ancillary {
    std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

}  // namespace

class Handover::Socket : protected net::Watcher {
public:
    Socket(Handover& handover, int descriptor) : handover_(handover), descriptor_(descriptor) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    error_code watch() { return handover_.loop_.watch(descriptor_, *this); }
    int descriptor() const { return descriptor_; }

protected:
    ~Socket() {
        handover_.loop_.unwatch(descriptor_, *this);
        ::close(descriptor_);
    }
    Handover& handover_;

private:
    int descriptor_;
};

class Handover::Link final : public Socket {
public:
    Link(Handover& handover, Peer& peer, int descriptor) : Socket(handover, descriptor), peer_(peer) {}

private:
    // It has read, or is dead: then the next write says so.
    void ready(Ready now) override { now.to_write || now.to_end ? handover_.write_waiting(peer_) : void(); }

    Peer& peer_;
};

class Handover::Incoming final : public Socket, private net::Deferred {
public:
    using Socket::Socket;

private:
    void ready(Ready now) override { (now.to_read || now.to_end) && !queued() ? run() : void(); }
    void run() override {
        switch (handover_.read_some(descriptor())) {
            case Got::all:
                break;
            case Got::some:
                handover_.loop_.later(*this);
                break;
            case Got::end:
                handover_.incoming_.remove_if([this](const Incoming& each) { return &each == this; });
                break;
        }
    }
};

class Handover::Door final : public Socket, private net::Deferred, private Alarm {
public:
    using Socket::Socket;

private:
    void ready(Ready) override { queued() || armed() ? void() : run(); }
    void ring(Instant) override { run(); }
    void run() override {
        for (int i = 0; i < turns_at_once; ++i) {
            const int link = ::accept4(descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (link >= 0) {
                handover_.accept(link);
            } else if (errno == EAGAIN) {
                return;
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                handover_.loop_.timers().set(*this, handover_.loop_.now() + door_pause);
                return;
            }  // else it died before it was accepted
        }
        handover_.loop_.later(*this);
    }
};

Handover::Handover(net::Loop& loop, net::Traffic& traffic, std::string group, unsigned number, unsigned shards,
                   Arrived arrived)
    : loop_(loop),
      traffic_(traffic),
      group_(std::move(group)),
      number_(number),
      arrived_(std::move(arrived)),
      peers_(shards),
      message_(1 + most_name_bytes + Steering::most_read_bytes) {
    check(number < shards, "a shard that is none of its server's");
}

Handover::~Handover() {
    for (Peer& peer : peers_) {
        for (const Parcel& parcel : peer.waiting) {
            ::close(parcel.socket);
        }
    }
}

error_code Handover::listen() {
    const int socket = make_socket();
    if (socket < 0) {
        return last_error();
    }
    sockaddr_un at{};
    const socklen_t size = write_address(group_, number_, at);
    door_ = std::make_unique<Door>(*this, socket);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(socket, SOMAXCONN) != 0) {
        return last_error();
    }
    return door_->watch();
}

bool Handover::join() {
    bool all = true;
    for (unsigned number = 0; number < peers_.size(); ++number) {
        if (number == number_ || peers_[number].life != Peer::Life::unknown) {
            continue;
        }
        all = connect(number) && all;
    }
    return all;
}

void Handover::expect_none_of(unsigned number) {
    peers_[number].life = Peer::Life::dead;
}

bool Handover::connect(unsigned number) {
    sockaddr_un at{};
    const socklen_t size = write_address(group_, number, at);
    Peer& peer = peers_[number];
    auto link = std::make_unique<Link>(*this, peer, make_socket());
    if (::connect(link->descriptor(), reinterpret_cast<const sockaddr*>(&at), size) != 0) {
        return false;
    }
    const auto greeting = static_cast<std::uint32_t>(number_);
    std::array<std::byte, 1 + sizeof greeting> message{};  // a listener without a name: a greeting
    std::memcpy(&message[1], &greeting, sizeof greeting);
    if (::send(link->descriptor(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 || link->watch()) {
        return false;
    }
    peer.link = std::move(link);
    peer.life = Peer::Life::alive;
    return true;
}

// It reaches us. If we have known one of its number before, that one is dead, whether we have noticed or not.
void Handover::greeted_by(unsigned number) {
    check(number < peers_.size() && number != number_, "a shard that is none of ours");
    Peer& peer = peers_[number];
    if (peer.greeted || peer.life == Peer::Life::dead) {
        bury(peer);
        connect(number);
    }
    peer.greeted = true;
}

unsigned Handover::place_of(std::uint64_t key) const {
    const auto lives = [this](unsigned place) { return place == number_ || peers_[place].life != Peer::Life::dead; };
    const auto shards = static_cast<unsigned>(peers_.size());
    const auto home = static_cast<unsigned>(key % shards);
    if (lives(home)) {
        return home;
    }
    // Rendezvous hashing: each key has an order of places of its own, so that another death moves no other keys.
    unsigned best = number_;
    for (unsigned place = 0; place < shards; ++place) {
        if (lives(place) && scatter(key, place) > scatter(key, best)) {
            best = place;
        }
    }
    return best;
}

void Handover::send(std::uint64_t key, const std::string& listener, std::unique_ptr<net::Transport> transport,
                    std::span<const std::byte> read) {
    check(read.size() <= Steering::most_read_bytes && listener.size() <= most_name_bytes, "too much to hand over");
    deliver({key, listener, {read.begin(), read.end()}, transport->release()});
}

void Handover::deliver(Parcel parcel) {
    while (true) {
        const unsigned place = place_of(parcel.key);
        if (place == number_) {
            deliver_here(std::move(parcel));
            return;
        }
        Peer& peer = peers_[place];
        const Sent sent = peer.waiting.empty() ? try_to_send(peer, parcel) : Sent::later;
        if (sent == Sent::dead) {
            bury(peer);
            continue;
        }
        if (sent == Sent::yes) {
            ::close(parcel.socket);
        } else if (sent == Sent::later && peer.waiting.size() < most_waiting) {
            peer.waiting.push_back(std::move(parcel));
        } else {
            lose(parcel);
        }
        return;
    }
}

void Handover::deliver_here(Parcel parcel) {
    arrived_(parcel.listener, net::adopt_tcp(loop_, parcel.socket, traffic_), parcel.read);
}

Handover::Sent Handover::try_to_send(Peer& peer, const Parcel& parcel) {
    if (parcel.socket < 0 || peer.life != Peer::Life::alive) {
        return peer.life == Peer::Life::dead ? Sent::dead : Sent::impossible;
    }
    auto size = static_cast<std::uint8_t>(parcel.listener.size());
    std::array<iovec, 3> parts{{{&size, 1},
                                {const_cast<char*>(parcel.listener.data()), parcel.listener.size()},
                                {const_cast<std::byte*>(parcel.read.data()), parcel.read.size()}}};
    Ancillary beside;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    message.msg_control = beside.bytes.data();
    message.msg_controllen = beside.bytes.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &parcel.socket, sizeof(int));
    while (::sendmsg(peer.link->descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        switch (errno) {
            case EINTR:
                continue;
            case EAGAIN:
                return Sent::later;
            case EPIPE:
            case ECONNRESET:
            case ENOTCONN:
                return Sent::dead;
            default:
                return Sent::impossible;
        }
    }
    return Sent::yes;
}

// What waits for it goes to the next one.
void Handover::bury(Peer& peer) {
    peer.life = Peer::Life::dead;
    peer.link.reset();
    auto waiting = std::exchange(peer.waiting, {});
    for (Parcel& parcel : waiting) {
        deliver(std::move(parcel));
    }
}

void Handover::write_waiting(Peer& peer) {
    while (!peer.waiting.empty()) {
        const Sent sent = try_to_send(peer, peer.waiting.front());
        if (sent == Sent::later) {
            return;
        }
        if (sent == Sent::dead) {
            bury(peer);  // and its link, which may have called
            return;
        }
        Parcel parcel = std::move(peer.waiting.front());
        peer.waiting.pop_front();
        if (sent == Sent::yes) {
            ::close(parcel.socket);
        } else {
            lose(parcel);
        }
    }
}

void Handover::lose(Parcel& parcel) {
    if (parcel.socket >= 0) {
        ::close(parcel.socket);
    }
    arrived_(parcel.listener, nullptr, {});
}

// Who is not accepted takes us for dead.
void Handover::accept(int link) {
    Incoming& incoming = incoming_.emplace_back(*this, link);
    if (!is_ours(link) || incoming.watch()) {
        incoming_.pop_back();
    }
}

Handover::Got Handover::read_some(int link) {
    for (int i = 0; i < turns_at_once; ++i) {
        iovec part{message_.data(), message_.size()};
        Ancillary beside;
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = beside.bytes.data();
        message.msg_controllen = beside.bytes.size();
        const ssize_t got = ::recvmsg(link, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 && errno == EAGAIN ? Got::all : Got::end;
        }
        int socket = -1;  // as it stays when there is no descriptor left for it
        const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
        if (rights != nullptr && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
            std::memcpy(&socket, CMSG_DATA(rights), sizeof(int));
        }
        const auto bytes = std::span<const std::byte>(message_).first(static_cast<std::size_t>(got));
        const auto name_bytes = std::to_integer<std::size_t>(bytes[0]);
        check(bytes.size() > name_bytes, "a shard handed over nonsense");
        if (name_bytes == 0) {
            std::uint32_t number = 0;
            check(bytes.size() == 1 + sizeof number, "a shard greeted with nonsense");
            std::memcpy(&number, &bytes[1], sizeof number);
            greeted_by(number);
            continue;
        }
        const std::string listener(reinterpret_cast<const char*>(bytes.data() + 1), name_bytes);
        arrived_(listener, socket < 0 ? nullptr : net::adopt_tcp(loop_, socket, traffic_),
                 bytes.subspan(1 + name_bytes));
    }
    return Got::some;
}

}  // namespace portillon::server
