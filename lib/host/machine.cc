#include "host/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace portillon::host {

namespace {

Nanos nanos_of(const timespec& time) {
    return std::chrono::seconds{time.tv_sec} + Nanos{time.tv_nsec};
}

struct Pages {
    Bytes resident, shared;
};

Pages pages_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/statm", pid));
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::uint64_t shared = 0;
    file >> total >> resident >> shared;
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return {Bytes{resident * page_bytes}, Bytes{shared * page_bytes}};
}

Nanos read_clock(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return nanos_of(time);
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

unsigned cores() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    return static_cast<unsigned>(CPU_COUNT(&set));
}

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name")) {
            const auto colon = line.find(": ");
            return colon == std::string::npos ? line : line.substr(colon + 2);
        }
    }
    return "unknown";
}

std::string kernel_release() {
    utsname name{};
    ::uname(&name);
    return fmt::format("{} {}", name.sysname, name.release);
}

unsigned ports_per_address() {
    std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
    unsigned first = 32768;
    unsigned last = 60999;
    file >> first >> last;
    return last - first + 1;
}

Nanos cpu_used() {
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

Nanos machine_cpu_used() {
    std::ifstream file("/proc/stat");
    std::string name;
    file >> name;
    std::uint64_t busy_ticks = 0;
    // The fields are: user nice system idle iowait irq softirq steal.
    for (int field = 0; field < 8; ++field) {
        std::uint64_t ticks = 0;
        file >> ticks;
        if (field != 3 && field != 4) {
            busy_ticks += ticks;
        }
    }
    return Nanos{static_cast<std::int64_t>(busy_ticks) * (1'000'000'000 / ::sysconf(_SC_CLK_TCK))};
}

Bytes resident(pid_t pid) {
    return pages_of(pid).resident;
}

Bytes resident_alone(pid_t pid) {
    const auto pages = pages_of(pid);
    return Bytes{pages.resident.count - std::min(pages.resident.count, pages.shared.count)};
}

std::uint64_t listen_overflows() {
    // Two lines begin with "TcpExt:": the first has the names, the second the values.
    std::ifstream file("/proc/net/netstat");
    std::vector<std::string> names;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("TcpExt:")) {
            continue;
        }
        std::istringstream words(line);
        std::vector<std::string> fields;
        for (std::string word; words >> word;) {
            fields.push_back(word);
        }
        if (names.empty()) {
            names = fields;
            continue;
        }
        for (std::size_t i = 0; i < names.size() && i < fields.size(); ++i) {
            if (names[i] == "ListenOverflows") {
                return std::stoull(fields[i]);
            }
        }
    }
    return 0;
}

Nanos clock_offset() {
    return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
}

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

}  // namespace portillon::host
