// A program as a user of libmosquitto would write it: many clients on one epoll loop, one QoS 1 message in flight each,
// the next one as soon as the last is acknowledged. Prints how much it sent and the CPU it took.
// Usage: mosquitto_publisher PORT CLIENTS SECONDS BYTES
#include <mosquitto.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

namespace {

struct Client {
    mosquitto* handle = nullptr;
    std::string topic;
    bool connected = false;
    bool free = false;  // may publish: never from within a callback, which would recurse
    bool writing = false;
};

std::uint64_t acknowledged = 0;
std::size_t connected = 0;

double cpu_s() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

int main(int count, char** words) {
    if (count != 5) {
        std::fprintf(stderr, "usage: mosquitto_publisher PORT CLIENTS SECONDS BYTES\n");
        return 2;
    }
    const int port = std::atoi(words[1]);
    const auto wanted = static_cast<std::size_t>(std::atoi(words[2]));
    const double duration_s = std::atof(words[3]);
    const std::string payload(static_cast<std::size_t>(std::atoi(words[4])), 'x');
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    mosquitto_lib_init();
    const int epoll = epoll_create1(0);
    std::vector<Client> clients(wanted);
    for (std::size_t i = 0; i < wanted; ++i) {
        auto& client = clients[i];
        client.topic = "validations/" + std::to_string(i + 1);
        client.handle = mosquitto_new(("peer-" + std::to_string(i + 1)).c_str(), true, &client);
        mosquitto_connect_callback_set(client.handle, [](mosquitto*, void* own, int code) {
            if (code == 0) {
                auto& self = *static_cast<Client*>(own);
                self.connected = self.free = true;
                ++connected;
            }
        });
        mosquitto_publish_callback_set(client.handle, [](mosquitto*, void* own, int) {
            static_cast<Client*>(own)->free = true;
            ++acknowledged;
        });
        if (mosquitto_connect(client.handle, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS) {
            std::fprintf(stderr, "cannot connect\n");
            return 1;
        }
        epoll_event event{EPOLLIN, {.ptr = &client}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, mosquitto_socket(client.handle), &event);
    }
    std::vector<epoll_event> events(512);
    const auto turn = [&](bool publish) {
        const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < ready; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            auto& client = *static_cast<Client*>(event.data.ptr);
            if ((event.events & EPOLLIN) != 0 && mosquitto_loop_read(client.handle, 16) != MOSQ_ERR_SUCCESS) {
                std::fprintf(stderr, "a connection broke\n");
                std::exit(1);
            }
            if ((event.events & EPOLLOUT) != 0) {
                mosquitto_loop_write(client.handle, 16);
            }
            if (publish && client.free) {
                client.free = false;
                mosquitto_publish(client.handle, nullptr, client.topic.c_str(), static_cast<int>(payload.size()),
                                  payload.data(), 1, false);
            }
            const bool writing = mosquitto_want_write(client.handle);
            if (writing != client.writing) {
                client.writing = writing;
                epoll_event change{writing ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = &client}};
                epoll_ctl(epoll, EPOLL_CTL_MOD, mosquitto_socket(client.handle), &change);
            }
        }
    };
    const auto patience = Clock::now() + std::chrono::seconds(60);
    while (connected < wanted && Clock::now() < patience) {
        turn(false);
    }
    if (connected < wanted) {
        std::fprintf(stderr, "only %zu of %zu connected\n", connected, wanted);
        return 1;
    }
    const double before = cpu_s();
    const auto begin = Clock::now();
    for (auto& client : clients) {
        client.free = false;
        mosquitto_publish(client.handle, nullptr, client.topic.c_str(), static_cast<int>(payload.size()),
                          payload.data(), 1, false);
    }
    const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(duration_s));
    while (Clock::now() < end) {
        turn(true);
    }
    const double cpu = cpu_s() - before;
    const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
    std::printf("{\"acknowledged\": %llu, \"cpu_s\": %.3f, \"wall_s\": %.3f}\n",
                static_cast<unsigned long long>(acknowledged), cpu, wall);
    std::fflush(stdout);
    std::_Exit(0);  // thousands of clients need not disconnect
}
