#include "live_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "print.h"

namespace portillon::cmd {

namespace {

constexpr Nanos plain_every = 5s;

const char* name_of(run::Phase phase) {
    switch (phase) {
        case run::Phase::preparing:
            return "preparing";
        case run::Phase::connecting:
            return "connecting";
        case run::Phase::running:
            return "running";
        case run::Phase::draining:
            return "draining";
        case run::Phase::closing:
            return "closing";
        case run::Phase::reconciling:
            return "reconciling";
    }
    return "";
}

std::size_t terminal_columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

bool has_figures(const run::Live& live) {
    return live.phase == run::Phase::running || live.phase == run::Phase::draining;
}

std::string percentile(const std::optional<Nanos>& value) {
    return value ? humanize(*value) : "-";
}

std::string whole_count(std::uint64_t value) {
    return humanize_count(static_cast<double>(value));
}

// "running 12/30 s".
std::string progress_of(const run::Live& live) {
    std::string text = name_of(live.phase);
    if (has_figures(live)) {
        text += fmt::format(" {:.0f}", seconds(live.elapsed));
        if (live.phase == run::Phase::running && live.planned > 0ns) {
            text += fmt::format("/{:.0f}", seconds(live.planned));
        }
        text += " s";
    }
    return text;
}

// "valid so far", or the first problem.
std::string verdict_of(const run::Live& live) {
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

std::string reason_of(const run::Live& live) {
    return live.verdict.reasons.empty() ? "" : ": " + live.verdict.reasons.front();
}

// An ordinary count is one that every healthy run has. The live line shows any other count as soon as it is above 0.
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

// "3 in flight, 0 cached, 3 unanswered, 1 errors".
std::string waiting_of(const run::Live& live, const char* separator) {
    std::string text =
        fmt::format("{} in flight{}{} cached{}{}", whole_count(live.in_flight), separator, whole_count(live.cached),
                    separator, live.unanswered ? whole_count(*live.unanswered) + " unanswered" : "no answers");
    if (live.errors > 0) {
        text += fmt::format("{}{} errors", separator, whole_count(live.errors));
    }
    for (const auto& figure : account::count_figures) {
        const auto counted = live.counts.*figure.count;
        if (figure.known == account::Known::live && !is_ordinary(figure) && counted > 0) {
            text += fmt::format("{}{} {}", separator, whole_count(counted), words_of(figure.name));
        }
    }
    return text;
}

}  // namespace

std::string format_live(const run::Live& live) {
    if (!has_figures(live)) {
        return progress_of(live);
    }
    const auto rate = [](double per_s) { return humanize_count(per_s); };
    return fmt::format("{}, {}, {} connected, {} of {}/s, P50 {} P95 {} P99 {}, {}", progress_of(live),
                       verdict_of(live), whole_count(live.connected), rate(live.acknowledged_per_s),
                       rate(live.generated_per_s), percentile(live.response_p50), percentile(live.response_p95),
                       percentile(live.response_p99), waiting_of(live, ", "));
}

std::vector<std::string> format_live_lines(const run::Live& live) {
    if (!has_figures(live)) {
        return {progress_of(live)};
    }
    return {fmt::format("{} | connected {}/{} | due {}/s, answered {}/s | {}{}", progress_of(live),
                        whole_count(live.connected), whole_count(live.equipments), humanize_count(live.generated_per_s),
                        humanize_count(live.acknowledged_per_s), verdict_of(live), reason_of(live)),
            fmt::format("P50 {}, P95 {}, P99 {} | {}", percentile(live.response_p50), percentile(live.response_p95),
                        percentile(live.response_p99), waiting_of(live, " | "))};
}

LiveLine::Output LiveLine::output_of_stderr() {
    const char* const terminal = std::getenv("TERM");
    const bool moves = terminal != nullptr && std::string_view(terminal) != "dumb" && *terminal != '\0';
    return ::isatty(STDERR_FILENO) != 0 && moves ? Output::terminal : Output::plain;
}

LiveLine::~LiveLine() {
    erase();
}

void LiveLine::live(const run::Live& live) {
    if (output_ == Output::terminal) {
        redraw(live);
    }
    if (output_ != Output::plain) {
        return;
    }
    const Instant now = MonotonicClock{}.now();
    if (live.phase != phase_ || now >= shown_ + plain_every) {
        print(standard_error(), "{}\n", prefix_.empty() ? format_live(live) : prefix_ + " | " + format_live(live));
        shown_ = now;
        phase_ = live.phase;
    }
}

void LiveLine::redraw(const run::Live& live) {
    auto lines = format_live_lines(live);
    if (!prefix_.empty()) {
        lines.front() = prefix_ + " | " + lines.front();
    }
    erase();
    std::string text;
    for (auto& line : lines) {
        // A line that wraps could not be erased; one column is for the ellipsis.
        text += (text.empty() ? "" : "\n") + escape::terminal(line, terminal_columns() - 2);
    }
    standard_error().write(text);
    drawn_ = static_cast<unsigned>(lines.size());
}

void LiveLine::announce(std::string_view line) {
    if (output_ != Output::quiet) {
        warn(line);
    }
}

void LiveLine::warn(std::string_view line) {
    erase();
    print(standard_error(), "{}\n", line);
}

void LiveLine::erase() {
    for (; drawn_ > 0; --drawn_) {
        standard_error().write(drawn_ > 1 ? "\r\x1b[2K\x1b[1A" : "\r\x1b[2K");
    }
}

}  // namespace portillon::cmd
