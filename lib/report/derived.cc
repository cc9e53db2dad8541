#include "report/derived.h"

#include <algorithm>

#include "report/intervals.h"

namespace portillon::report {

namespace {

std::optional<double> quotient(std::optional<double> dividend, std::optional<double> divisor) {
    return dividend && divisor && *divisor > 0 ? std::optional(*dividend / *divisor) : std::nullopt;
}

std::optional<double> product(std::optional<double> a, std::optional<double> b) {
    return a && b ? std::optional(*a * *b) : std::nullopt;
}

std::optional<double> sum(std::optional<double> a, std::optional<double> b) {
    return a && b ? std::optional(*a + *b) : std::nullopt;
}

std::optional<double> bytes_of(const RunReport& run) {
    return sum(run.wire.bytes_sent, run.wire.bytes_received);
}

}  // namespace

std::optional<double> cores_of(const RunReport& run, const account::Side& side) {
    const auto& resources = run.resources.*side.member;
    return resources ? quotient(resources->cpu_s, length_of(run)) : std::nullopt;
}

std::optional<double> network_bytes_per_s(const RunReport& run) {
    return quotient(bytes_of(run), length_of(run));
}

std::optional<double> tcp_ip_bytes_per_validation(const RunReport& run) {
    constexpr double header_bytes = 52;
    constexpr double most_bytes_of_a_packet = 1'448;
    const auto validations = quotient(bytes_of(run), run.wire.bytes_per_validation);
    if (!validations || !run.counts.sent_batches) {
        return std::nullopt;
    }
    const auto batches = static_cast<double>(*run.counts.sent_batches);
    const double sent = std::max(batches, *run.wire.bytes_sent / most_bytes_of_a_packet);
    const double received = std::max(batches, *run.wire.bytes_received / most_bytes_of_a_packet);
    return quotient((sent + received) * header_bytes, validations);
}

std::optional<double> rate_of_each(const RunReport& run) {
    const auto equipments = run.counts.equipments;
    return quotient(run.throughput.due_per_s,
                    equipments ? std::optional(static_cast<double>(*equipments)) : std::nullopt);
}

Needs needs_of(const RunReport& run, double equipments) {
    constexpr double us_per_s = 1e6;
    constexpr double seconds_of_a_month = 30.0 * 24 * 60 * 60;
    const auto rate = product(rate_of_each(run), equipments);
    Needs needs;
    if (const auto& server = run.resources.server) {
        needs.cores = product(rate, quotient(server->cpu_us_per_validation, us_per_s));
        // The processes' own size does not grow with the fleet.
        const double own = std::max(0.0, server->rss_bytes.value_or(0) - server->rss_growth_bytes.value_or(0));
        needs.memory_bytes =
            sum(product(server->rss_bytes_per_equipment, equipments), server->rss_growth_bytes ? own : 0);
    }
    needs.bytes_per_month = product(product(rate, sum(run.wire.bytes_per_validation, tcp_ip_bytes_per_validation(run))),
                                    seconds_of_a_month);
    return needs;
}

}  // namespace portillon::report
