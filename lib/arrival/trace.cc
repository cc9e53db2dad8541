#include "arrival/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/check.h"
#include "base/random.h"

namespace portillon::arrival {

namespace {

constexpr std::size_t most_problems = 20;
constexpr std::uint64_t most_seconds = 366 * 86'400ULL;  // no run is longer than a year

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// Reads "12", "0.25", ".5" by their digits, because a double cannot hold a year in nanoseconds.
std::optional<Nanos> parse_seconds(std::string_view text) {
    const auto point = std::min(text.find('.'), text.size());
    const auto whole = text.substr(0, point);
    const auto decimals = point < text.size() ? text.substr(point + 1) : std::string_view{};
    const auto digits = [](std::string_view part) {
        return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (whole.size() + decimals.size() == 0 || !digits(whole) || !digits(decimals)) {
        return std::nullopt;
    }
    std::uint64_t whole_seconds = 0;
    if (!whole.empty() && std::from_chars(whole.data(), whole.data() + whole.size(), whole_seconds).ec != std::errc{}) {
        return std::nullopt;
    }
    if (whole_seconds > most_seconds) {
        return std::nullopt;
    }
    std::uint64_t nanos = whole_seconds * 1'000'000'000;
    std::uint64_t unit = 100'000'000;
    for (std::size_t i = 0; i < decimals.size() && unit > 0; ++i, unit /= 10) {
        nanos += static_cast<std::uint64_t>(decimals[i] - '0') * unit;
    }
    return Nanos{static_cast<std::int64_t>(nanos)};
}

class Reader {
public:
    Reader(const std::string& source, std::uint32_t equipments) : source_(source), equipments_(equipments) {}

    void read(std::string_view text) {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        if (text.starts_with(byte_order_mark)) {
            text.remove_prefix(byte_order_mark.size());
        }
        for (int line = 1; !text.empty(); ++line) {
            const auto end = std::min(text.find('\n'), text.size());
            read_line(trimmed(text.substr(0, end)), line);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (rows_.size() > max_trace_rows) {
                say(line, fmt::format("too many rows (allowed: {})", max_trace_rows));
                return;
            }
        }
        if (rows_.empty() && wrong_ == 0) {
            say(0, "has no rows (allowed: lines such as 12.5 or 12.5,7: seconds since T0, and the equipment)");
        }
    }

    Checked<Trace> result() {
        if (wrong_ > problems_.size()) {
            say_anyway(0, fmt::format("{} more lines are wrong", wrong_ - problems_.size()));
        }
        if (!problems_.empty()) {
            return std::move(problems_);
        }
        deal_out();
        return Trace(std::move(rows_), equipments_);
    }

private:
    void read_line(std::string_view line, int number) {
        if (line.empty() || line.front() == '#') {
            return;
        }
        const auto comma = std::min(line.find(','), line.size());
        const auto when = trimmed(line.substr(0, comma));
        const auto who = comma < line.size() ? trimmed(line.substr(comma + 1)) : std::string_view{};
        if (!begun_) {
            begun_ = true;
            if (when == "seconds" && (who.empty() || who == "equipment")) {
                return;
            }
        }
        const auto due = parse_seconds(when);
        if (!due) {
            say(number, fmt::format("'{}' is no number of seconds since T0 (allowed: such as 12 or 0.25, up to a year)",
                                    when.substr(0, 40)));
            return;
        }
        std::uint32_t equipment = 0;
        if (!who.empty()) {
            const auto [end, error] = std::from_chars(who.data(), who.data() + who.size(), equipment);
            if (error != std::errc{} || end != who.data() + who.size() || equipment < 1 || equipment > equipments_) {
                say(number, fmt::format("'{}' is no equipment of this fleet (allowed: 1 to {})", who.substr(0, 40),
                                        equipments_));
                return;
            }
        }
        rows_.push_back({*due, EquipmentId{equipment}});
    }

    void deal_out() {
        std::stable_sort(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) { return a.due < b.due; });
        std::uint32_t turn = 0;
        for (auto& row : rows_) {
            if (number_of(row.equipment) == 0) {
                row.equipment = EquipmentId{turn + 1};
                turn = (turn + 1) % equipments_;
            }
        }
    }

    void say(int line, std::string message) {
        ++wrong_;
        if (problems_.size() < most_problems) {
            say_anyway(line, std::move(message));
        }
    }
    void say_anyway(int line, std::string message) { problems_.push_back({source_, line, "", std::move(message)}); }

    const std::string& source_;
    std::uint32_t equipments_;
    bool begun_ = false;
    std::vector<Trace::Row> rows_;  // equipment 0: to be dealt out
    Problems problems_;
    std::size_t wrong_ = 0;
};

}  // namespace

Trace::Trace(std::vector<Row> rows, std::uint32_t equipments) : begins_(equipments + std::size_t{1}) {
    // Counting sort by equipment; then each equipment's rows by time.
    for (const auto& row : rows) {
        const auto number = number_of(row.equipment);
        check(number >= 1 && number <= equipments, "an equipment of the fleet");
        check(row.due >= Nanos{0}, "due at T0 or later");
        ++begins_[number];
        last_ = std::max(last_, row.due);
    }
    for (std::size_t i = 1; i < begins_.size(); ++i) {
        begins_[i] += begins_[i - 1];
    }
    dues_.resize(rows.size());
    auto next = begins_;
    for (const auto& row : rows) {
        dues_[next[number_of(row.equipment) - 1]++] = row.due;
    }
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
        std::sort(dues_.begin() + static_cast<std::ptrdiff_t>(begins_[i]),
                  dues_.begin() + static_cast<std::ptrdiff_t>(begins_[i + 1]));
    }
}

std::span<const Nanos> Trace::of(EquipmentId equipment) const {
    const auto number = number_of(equipment);
    check(number >= 1 && number < begins_.size(), "an equipment of the fleet");
    return std::span(dues_).subspan(begins_[number - 1], begins_[number] - begins_[number - 1]);
}

std::size_t Trace::count_from(Nanos instant) const {
    return static_cast<std::size_t>(
        std::count_if(dues_.begin(), dues_.end(), [instant](Nanos due) { return due >= instant; }));
}

Trace::Second Trace::busiest_second() const {
    std::vector<std::uint32_t> counts(static_cast<std::size_t>(last_ / 1s) + 1);
    for (const auto due : dues_) {
        ++counts[static_cast<std::size_t>(due / 1s)];
    }
    const auto most = std::max_element(counts.begin(), counts.end());
    return {1s * (most - counts.begin()), *most};
}

std::size_t Trace::busiest() const {
    std::size_t most = 0;
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
        most = std::max(most, begins_[i + 1] - begins_[i]);
    }
    return most;
}

std::uint64_t Trace::fingerprint() const {
    std::uint64_t print = begins_.size();
    for (const auto begin : begins_) {
        print = scatter(print, begin);
    }
    for (const auto due : dues_) {
        print = scatter(print, static_cast<std::uint64_t>(due.count()));
    }
    return print;
}

std::string to_csv(const Trace& trace) {
    std::string text;
    for (std::uint32_t id = 1; id <= trace.equipments(); ++id) {
        for (const auto due : trace.of(EquipmentId{id})) {
            fmt::format_to(std::back_inserter(text), "{}.{:09},{}\n", due.count() / 1'000'000'000,
                           due.count() % 1'000'000'000, id);
        }
    }
    return text;
}

Checked<Trace> parse_trace(std::string_view text, const std::string& source, std::uint32_t equipments) {
    check(equipments >= 1, "a fleet has at least one equipment");
    Reader reader(source, equipments);
    reader.read(text);
    return reader.result();
}

}  // namespace portillon::arrival
