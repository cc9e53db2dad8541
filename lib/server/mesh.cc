#include "server/mesh.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/random.h"

namespace portillon::server {

namespace {

constexpr std::size_t overhead_bytes = 64;  // counted for each message that waits
constexpr int turns_at_once = 64;           // messages, or new links, before other watchers run
constexpr Nanos accept_pause = 100ms;       // while there is no descriptor for one more link

int make_socket() {
    return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// Writes an abstract socket address: it vanishes with its socket.
socklen_t write_address(const std::string& group, unsigned number, sockaddr_un& into) {
    const std::string name = group + "." + std::to_string(number);
    check(name.size() < sizeof into.sun_path, "a group's name is too long");
    into.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), into.sun_path + 1);
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

// Abstract addresses have no permissions, so the peer's user is checked.
bool is_ours(int link) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(link, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

}  // namespace

class Mesh::Socket : protected net::Watcher {
public:
    Socket(Mesh& mesh, int descriptor) : mesh_(mesh), descriptor_(descriptor) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    error_code watch() { return mesh_.loop_.watch(descriptor_, *this); }
    int descriptor() const { return descriptor_; }

protected:
    ~Socket() {
        mesh_.loop_.unwatch(descriptor_, *this);
        ::close(descriptor_);
    }
    Mesh& mesh_;

private:
    int descriptor_;
};

class Mesh::OutLink final : public Socket {
public:
    OutLink(Mesh& mesh, unsigned to, int descriptor) : Socket(mesh, descriptor), to_(to) {}

private:
    // If the shard is dead, both calls destroy this link.
    void ready(Ready now) override {
        if (now.to_end) {
            mesh_.bury(to_);
        } else if (now.to_write) {
            mesh_.write_waiting(to_);
        }
    }

    unsigned to_;
};

class Mesh::InLink final : public Socket, private net::Deferred {
public:
    using Socket::Socket;
    std::optional<unsigned> from;  // set once it has greeted

private:
    void ready(Ready now) override { (now.to_read || now.to_end) && !queued() ? run() : void(); }
    void run() override {
        switch (mesh_.read_some(*this)) {
            case Got::all:
                break;
            case Got::some:
                mesh_.loop_.later(*this);
                break;
            case Got::end:
                mesh_.in_links_.remove_if([this](const InLink& each) { return &each == this; });
                break;
        }
    }
};

class Mesh::Acceptor final : public Socket, private net::Deferred, private Alarm {
public:
    using Socket::Socket;

private:
    void ready(Ready) override { queued() || armed() ? void() : run(); }
    void ring(Instant) override { run(); }
    void run() override {
        for (int i = 0; i < turns_at_once; ++i) {
            const int link = ::accept4(descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (link >= 0) {
                mesh_.accept(link);
            } else if (errno == EAGAIN) {
                return;
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                mesh_.loop_.timers().set(*this, mesh_.loop_.now() + accept_pause);
                return;
            }  // else it was aborted before it was accepted
        }
        mesh_.loop_.later(*this);
    }
};

Mesh::Mesh(net::Loop& loop, std::string group, unsigned number, unsigned shards, Events events)
    : loop_(loop),
      group_(std::move(group)),
      number_(number),
      events_(std::move(events)),
      peers_(shards),
      reading_(1 + most_name_bytes + most_message_bytes) {
    check(number < shards, "a shard that is none of its server's");
}

Mesh::~Mesh() = default;

error_code Mesh::listen() {
    const int socket = make_socket();
    if (socket < 0) {
        return last_error();
    }
    sockaddr_un at{};
    const socklen_t size = write_address(group_, number_, at);
    acceptor_ = std::make_unique<Acceptor>(*this, socket);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(socket, SOMAXCONN) != 0) {
        return last_error();
    }
    return acceptor_->watch();
}

bool Mesh::join() {
    bool all = true;
    for (unsigned number = 0; number < peers_.size(); ++number) {
        if (number == number_ || peers_[number].life != Peer::Life::unknown) {
            continue;
        }
        all = connect(number) && all;
    }
    return all;
}

void Mesh::expect_none_of(unsigned number) {
    peers_[number].life = Peer::Life::dead;
}

bool Mesh::connect(unsigned number) {
    sockaddr_un at{};
    const socklen_t size = write_address(group_, number, at);
    Peer& peer = peers_[number];
    auto link = std::make_unique<OutLink>(*this, number, make_socket());
    if (::connect(link->descriptor(), reinterpret_cast<const sockaddr*>(&at), size) != 0) {
        return false;
    }
    const auto greeting = static_cast<std::uint32_t>(number_);
    std::array<std::byte, 1 + sizeof greeting> message{};  // a message to no listener is a greeting
    std::memcpy(&message[1], &greeting, sizeof greeting);
    if (::send(link->descriptor(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 || link->watch()) {
        return false;
    }
    peer.link = std::move(link);
    peer.life = Peer::Life::alive;
    return true;
}

// A shard connected to us. If one with its number was known before, that one is dead, whether we have noticed or not;
// its last messages must not be taken for its successor's.
void Mesh::greeted_by(unsigned number, const InLink& by) {
    check(number < peers_.size() && number != number_, "a shard that is none of ours");
    Peer& peer = peers_[number];
    const bool is_another = peer.greeted || peer.life == Peer::Life::dead;
    peer.greeted = true;
    if (is_another) {
        in_links_.remove_if([&](const InLink& each) { return &each != &by && each.from == number; });
        bury(number);
        connect(number);
        events_.changed(number);
    }
}

unsigned Mesh::home_of(std::uint64_t key) const {
    const auto lives = [this](unsigned place) { return place == number_ || peers_[place].life != Peer::Life::dead; };
    const auto shards = static_cast<unsigned>(peers_.size());
    const auto home = static_cast<unsigned>(key % shards);
    if (lives(home)) {
        return home;
    }
    // The home of this key is dead. Rendezvous hashing spreads a dead shard's keys over the living ones, since one
    // alone could not hold them, and a further death moves only the keys of the shard that died.
    unsigned best = number_;
    for (unsigned place = 0; place < shards; ++place) {
        if (lives(place) && scatter(key, place) > scatter(key, best)) {
            best = place;
        }
    }
    return best;
}

// Sends at once, or queues the message behind those that already wait for room in the kernel's queue, so that messages
// keep their order.
bool Mesh::send(unsigned to, const std::string& listener, std::span<const std::byte> message) {
    check(to != number_ && message.size() <= most_message_bytes, "a message that no shard can get");
    check(!listener.empty() && listener.size() <= most_name_bytes, "a listener whose name says nothing");
    Peer& peer = peers_[to];
    if (peer.life != Peer::Life::alive) {
        return false;
    }
    writing_.assign(1, static_cast<std::byte>(listener.size()));
    const auto name = std::as_bytes(std::span(listener));
    writing_.insert(writing_.end(), name.begin(), name.end());
    writing_.insert(writing_.end(), message.begin(), message.end());
    const Sent sent = peer.waiting.empty() ? try_to_send(peer, writing_) : Sent::later;
    if (sent == Sent::yes) {
        return true;
    }
    // The death is reported from the loop, where the link's end is noticed, and not from inside this call.
    if (sent == Sent::dead || peer.waiting_bytes + writing_.size() + overhead_bytes > most_waiting_bytes) {
        return false;
    }
    peer.waiting_bytes += writing_.size() + overhead_bytes;
    peer.waiting.push_back(writing_);
    return true;
}

Mesh::Sent Mesh::try_to_send(Peer& peer, std::span<const std::byte> message) {
    while (::send(peer.link->descriptor(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno != EINTR) {
            return errno == EAGAIN ? Sent::later : Sent::dead;
        }
    }
    return Sent::yes;
}

void Mesh::bury(unsigned number) {
    Peer& peer = peers_[number];
    const bool was_alive = peer.life == Peer::Life::alive;
    peer.life = Peer::Life::dead;
    peer.waiting.clear();
    peer.waiting_bytes = 0;
    peer.link.reset();  // whose callback may have called this
    if (was_alive) {
        events_.changed(number);
    }
}

void Mesh::write_waiting(unsigned number) {
    Peer& peer = peers_[number];
    while (!peer.waiting.empty()) {
        const Sent sent = try_to_send(peer, peer.waiting.front());
        if (sent == Sent::later) {
            return;
        }
        if (sent == Sent::dead) {
            bury(number);
            return;
        }
        peer.waiting_bytes -= peer.waiting.front().size() + overhead_bytes;
        peer.waiting.pop_front();
    }
}

// A link that is refused is closed, so its sender takes this shard for dead.
void Mesh::accept(int link) {
    InLink& incoming = in_links_.emplace_back(*this, link);
    if (!is_ours(link) || incoming.watch()) {
        in_links_.pop_back();
    }
}

Mesh::Got Mesh::read_some(InLink& link) {
    for (int i = 0; i < turns_at_once; ++i) {
        const ssize_t got = ::recv(link.descriptor(), reading_.data(), reading_.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 && errno == EAGAIN ? Got::all : Got::end;
        }
        take(link, std::span<const std::byte>(reading_).first(static_cast<std::size_t>(got)));
    }
    return Got::some;
}

void Mesh::take(InLink& link, std::span<const std::byte> message) {
    const auto name_bytes = std::to_integer<std::size_t>(message[0]);
    check(message.size() >= 1 + name_bytes, "a shard said nonsense");
    if (name_bytes == 0) {
        std::uint32_t number = 0;
        check(message.size() == 1 + sizeof number && !link.from, "a shard greeted with nonsense");
        std::memcpy(&number, &message[1], sizeof number);
        link.from = number;
        greeted_by(number, link);
        return;
    }
    check(link.from.has_value(), "a shard spoke before it greeted");
    const std::string listener(reinterpret_cast<const char*>(message.data() + 1), name_bytes);
    events_.heard(*link.from, listener, message.subspan(1 + name_bytes));
}

}  // namespace portillon::server
