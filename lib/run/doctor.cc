#include "run/doctor.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/machine.h"
#include "run/routes.h"

namespace portillon::run {

namespace {

// Memory of one connection with both its ends on this machine: in our processes with the most expensive protocol (an
// nghttp2 session at each end), and in the kernel for two idle sockets. Measured: 60 kB.
constexpr std::uint64_t bytes_per_connection = 64'000;
// The kernel counts whole pages and its own headers: 8 batches of 6 kB in flight took 62 kB at each connection.
constexpr double kernel_bytes_per_byte = 1.3;
constexpr std::uint64_t most_kernel_bytes_per_connection = 10'000'000;  // both buffers at their usual maxima
constexpr std::uint64_t least_backlog = 1024;
// How long a server's process may be busy with something else while connections arrive.
constexpr double accept_pause_s = 0.1;
constexpr std::uint64_t spare_descriptors_of_the_system = 10'000;

template <class Value>
std::optional<Value> first_word(const std::string& path) {
    std::ifstream file(path);
    Value value{};
    if (file >> value) {
        return value;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
    return first_word<std::uint64_t>(path);
}

Bytes memory_available() {
    std::ifstream file("/proc/meminfo");
    std::uint64_t available = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t kibibytes = 0;
        if (words >> name >> kibibytes && name == "MemAvailable:") {
            available = kibibytes * 1024;
        }
    }
    // The file says "max" if there is no limit; that is no number, and number_in() returns nothing.
    const auto most = number_in("/sys/fs/cgroup/memory.max");
    const auto used = number_in("/sys/fs/cgroup/memory.current");
    if (most && used) {
        available = std::min(available, *most > *used ? *most - *used : 0);
    }
    return Bytes{available};
}

std::string count(std::uint64_t value) {
    return humanize_count(static_cast<double>(value));
}

std::string processes(const plan::Sizing& sizing) {
    return sizing.server_shards > 0 ? fmt::format("{} + {} processes", sizing.generator_shards, sizing.server_shards)
                                    : counted(sizing.generator_shards, "process");
}

std::uint64_t sockets_of(const Needs& needs) {
    return std::uint64_t{needs.scenario->lot().fleet.equipments} * (needs.server == plan::Server::embedded ? 2 : 1);
}

class Examination {
public:
    Examination(const MachineFacts& facts, const std::optional<Needs>& needs) : facts_(facts), needs_(needs) {}

    std::vector<Finding> all() {
        descriptors_of_a_process();
        descriptors_of_the_system();
        ports();
        accept_backlog();
        tcp_memory();
        tracking();
        memory();
        cores();
        governor();
        clock_source();
        return std::move(findings_);
    }

private:
    void descriptors_of_a_process() {
        auto& finding = add("descriptors of a process", count(facts_.descriptors_hard));
        if (facts_.descriptors_soft < facts_.descriptors_hard) {
            finding.there +=
                fmt::format(" (soft limit {}, raised by portillon itself)", count(facts_.descriptors_soft));
        }
        const std::uint64_t least = plan::spare_descriptors + 100;
        std::uint64_t most = least;
        if (needs_) {
            const auto& sizing = needs_->plan.sizing;
            most = std::max(sizing.generator_descriptors, sizing.server_descriptors);
            finding.needed = fmt::format("{} in each of {}", count(most), processes(sizing));
        }
        if (facts_.descriptors_hard >= std::max(most, least)) {
            return;
        }
        if (needs_ && needs_->shards_wanted > 0) {
            blame(
                finding, Health::bad,
                fmt::format("--shards {}, or no --shards: then as many are started as needed", needs_->shards_wanted));
        } else {
            blame(finding, Health::bad,
                  fmt::format("ulimit -Hn {}   (root; or LimitNOFILE= of the service)",
                              std::max<std::uint64_t>(most, 20'000)));
        }
    }

    void descriptors_of_the_system() {
        if (!facts_.descriptors_system) {
            return;
        }
        const auto used = facts_.descriptors_in_use.value_or(0);
        auto& finding = add("descriptors of the system",
                            fmt::format("{}, {} in use", count(*facts_.descriptors_system), count(used)));
        if (!needs_) {
            return;
        }
        const auto needed = sockets_of(*needs_) + spare_descriptors_of_the_system;
        finding.needed = count(needed);
        if (*facts_.descriptors_system < used + needed) {
            blame(finding, Health::bad, fmt::format("sysctl -w fs.file-max={}", used + needed));
        }
    }

    void ports() {
        const std::uint64_t ports = facts_.last_port - facts_.first_port + 1;
        auto& finding = add("ports", fmt::format("{} for each source address and target", count(ports)));
        if (!needs_) {
            return;
        }
        const std::uint64_t fleet = needs_->scenario->lot().fleet.equipments;
        const std::uint64_t addresses = needs_->source_addresses > 0 ? needs_->source_addresses
                                        : needs_->loopback           ? needs_->plan.sizing.source_addresses
                                                                     : 1;
        finding.needed = fmt::format("{} on {} source address{}", count((fleet + addresses - 1) / addresses),
                                     count(addresses), addresses == 1 ? "" : "es");
        if (fleet > addresses * ports) {
            const auto wanted = (fleet + ports - 1) / ports;
            blame(finding, Health::bad,
                  fmt::format(
                      "--source-address with {} addresses in all   (ip addr add gives a network card more addresses){}",
                      wanted,
                      fleet <= addresses * 64'000 ? "; or sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"" : ""));
            if (needs_->on_one_address) {
                blame(finding, Health::bad,
                      "or a target at 127.0.0.1, for which portillon uses as many source addresses as needed");
            }
        }
    }

    void accept_backlog() {
        if (!facts_.accept_backlog) {
            return;
        }
        auto& finding = add("accept backlog", count(*facts_.accept_backlog));
        auto needed = least_backlog;
        if (needs_ && needs_->server == plan::Server::embedded) {
            const auto& fleet = needs_->scenario->lot().fleet;
            const auto* by_rate = std::get_if<plan::StartByRate>(&fleet.start);
            const auto at_once = by_rate != nullptr ? by_rate->rate.per_second * accept_pause_s
                                                    : std::get<plan::StartBySteps>(fleet.start).step;
            needed = std::max(needed,
                              static_cast<std::uint64_t>(std::ceil(std::min<double>(at_once, fleet.equipments) /
                                                                   std::max(1U, needs_->plan.sizing.server_shards))));
            finding.needed = fmt::format("{} at each server process", count(needed));
        }
        if (*facts_.accept_backlog < needed) {
            blame(finding, Health::doubtful,
                  fmt::format("sysctl -w net.core.somaxconn={0} net.ipv4.tcp_max_syn_backlog={0}",
                              std::max<std::uint64_t>(4096, needed)));
        }
    }

    // The worst case is a server that stalls: then every equipment's window is full, and its bytes lie in socket
    // buffers.
    void tcp_memory() {
        if (!facts_.tcp_memory) {
            return;
        }
        auto& finding = add("memory of all TCP sockets", humanize(*facts_.tcp_memory));
        if (!needs_) {
            return;
        }
        const auto& scenario = *needs_->scenario;
        const std::uint64_t window = std::uint64_t{scenario.lot().delivery.in_flight} *
                                     scenario.lot().delivery.batch.max * scenario.lot().traffic.payload.bytes.count;
        const auto of_one = std::min(most_kernel_bytes_per_connection,
                                     static_cast<std::uint64_t>(static_cast<double>(window) * kernel_bytes_per_byte));
        const Bytes worst{of_one * scenario.lot().fleet.equipments};
        finding.needed = fmt::format("{} if the server stalls with every window full", humanize(worst));
        if (worst > *facts_.tcp_memory) {
            const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
            const auto pages = worst.count / page + 1;
            blame(finding, Health::doubtful,
                  fmt::format("sysctl -w net.ipv4.tcp_mem=\"{} {} {}\"; or a smaller delivery.in_flight or batch.max",
                              pages / 2, pages * 3 / 4, pages));
        }
    }

    void tracking() {
        if (!facts_.tracked_most || *facts_.tracked_most == 0) {
            add("connection tracking", "none");
            return;
        }
        const auto now = facts_.tracked_now.value_or(0);
        auto& finding =
            add("connection tracking", fmt::format("{} connections, {} now", count(*facts_.tracked_most), count(now)));
        if (!needs_) {
            return;
        }
        // Twice the fleet, since connections of an earlier run may still be tracked in TIME_WAIT.
        const std::uint64_t needed = std::uint64_t{needs_->scenario->lot().fleet.equipments} * 2;
        finding.needed = count(needed);
        if (*facts_.tracked_most < now + needed) {
            const bool hopeless = *facts_.tracked_most < now + needs_->scenario->lot().fleet.equipments;
            blame(finding, hopeless ? Health::bad : Health::doubtful,
                  fmt::format("sysctl -w net.netfilter.nf_conntrack_max={}", now + needed));
        }
    }

    void memory() {
        auto& finding = add("memory", humanize(facts_.memory_available) + " available");
        if (!needs_) {
            return;
        }
        // If the server runs elsewhere, this machine has only one end of each connection, and no ledger.
        const bool embedded = needs_->server == plan::Server::embedded;
        const Bytes ledger{embedded ? needs_->plan.ledger.count : 0};
        const std::uint64_t fleet = needs_->scenario->lot().fleet.equipments;
        const Bytes needed{fleet * bytes_per_connection / (embedded || needs_->loopback ? 1 : 2) + ledger.count};
        finding.needed = embedded ? fmt::format("{} at most, {} of it for the record of what arrives", humanize(needed),
                                                humanize(ledger))
                                  : humanize(needed) + " at most";
        if (needed > facts_.memory_available) {
            blame(finding, Health::bad, "fewer equipments (--equipments), or a larger machine");
        }
    }

    void cores() {
        auto& finding = add("cores", fmt::format("{}", facts_.cores));
        if (facts_.cores_allowed && *facts_.cores_allowed < facts_.cores) {
            finding.there += fmt::format(", of which the control group allows {:.1f}", *facts_.cores_allowed);
            blame(finding, Health::doubtful, "raise cpu.max: a quota stops every process for a part of each 100 ms");
        }
        if (!needs_) {
            return;
        }
        const double busy =
            needs_->plan.busy_cores / (needs_->loopback ? 1 : 2);  // the plan's figure is for both sides
        finding.needed = fmt::format("about {} busy at the peak", humanize_count(busy));
        const double there = std::min<double>(facts_.cores, facts_.cores_allowed.value_or(facts_.cores));
        if (busy > there * scenario::busiest_useful_share) {
            blame(finding, Health::doubtful,
                  "a lower rate, larger batches (delivery.batch), or more cores: above 70 % the tool itself is late");
        }
    }

    void governor() {
        auto& finding = add("frequency governor", facts_.governor.empty() ? "not visible" : facts_.governor);
        if (facts_.governor == "powersave" || facts_.governor == "conservative" || facts_.governor == "ondemand") {
            blame(finding, Health::doubtful, "cpupower frequency-set -g performance");
        }
    }

    void clock_source() {
        auto& finding = add("clock source", facts_.clock_source.empty() ? "unknown" : facts_.clock_source);
        // Reading these clocks means reading a device: it takes microseconds, and several times for each message.
        if (facts_.clock_source == "hpet" || facts_.clock_source == "acpi_pm") {
            blame(finding, Health::doubtful,
                  "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource");
        }
    }

    Finding& add(std::string what, std::string there) {
        findings_.push_back({Health::good, std::move(what), std::move(there), "", ""});
        return findings_.back();
    }

    static void blame(Finding& finding, Health health, std::string remedy) {
        finding.health = std::max(finding.health, health);
        finding.remedy += (finding.remedy.empty() ? "" : "; ") + remedy;
    }

    const MachineFacts& facts_;
    const std::optional<Needs>& needs_;
    std::vector<Finding> findings_;
};

const char* name_of(Health health) {
    switch (health) {
        case Health::good:
            return "ok";
        case Health::doubtful:
            return "WARN";
        case Health::bad:
            break;
    }
    return "FAIL";
}

}  // namespace

MachineFacts look() {
    MachineFacts facts;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    facts.descriptors_soft = limit.rlim_cur;
    facts.descriptors_hard = limit.rlim_max;
    facts.descriptors_system = number_in("/proc/sys/fs/file-max");
    facts.descriptors_in_use = number_in("/proc/sys/fs/file-nr");
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> facts.first_port >> facts.last_port;
    facts.accept_backlog = number_in("/proc/sys/net/core/somaxconn");
    std::uint64_t low = 0;
    std::uint64_t pressure = 0;
    std::uint64_t most = 0;
    if (std::ifstream("/proc/sys/net/ipv4/tcp_mem") >> low >> pressure >> most) {
        facts.tcp_memory = Bytes{most * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
    }
    facts.tracked_most = number_in("/proc/sys/net/netfilter/nf_conntrack_max");
    facts.tracked_now = number_in("/proc/sys/net/netfilter/nf_conntrack_count");
    facts.memory_available = memory_available();
    facts.cores = host::cores();
    double quota_us = 0;
    double period_us = 0;
    if (std::ifstream("/sys/fs/cgroup/cpu.max") >> quota_us >> period_us && period_us > 0) {
        facts.cores_allowed = quota_us / period_us;
    }
    facts.governor = first_word<std::string>("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").value_or("");
    facts.clock_source =
        first_word<std::string>("/sys/devices/system/clocksource/clocksource0/current_clocksource").value_or("");
    return facts;
}

plan::Machine machine_of(const MachineFacts& facts) {
    return {.descriptor_limit = static_cast<unsigned>(std::min<std::uint64_t>(facts.descriptors_hard, 1 << 30)),
            .cores = facts.cores,
            .ports_per_address = facts.last_port - facts.first_port + 1};
}

Needs needs_of(const scenario::Scenario& scenario, unsigned descriptors_per_session, plan::Server server,
               const MachineFacts& facts) {
    constexpr std::size_t few_rows = 2;  // the plan's rows are not used here
    return {&scenario, scenario::plan(scenario, descriptors_per_session, server, machine_of(facts), few_rows), server};
}

Needs needs_of(const Order& order, const MachineFacts& facts) {
    const auto options = order.scenario.protocols.find(order.protocol->name);
    const auto traits =
        order.protocol->traits(options == order.scenario.protocols.end() ? nlohmann::json::object() : options->second);
    auto needs = needs_of(order.scenario, traits.descriptors_per_session,
                          order.target ? plan::Server::foreign : plan::Server::embedded, facts);
    if (order.target) {
        const auto& at = order.target->at;
        needs.loopback = std::all_of(at.begin(), at.end(), net::is_this_machine);
        needs.on_one_address = std::all_of(at.begin(), at.end(), [](const auto& each) {
            return net::is_loopback(each) && !net::is_loopback_v4(each);
        });
    }
    if (order.target || !order.source_addresses.empty()) {
        const net::Endpoint embedded(boost::asio::ip::address_v4::loopback(), 1);
        needs.source_addresses = source_addresses_of(
            plan_routes(order.target.value_or(net::located({}, embedded)), order.source_addresses,
                        order.scenario.lot().fleet.equipments, machine_of(facts).ports_per_address));
    }
    auto& sizing = needs.plan.sizing;
    if (order.shards > 0) {
        needs.shards_wanted = order.shards < sizing.generator_shards ? sizing.generator_shards : 0;
        sizing.generator_shards = order.shards;
        const std::uint64_t sessions =
            (std::uint64_t{order.scenario.lot().fleet.equipments} + order.shards - 1) / order.shards;
        sizing.generator_descriptors = sessions * traits.descriptors_per_session + plan::spare_descriptors;
    }
    return needs;
}

std::vector<Finding> examine(const MachineFacts& facts, const std::optional<Needs>& needs) {
    return Examination(facts, needs).all();
}

std::string format_findings(const std::vector<Finding>& findings) {
    std::size_t what_width = 0;
    for (const auto& finding : findings) {
        what_width = std::max(what_width, finding.what.size());
    }
    std::string text;
    for (const auto& finding : findings) {
        text += fmt::format("{:<4}  {:<{}}  {}{}\n", name_of(finding.health), finding.what, what_width, finding.there,
                            finding.needed.empty() ? "" : "; needed: " + finding.needed);
        if (!finding.remedy.empty()) {
            text += fmt::format("      {:<{}}  -> {}\n", "", what_width, finding.remedy);
        }
    }
    return text;
}

bool can_run(const std::vector<Finding>& findings) {
    return std::none_of(findings.begin(), findings.end(),
                        [](const Finding& finding) { return finding.health == Health::bad; });
}

}  // namespace portillon::run
