#include "run/result_message.h"

#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

using Counts = std::map<std::string, std::uint64_t>;

void write_counts(const Counts& counts, google::protobuf::RepeatedPtrField<v1::Counted>& into) {
    for (const auto& [name, count] : counts) {
        auto& counted = *into.Add();
        counted.set_name(name);
        counted.set_count(count);
    }
}

Counts read_counts(const google::protobuf::RepeatedPtrField<v1::Counted>& from) {
    Counts counts;
    for (const auto& counted : from) {
        counts[counted.name()] += counted.count();
    }
    return counts;
}

bool read_histogram(const std::string& packed, stats::Histogram& into) {
    auto histogram = stats::unpack(packed);
    if (histogram) {
        into = std::move(*histogram);
    }
    return static_cast<bool>(histogram);
}

}  // namespace

void write_result(const fleet::Result& result, v1::Result& into) {
    into.set_generated(result.tally.generated);
    into.set_acknowledged(result.tally.acknowledged);
    into.set_rejected(result.tally.rejected);
    into.set_discarded(result.tally.discarded);
    into.set_unacknowledged(result.tally.unacknowledged);
    into.set_cached(result.tally.cached);
    into.set_retries(result.tally.retries);
    into.set_sent_batches(result.tally.sent_batches);
    into.set_measured_generated(result.measured_generated);
    into.set_measured_acknowledged(result.measured_acknowledged);
    into.set_sent_late(result.sent_late);
    into.set_response(stats::pack(result.response));
    into.set_service(stats::pack(result.service));
    into.set_lateness(stats::pack(result.lateness));
    into.set_connect(stats::pack(result.connect));
    into.set_generator_lag(stats::pack(result.generator_lag));
    for (const auto& generated : result.generated) {
        into.add_equipments(number_of(generated.equipment));
        into.add_generated_by_equipment(generated.count);
    }
    for (const auto& exception : result.exceptions) {
        auto& message = *into.add_exceptions();
        message.set_equipment(number_of(exception.equipment));
        message.set_first(exception.first);
        message.set_last(exception.last);
        message.set_state(static_cast<std::uint32_t>(exception.state));
    }
    into.set_connects(result.connects);
    into.set_reconnects(result.reconnects);
    into.set_connected_max(result.connected_max);
    write_counts(result.connect_failures, *into.mutable_connect_failures());
    write_counts(result.errors, *into.mutable_errors());
    into.set_interval_ns(static_cast<std::uint64_t>(result.series.width.count()));
    for (const auto& interval : result.series.intervals) {
        auto& message = *into.add_intervals();
        message.set_due(interval.due);
        message.set_acknowledged(interval.acknowledged);
        message.set_connected(interval.connected);
        message.set_in_flight(interval.in_flight);
        message.set_cached(interval.cached);
        message.set_response(interval.response);
    }
}

std::optional<fleet::Result> read_result(const v1::Result& message) {
    fleet::Result result;
    result.tally = {message.generated(),      message.acknowledged(), message.rejected(), message.discarded(),
                    message.unacknowledged(), message.cached(),       message.retries(),  message.sent_batches()};
    result.measured_generated = message.measured_generated();
    result.measured_acknowledged = message.measured_acknowledged();
    result.sent_late = message.sent_late();
    if (!read_histogram(message.response(), result.response) || !read_histogram(message.service(), result.service) ||
        !read_histogram(message.lateness(), result.lateness) || !read_histogram(message.connect(), result.connect) ||
        !read_histogram(message.generator_lag(), result.generator_lag) ||
        message.equipments_size() != message.generated_by_equipment_size()) {
        return std::nullopt;
    }
    for (int i = 0; i < message.equipments_size(); ++i) {
        result.generated.push_back({EquipmentId{message.equipments(i)}, message.generated_by_equipment(i)});
    }
    for (const auto& exception : message.exceptions()) {
        result.exceptions.push_back({EquipmentId{exception.equipment()}, exception.first(), exception.last(),
                                     static_cast<fleet::State>(exception.state())});
    }
    result.connects = message.connects();
    result.reconnects = message.reconnects();
    result.connected_max = message.connected_max();
    result.connect_failures = read_counts(message.connect_failures());
    result.errors = read_counts(message.errors());
    result.series.width = Nanos{static_cast<std::int64_t>(message.interval_ns())};
    for (const auto& interval : message.intervals()) {
        result.series.intervals.push_back({interval.due(), interval.acknowledged(), interval.connected(),
                                           interval.in_flight(), interval.cached(), interval.response()});
    }
    return result;
}

}  // namespace portillon::run
