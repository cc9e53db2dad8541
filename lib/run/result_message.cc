#include "run/result_message.h"

#include <algorithm>

#include "stats/histogram_codec.h"

namespace portillon::run {

namespace {

using ByName = std::map<std::string, std::uint64_t>;

void write_by_name(const ByName& counts, google::protobuf::RepeatedPtrField<v1::Counted>& into) {
    for (const auto& [name, count] : counts) {
        auto& counted = *into.Add();
        counted.set_name(name);
        counted.set_count(count);
    }
}

ByName read_by_name(const google::protobuf::RepeatedPtrField<v1::Counted>& from) {
    ByName counts;
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

void write_counts(const account::Counts& counts, google::protobuf::RepeatedField<std::uint64_t>& into) {
    for (const auto& figure : account::count_figures) {
        into.Add(counts.*figure.count);
    }
}

bool read_counts(const google::protobuf::RepeatedField<std::uint64_t>& from, account::Counts& into) {
    if (from.size() != static_cast<int>(account::count_figures.size())) {
        return false;
    }
    for (int i = 0; i < from.size(); ++i) {
        into.*account::count_figures[static_cast<std::size_t>(i)].count = from[i];
    }
    return true;
}

void write_result(const fleet::Result& result, v1::Result& into) {
    write_counts(result.counts, *into.mutable_counts());
    for (const auto& part : result.parts) {
        auto& message = *into.add_parts();
        message.set_measured(part.measure == arrival::Measure::on);
        write_counts(part.counts, *message.mutable_counts());
        for (const auto histogram : fleet::timings) {
            message.add_timings(stats::pack(part.*histogram));
        }
    }
    into.set_sent_late(result.sent_late);
    into.set_connect(stats::pack(result.connect));
    into.set_generator_lag(stats::pack(result.generator_lag));
    for (const auto& generated : result.generated) {
        into.add_equipments(number_of(generated.equipment));
        into.add_generated_by_equipment(generated.count);
        for (const auto count : generated.by_segment) {
            into.add_closed_generated(count);
        }
    }
    for (const auto& exception : result.exceptions) {
        auto& message = *into.add_exceptions();
        message.set_equipment(number_of(exception.equipment));
        message.set_first(exception.first);
        message.set_last(exception.last);
        message.set_state(static_cast<std::uint32_t>(exception.state));
    }
    into.set_connecting_ns(static_cast<std::uint64_t>(result.connecting.count()));
    write_by_name(result.connect_failures, *into.mutable_connect_failures());
    write_by_name(result.errors, *into.mutable_errors());
    for (const auto& [cause, words] : result.server_said) {
        auto& said = *into.add_server_said();
        said.set_cause(cause);
        said.set_words(words);
    }
    into.set_interval_ns(static_cast<std::uint64_t>(result.series.width.count()));
    into.set_series_end_ns(static_cast<std::uint64_t>(result.series.end.count()));
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

void write_injected(std::span<const net::Injected> injected, v1::Result& into) {
    for (const auto& one : injected) {
        auto& message = *into.add_injected();
        message.set_connections(one.connections);
        message.set_dials_refused(one.dials_refused);
        message.set_dials_hung(one.dials_hung);
    }
}

void add_injected(const v1::Result& message, std::vector<net::Injected>& sum) {
    const auto& list = message.injected();
    sum.resize(std::max(sum.size(), static_cast<std::size_t>(list.size())));
    for (int i = 0; i < list.size(); ++i) {
        auto& into = sum[static_cast<std::size_t>(i)];
        into.connections += list[i].connections();
        into.dials_refused += list[i].dials_refused();
        into.dials_hung += list[i].dials_hung();
    }
}

std::optional<fleet::Result> read_result(const v1::Result& message) {
    fleet::Result result;
    if (!read_counts(message.counts(), result.counts)) {
        return std::nullopt;
    }
    result.sent_late = message.sent_late();
    for (const auto& part : message.parts()) {
        auto& into = result.parts.emplace_back();
        into.measure = part.measured() ? arrival::Measure::on : arrival::Measure::off;
        if (!read_counts(part.counts(), into.counts) ||
            part.timings_size() != static_cast<int>(fleet::timings.size())) {
            return std::nullopt;
        }
        for (std::size_t i = 0; i < fleet::timings.size(); ++i) {
            if (!read_histogram(part.timings(static_cast<int>(i)), into.*fleet::timings[i])) {
                return std::nullopt;
            }
        }
    }
    fleet::add_up(result);
    const int closed_parts = message.closed_generated_size() == 0 ? 0 : message.parts_size();
    if (!read_histogram(message.connect(), result.connect) ||
        !read_histogram(message.generator_lag(), result.generator_lag) ||
        message.equipments_size() != message.generated_by_equipment_size() ||
        message.closed_generated_size() != message.equipments_size() * closed_parts) {
        return std::nullopt;
    }
    auto closed = message.closed_generated().begin();
    for (int i = 0; i < message.equipments_size(); ++i) {
        auto& generated = result.generated.emplace_back();
        generated = {.equipment = EquipmentId{message.equipments(i)}, .count = message.generated_by_equipment(i)};
        generated.by_segment.assign(closed, closed + closed_parts);
        closed += closed_parts;
    }
    for (const auto& exception : message.exceptions()) {
        if (exception.state() > static_cast<std::uint32_t>(fleet::State::cached)) {
            return std::nullopt;
        }
        result.exceptions.push_back({EquipmentId{exception.equipment()}, exception.first(), exception.last(),
                                     static_cast<fleet::State>(exception.state())});
    }
    result.connecting = Nanos{static_cast<std::int64_t>(message.connecting_ns())};
    result.connect_failures = read_by_name(message.connect_failures());
    result.errors = read_by_name(message.errors());
    for (const auto& said : message.server_said()) {
        result.server_said.emplace(said.cause(), said.words());
    }
    result.series.width = Nanos{static_cast<std::int64_t>(message.interval_ns())};
    result.series.end = Nanos{static_cast<std::int64_t>(message.series_end_ns())};
    for (const auto& interval : message.intervals()) {
        result.series.intervals.push_back({interval.due(), interval.acknowledged(), interval.connected(),
                                           interval.in_flight(), interval.cached(), interval.response()});
    }
    return result;
}

}  // namespace portillon::run
