// A lower bound: the cost of a round trip in a bare epoll loop. Pairs of processes, a client and its server; every
// connection sends a message of 143 bytes at its own times and reads 4 bytes back, all connections together at a given
// rate. Prints the clients' CPU for each round trip, in microseconds.
// Usage: epoll_round_trips CONNECTIONS ROUND_TRIPS_PER_S SECONDS PAIRS
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <queue>
#include <vector>

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t message_bytes = 143;
constexpr std::size_t answer_bytes = 4;
constexpr int connections_per_source = 6'000;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::_Exit(1);
}

void serve(int listener) {
    const int epoll = epoll_create1(0);
    epoll_event wanted{EPOLLIN, {.fd = listener}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &wanted);
    std::vector<epoll_event> events(512);
    char buffer[4096];
    for (;;) {
        const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const int socket = events[static_cast<std::size_t>(i)].data.fd;
            if (socket == listener) {
                for (;;) {
                    const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
                    if (accepted < 0) {
                        break;
                    }
                    const int on = 1;
                    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    epoll_event event{EPOLLIN, {.fd = accepted}};
                    epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
                }
                continue;
            }
            const auto got = read(socket, buffer, sizeof buffer);
            if (got <= 0) {
                close(socket);
            } else if (write(socket, "done", answer_bytes) != static_cast<ssize_t>(answer_bytes)) {
                fail("answer");
            }
        }
    }
}

struct Due {
    Clock::time_point at;
    int socket;
    bool operator>(const Due& other) const { return at > other.at; }
};

double cpu_s() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct Outcome {
    double cpu_s = 0;
    std::uint64_t round_trips = 0;
};

Outcome ask(sockaddr_in server, int connections, double per_s, double duration_s, int pair) {
    const int epoll = epoll_create1(0);
    std::vector<int> sockets;
    for (int i = 0; i < connections; ++i) {
        const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in source{};
        source.sin_family = AF_INET;
        source.sin_addr.s_addr = htonl(0x7F010000U + static_cast<unsigned>(pair) * 256U + 1U +
                                       static_cast<unsigned>(i / connections_per_source));
        if (bind(socket, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0 ||
            connect(socket, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) {
            fail("connect");
        }
        epoll_event event{EPOLLIN, {.fd = socket}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
        sockets.push_back(socket);
    }
    const auto gap = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(connections / per_s));
    const auto begin = Clock::now() + std::chrono::milliseconds(100);
    const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(duration_s));
    std::priority_queue<Due, std::vector<Due>, std::greater<>> dues;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        // Neighbours in the table are not neighbours in time, as in a fleet.
        const auto place = (i * 2'654'435'761U) % sockets.size();
        dues.push({begin + gap * static_cast<long>(place) / static_cast<long>(sockets.size()), sockets[i]});
    }
    const char message[message_bytes] = {};
    std::vector<epoll_event> events(512);
    Outcome outcome;
    const double before = cpu_s();
    char buffer[64];
    while (Clock::now() < end) {
        const auto now = Clock::now();
        while (dues.top().at <= now) {
            const auto due = dues.top();
            dues.pop();
            if (write(due.socket, message, sizeof message) != static_cast<ssize_t>(sizeof message)) {
                fail("message");
            }
            dues.push({due.at + gap, due.socket});
        }
        const auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(dues.top().at - Clock::now()).count();
        const timespec timeout{wait > 0 ? wait / 1'000'000'000 : 0, wait > 0 ? wait % 1'000'000'000 : 0};
        const int ready = epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
        for (int i = 0; i < ready; ++i) {
            const auto got = read(events[static_cast<std::size_t>(i)].data.fd, buffer, sizeof buffer);
            if (got <= 0) {
                fail("read");
            }
            outcome.round_trips += static_cast<std::uint64_t>(got) / answer_bytes;
        }
    }
    outcome.cpu_s = cpu_s() - before;
    return outcome;
}

}  // namespace

int main(int count, char** words) {
    if (count != 5) {
        std::fprintf(stderr, "usage: epoll_round_trips CONNECTIONS ROUND_TRIPS_PER_S SECONDS PAIRS\n");
        return 2;
    }
    const int connections = std::atoi(words[1]);
    const double per_s = std::atof(words[2]);
    const double duration_s = std::atof(words[3]);
    const int pairs = std::atoi(words[4]);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int results[2];
    if (pipe(results) != 0) {
        fail("pipe");
    }
    std::vector<pid_t> servers;
    std::vector<pid_t> clients;
    for (int pair = 0; pair < pairs; ++pair) {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener, 4096) != 0) {
            fail("listen");
        }
        getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
        if (const pid_t server = fork(); server == 0) {
            serve(listener);
        } else {
            servers.push_back(server);
        }
        if (const pid_t client = fork(); client == 0) {
            close(listener);
            const auto outcome = ask(at, connections / pairs, per_s / pairs, duration_s, pair);
            std::_Exit(write(results[1], &outcome, sizeof outcome) == static_cast<ssize_t>(sizeof outcome) ? 0 : 1);
        } else {
            clients.push_back(client);
        }
        close(listener);
    }
    Outcome all;
    bool failed = false;
    for (const auto client : clients) {
        int status = 0;
        waitpid(client, &status, 0);
        failed = failed || status != 0;
    }
    for (const auto server : servers) {
        kill(server, SIGKILL);
        waitpid(server, nullptr, 0);
    }
    if (failed) {
        return 1;
    }
    for (int pair = 0; pair < pairs; ++pair) {
        Outcome one;
        if (read(results[0], &one, sizeof one) != static_cast<ssize_t>(sizeof one)) {
            return 1;
        }
        all.cpu_s += one.cpu_s;
        all.round_trips += one.round_trips;
    }
    std::printf("{\"round_trips\": %llu, \"cpu_us_per_round_trip\": %.3f}\n",
                static_cast<unsigned long long>(all.round_trips),
                all.cpu_s * 1e6 / static_cast<double>(all.round_trips));
}
