#include "run_options.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/common.h>
#include <nghttp2/nghttp2ver.h>
#include <unistd.h>

#include <algorithm>
#include <boost/version.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "net/endpoint.h"
#include "protocols.h"
#include "version.h"

namespace portillon::cmd {

namespace {

run::Build this_build() {
    run::Build build;
    build.version = std::string(version());
    build.commit = std::string(commit());
#if defined(__clang__)
    build.compiler = fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    build.compiler = fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    build.build_type = PORTILLON_BUILD_TYPE;
    build.libraries = {
        {"boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
        {"nghttp2", NGHTTP2_VERSION},
        {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION)},
    };
    return build;
}

bool all_loopback(const net::Url& target) {
    const auto endpoint = net::resolve(target.host, target.port);
    return endpoint && net::is_loopback(*endpoint);
}

}  // namespace

void RunOptions::add_to(CLI::App& app, Target target) {
    if (target == Target::any) {
        app.add_option("--target", target_,
                       "Server to load, such as mqtt://host:1883, http://host:8080/path, grpc://host:50051; "
                       "without it the embedded reference server")
            ->type_name("URL");
        app.add_option("--ledger", ledger_, "Admin endpoint that can say what arrived at the target (http://host:9090)")
            ->type_name("URL");
    }
    app.add_option("--shards", shards_, "Generator processes; worked out from descriptors and cores by default")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    app.add_option("--source-address", source_addresses_, "Local addresses to connect from, in turn")
        ->type_name("ADDRESS");
    app.add_flag("--strict", strict_, "A suspect measurement fails, too (exit code 3)");
    app.add_flag("--yes", yes_, "Load a target that is not this machine without asking");
    app.add_flag("--quiet", quiet_, "No progress, only problems and the summary");
}

Checked<run::Order> RunOptions::order(const Loaded& loaded, const std::string& protocol,
                                      std::vector<std::string> command) const {
    Problems problems;
    run::Order order;
    order.scenario = loaded.scenario;
    order.compression = loaded.compression;
    order.workload_digest = loaded.workload_digest;
    order.shards = shards_;
    order.command = std::move(command);
    order.build = this_build();
    std::vector<std::string> names;
    for (const auto& kind : driver_kinds()) {
        names.push_back(kind.name);
        if (kind.name == protocol) {
            order.protocol = &kind;
        }
    }
    if (order.protocol == nullptr) {
        const auto near = did_you_mean(protocol, names);
        problems.push_back({"--protocol", 0, "",
                            fmt::format("{} (allowed: {}){}",
                                        protocol.empty() ? "none is named" : "unknown protocol '" + protocol + "'",
                                        fmt::join(names, ", "), near.empty() ? "" : "; did you mean " + near + "?")});
        return problems;
    }
    if (target_) {
        order.target = net::parse_url(*target_);
        if (!order.target) {
            problems.push_back(
                {"--target", 0, "", fmt::format("'{}' is not a URL (allowed: SCHEME://HOST:PORT[/PATH])", *target_)});
        } else if (order.target->scheme != order.protocol->scheme) {
            problems.push_back({"--target", 0, "",
                                fmt::format("'{}' does not fit protocol {} (allowed: {}://HOST:PORT)", *target_,
                                            protocol, order.protocol->scheme)});
        }
    }
    if (ledger_) {
        const auto url = net::parse_url(ledger_->find("://") == std::string::npos ? "http://" + *ledger_ : *ledger_);
        const auto endpoint = url ? net::resolve(url->host, url->port)
                                  : Result<net::Endpoint>(error_code{1, boost::system::system_category()});
        if (!url || url->scheme != "http") {
            problems.push_back(
                {"--ledger", 0, "", fmt::format("'{}' is not a URL (allowed: http://HOST:PORT)", *ledger_)});
        } else if (!endpoint) {
            problems.push_back(
                {"--ledger", 0, "", fmt::format("cannot resolve {}: {}", url->host, endpoint.error().message())});
        } else {
            order.ledger = *endpoint;
        }
        if (!target_) {
            problems.push_back({"--ledger", 0, "", "goes with --target: the embedded server has its own"});
        }
        if (const char* token = std::getenv("PORTILLON_ADMIN_TOKEN"); token != nullptr) {
            order.ledger_token = token;
        }
    }
    if (order.target && !order.scenario.faults.empty() && !order.ledger) {
        problems.push_back({"--target", 0, "", "the scenario has faults, which need the embedded server or --ledger"});
    }
    for (const auto& address : source_addresses_) {
        if (!net::parse_endpoint(address + ":0") && !net::parse_endpoint("[" + address + "]:0")) {
            problems.push_back({"--source-address", 0, "", fmt::format("'{}' is not an address", address)});
        }
    }
    order.source_addresses = source_addresses_;
    if (!problems.empty()) {
        return problems;
    }
    return order;
}

bool RunOptions::confirm(const Loaded& loaded, const std::string& protocols) const {
    const auto& scenario = loaded.scenario;
    const double peak = scenario::stages_of(scenario.traffic).peak_rate() * scenario.fleet.equipments;
    const bool closed = scenario.traffic.arrival.kind == arrival::Kind::closed;
    if (!quiet_) {
        fmt::print(stderr, "{}: {} equipments, {}, over {} to {}\n", scenario.name,
                   humanize_count(scenario.fleet.equipments),
                   closed ? "as fast as they are answered"
                          : fmt::format("at most {} validations/s together", humanize_count(peak)),
                   protocols, target_.value_or("the embedded server"));
    }
    const auto target = target_ ? net::parse_url(*target_) : std::nullopt;
    if (!target || yes_ || all_loopback(*target)) {
        return true;
    }
    if (::isatty(STDIN_FILENO) == 0) {
        fmt::print(stderr, "--target: {} is not this machine; say --yes if you may load it\n", *target_);
        return false;
    }
    fmt::print(stderr, "{} is not this machine. Load it? [y/N] ", *target_);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

std::vector<std::string> command_line() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');) {
        words.push_back(word);
    }
    if (!words.empty()) {
        words[0] = "portillon";
    }
    return words;
}

Exit exit_of(const report::RunReport& run, bool strict) {
    if (run.fleet.connects == 0) {
        return Exit::failed;
    }
    if (run.verdict.measurement == report::Measurement::invalid || !run.verdict.complete ||
        (strict && run.verdict.measurement == report::Measurement::suspect)) {
        return Exit::invalid;
    }
    const bool passed =
        std::all_of(run.thresholds.begin(), run.thresholds.end(), [](const auto& each) { return each.passed; });
    return passed ? Exit::passed : Exit::breached;
}

}  // namespace portillon::cmd
