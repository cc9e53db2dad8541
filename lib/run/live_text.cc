#include "run/live_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "escape/formats.h"
#include "escape/letters.h"

namespace portillon::run {

namespace {

constexpr std::size_t wide = 100;  // columns from which on the bar is longer

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::preparing:
            return "preparing";
        case Phase::connecting:
            return "connecting";
        case Phase::running:
            return "running";
        case Phase::draining:
            return "draining";
        case Phase::closing:
            return "closing";
        case Phase::reconciling:
            return "reconciling";
    }
    return "";
}

bool has_figures(const Live& live) {
    return live.phase == Phase::running || live.phase == Phase::draining;
}

std::string percentile(const std::optional<Nanos>& value) {
    return value ? humanize(*value) : "-";
}

std::string shown(std::uint64_t value) {
    return humanize_count(static_cast<double>(value));
}

// "running 12/30 s".
std::string progress_of(const Live& live) {
    std::string text = name_of(live.phase);
    if (has_figures(live)) {
        text += fmt::format(" {:.0f}", seconds(live.elapsed));
        if (live.phase == Phase::running && live.planned > 0ns) {
            text += fmt::format("/{:.0f}", seconds(live.planned));
        }
        text += " s";
    }
    return text;
}

// "valid so far", or the first problem.
std::string verdict_of(const Live& live) {
    switch (live.verdict.measurement) {
        case report::Measurement::valid:
            return "valid so far";
        case report::Measurement::suspect:
            return "SUSPECT so far";
        case report::Measurement::invalid:
            break;
    }
    return "INVALID";
}

// An ordinary count is one that every healthy run has. Any other count is shown as soon as it is above 0.
bool is_ordinary(const account::CountFigure& figure) {
    using account::Counts;
    return figure.count == &Counts::generated || figure.count == &Counts::acknowledged ||
           figure.count == &Counts::sent_batches || figure.count == &Counts::connects;
}

// "retries put off".
std::string words_of(std::string_view name) {
    std::string words(name);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

// A part of a line that is shown as a whole or not at all. The greater its rank, the sooner it is left out.
struct Item {
    unsigned rank;
    std::string text;
};

// "3 in flight", "0 cached", "3 unanswered", "1 errors", ...
std::vector<Item> waiting_of(const Live& live) {
    std::vector<Item> items{{2, shown(live.in_flight) + " in flight"},
                            {3, shown(live.cached) + " cached"},
                            {2, live.unanswered ? shown(*live.unanswered) + " unanswered" : "no answers"}};
    if (live.errors > 0) {
        items.push_back({1, shown(live.errors) + " errors"});
    }
    for (const auto& figure : account::count_figures) {
        const auto counted = live.counts.*figure.count;
        if (figure.known == account::Known::live && !is_ordinary(figure) && counted > 0) {
            items.push_back({4, fmt::format("{} {}", shown(counted), words_of(figure.name))});
        }
    }
    return items;
}

// "[####------]", or nothing if it is not known how long the phase lasts.
std::string bar_of(const Live& live, std::size_t cells) {
    const Nanos done = live.planned - live.left;
    if (live.planned <= 0ns || done < 0ns) {
        return {};
    }
    const auto full =
        std::min(cells, static_cast<std::size_t>(seconds(done) / seconds(live.planned) * static_cast<double>(cells)));
    return "[" + std::string(full, '#') + std::string(cells - full, '-') + "]";
}

std::size_t letters_in(std::string_view text) {
    std::size_t letters = 0;
    for (; !text.empty(); text.remove_prefix(escape::first_letter(text).size)) {
        ++letters;
    }
    return letters;
}

std::string joined(const std::vector<Item>& items) {
    std::string text;
    for (const auto& item : items) {
        text += (text.empty() ? "" : " | ") + item.text;
    }
    return text;
}

// Returns as many whole words as fit, with an ellipsis if there are more.
std::string whole_words(const std::string& text, std::size_t columns) {
    if (letters_in(text) <= columns) {
        return text;
    }
    auto end = text.size();
    while (end != std::string::npos && end > 0 && letters_in(std::string_view(text).substr(0, end)) + 4 > columns) {
        end = text.rfind(' ', end - 1);
    }
    return end == std::string::npos || end == 0 ? escape::terminal(text, columns) : text.substr(0, end) + " ...";
}

// The items in their order, without the least important ones if the line would be too long.
std::string line_of(std::vector<Item> items, std::size_t columns) {
    items.erase(std::remove_if(items.begin(), items.end(), [](const Item& item) { return item.text.empty(); }),
                items.end());
    for (auto& item : items) {
        item.text = escape::terminal(item.text);
    }
    while (items.size() > 1 && letters_in(joined(items)) > columns) {
        const auto least = std::max_element(items.rbegin(), items.rend(),
                                            [](const Item& a, const Item& b) { return a.rank < b.rank; });
        items.erase(std::next(least).base());
    }
    return whole_words(joined(items), columns);
}

// "18 s left".
std::string left_of(const Live& live) {
    return live.planned > 0ns && live.left > 0ns
               ? fmt::format("{}{:.0f} s left", live.phase == Phase::draining ? "at most " : "", seconds(live.left))
               : "";
}

// Returns the line on the run's place in time: its phase, its stage, its faults.
std::string line_of_time(const Live& live, const std::string& prefix, std::size_t columns) {
    std::vector<Item> items{{5, prefix},
                            {0, progress_of(live)},
                            {2, live.stage},
                            {4, bar_of(live, columns < wide ? 10 : 20)},
                            {1, left_of(live)}};
    for (std::size_t i = 0; i < live.faults.size(); ++i) {
        items.push_back({i == 0 ? 3U : 6U, live.faults[i]});
    }
    return line_of(std::move(items), columns);
}

}  // namespace

std::string format_live(const Live& live) {
    if (!has_figures(live)) {
        return progress_of(live);
    }
    const auto rate = [](double per_s) { return humanize_count(per_s); };
    auto text =
        fmt::format("{}, {}, {} connected, {} of {}/s, P50 {} P95 {} P99 {}", progress_of(live), verdict_of(live),
                    shown(live.connected), rate(live.acknowledged_per_s), rate(live.generated_per_s),
                    percentile(live.response_p50), percentile(live.response_p95), percentile(live.response_p99));
    for (const auto& item : waiting_of(live)) {
        text += ", " + item.text;
    }
    return text;
}

std::vector<std::string> format_live_lines(const Live& live, const std::string& prefix, std::size_t columns) {
    std::vector<std::string> lines{line_of_time(live, prefix, columns)};
    if (!has_figures(live)) {
        return lines;
    }
    const auto& reasons = live.verdict.reasons;
    lines.push_back(line_of({{1, fmt::format("connected {}/{}", shown(live.connected), shown(live.equipments))},
                             {0, fmt::format("due {}/s, answered {}/s", humanize_count(live.generated_per_s),
                                             humanize_count(live.acknowledged_per_s))},
                             {2, reasons.empty() ? verdict_of(live) : ""}},
                            columns));
    auto figures = waiting_of(live);
    figures.insert(figures.begin(), {0, fmt::format("P50 {}, P95 {}, P99 {}", percentile(live.response_p50),
                                                    percentile(live.response_p95), percentile(live.response_p99))});
    lines.push_back(line_of(std::move(figures), columns));
    if (!reasons.empty()) {
        lines.push_back(whole_words(escape::terminal(verdict_of(live) + ": " + reasons.front()), columns));
    }
    return lines;
}

}  // namespace portillon::run
