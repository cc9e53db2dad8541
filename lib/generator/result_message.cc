#include "generator/result_message.h"

#include <algorithm>
#include <utility>

#include "link/link.h"
#include "stats/histogram_codec.h"

namespace portillon::generator {

namespace {

namespace v1 = link::v1;

// A protobuf number takes at most ten bytes, and its tag one.
constexpr std::size_t most_bytes_of_a_number = 11;
// The most bytes that Pieces puts into one piece. The other half is for the members of every piece (counts, host
// facts).
constexpr std::size_t piece_bytes = link::max_message_bytes / 2;

// Fills messages one after the other and begins a new one when the last is full.
template <class Message>
class Pieces {
public:
    using Make = Message* (*)(v1::LinkMessage&);
    Pieces(std::vector<v1::LinkMessage>& into, Make make) : into_(into), make_(make) {}

    // The message at hand, or a new one if it has no room for `bytes` more. Valid until the next call.
    Message& room_for(std::size_t bytes) {
        if (current_ == nullptr || used_ + bytes > piece_bytes) {
            // The pointer stays valid when the vector grows: a submessage lives on the heap.
            current_ = make_(into_.emplace_back());
            used_ = 0;
        }
        used_ += bytes + most_bytes_of_a_number;
        return *current_;
    }

private:
    std::vector<v1::LinkMessage>& into_;
    Make make_;
    Message* current_ = nullptr;
    std::size_t used_ = 0;
};

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

std::vector<v1::LinkMessage> write_snapshot(const fleet::Snapshot& snapshot, fleet::Changes changes) {
    std::vector<v1::LinkMessage> messages;
    Pieces<v1::Snapshot> pieces(messages, [](v1::LinkMessage& message) { return message.mutable_snapshot(); });
    for (auto& part : changes.parts) {
        v1::PartSoFar changed;
        changed.set_segment(part.segment);
        write_counts(part.counts, *changed.mutable_counts());
        for (auto& packed : part.packed) {
            changed.add_timings(std::move(packed));
        }
        *pieces.room_for(changed.ByteSizeLong()).add_changed() = std::move(changed);
    }
    auto& last = pieces.room_for(changes.connect.size() + changes.generator_lag.size());
    last.set_connect(std::move(changes.connect));
    last.set_generator_lag(std::move(changes.generator_lag));
    for (auto& message : messages) {
        auto& into = *message.mutable_snapshot();
        write_counts(snapshot.counts, *into.mutable_counts());
        into.set_in_flight(snapshot.in_flight);
        into.set_cached(snapshot.cached);
        into.set_connected(snapshot.connected);
        into.set_errors(snapshot.errors);
        into.set_connect_failures(snapshot.connect_failures);
        into.set_response(snapshot.response);
    }
    return messages;
}

std::vector<v1::LinkMessage> write_result(const fleet::Result& result,
                                          std::span<const net::faults::Injected> injected) {
    std::vector<v1::LinkMessage> messages;
    Pieces<v1::Result> pieces(messages, [](v1::LinkMessage& message) { return message.mutable_result(); });
    {
        auto& into = pieces.room_for(0);
        write_counts(result.counts, *into.mutable_counts());
        into.set_sent_late(result.sent_late);
        into.set_connecting_ns(static_cast<std::uint64_t>(result.connecting.count()));
        into.set_interval_ns(static_cast<std::uint64_t>(result.series.width.count()));
        into.set_series_end_ns(static_cast<std::uint64_t>(result.series.end.count()));
        write_by_name(result.connect_failures, *into.mutable_connect_failures());
        write_by_name(result.errors, *into.mutable_errors());
    }
    auto connect = stats::pack(result.connect);
    pieces.room_for(connect.size()).set_connect(std::move(connect));
    auto lag = stats::pack(result.generator_lag);
    pieces.room_for(lag.size()).set_generator_lag(std::move(lag));
    for (const auto& part : result.parts) {
        v1::Part message;
        message.set_measured(part.measure == arrival::Measure::on);
        write_counts(part.counts, *message.mutable_counts());
        for (const auto histogram : fleet::timings) {
            message.add_timings(stats::pack(part.*histogram));
        }
        *pieces.room_for(message.ByteSizeLong()).add_parts() = std::move(message);
    }
    for (const auto& generated : result.generated) {
        auto& into = pieces.room_for(most_bytes_of_a_number * (2 + generated.by_segment.size()));
        into.add_equipments(number_of(generated.equipment));
        into.add_generated_by_equipment(generated.count);
        for (const auto count : generated.by_segment) {
            into.add_closed_generated(count);
        }
    }
    for (const auto& exception : result.exceptions) {
        auto& message = *pieces.room_for(5 * most_bytes_of_a_number).add_exceptions();
        message.set_equipment(number_of(exception.equipment));
        message.set_first(exception.first);
        message.set_last(exception.last);
        message.set_state(static_cast<std::uint32_t>(exception.state));
    }
    for (const auto& [cause, words] : result.server_said) {
        auto& said = *pieces.room_for(cause.size() + words.size()).add_server_said();
        said.set_cause(cause);
        said.set_words(words);
    }
    for (const auto& interval : result.series.intervals) {
        auto& message = *pieces.room_for(7 * most_bytes_of_a_number + interval.response.size()).add_intervals();
        message.set_due(interval.due);
        message.set_acknowledged(interval.acknowledged);
        message.set_connected(interval.connected);
        message.set_in_flight(interval.in_flight);
        message.set_cached(interval.cached);
        message.set_response(interval.response);
        message.set_errors(interval.errors);
    }
    for (const auto& one : injected) {
        auto& message = *pieces.room_for(4 * most_bytes_of_a_number).add_injected();
        message.set_connections(one.connections);
        message.set_dials_refused(one.dials_refused);
        message.set_dials_hung(one.dials_hung);
    }
    return messages;
}

void add_injected(const v1::Result& message, std::vector<net::faults::Injected>& sum) {
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
                                           interval.in_flight(), interval.cached(), interval.response(),
                                           interval.errors()});
    }
    return result;
}

}  // namespace portillon::generator
