#include "live_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/clock.h"

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

std::string percentile(const std::optional<Nanos>& value) {
    return value ? humanize(*value) : "-";
}

}  // namespace

std::string format_live(const run::Live& live) {
    std::string text = name_of(live.phase);
    if (live.phase == run::Phase::running || live.phase == run::Phase::draining) {
        text += fmt::format(" {:.0f}", seconds(live.elapsed));
        if (live.phase == run::Phase::running && live.planned > 0ns) {
            text += fmt::format("/{:.0f}", seconds(live.planned));
        }
        text += fmt::format(" s | connected {}/{} | due {}/s answered {}/s | P50 {} P95 {} P99 {} | in flight {}",
                            humanize_count(static_cast<double>(live.connected)), humanize_count(live.equipments),
                            humanize_count(live.generated_per_s), humanize_count(live.acknowledged_per_s),
                            percentile(live.response_p50), percentile(live.response_p95), percentile(live.response_p99),
                            humanize_count(static_cast<double>(live.in_flight)));
        if (live.cached > 0) {
            text += fmt::format(" | cached {}", humanize_count(static_cast<double>(live.cached)));
        }
        if (live.errors > 0) {
            text += fmt::format(" | errors {}", humanize_count(static_cast<double>(live.errors)));
        }
    }
    return text;
}

LiveLine::Output LiveLine::output_for(bool quiet) {
    if (quiet) {
        return Output::quiet;
    }
    return ::isatty(STDERR_FILENO) != 0 ? Output::terminal : Output::plain;
}

LiveLine::~LiveLine() {
    erase();
}

void LiveLine::live(const run::Live& live) {
    if (output_ == Output::quiet) {
        return;
    }
    std::string text = prefix_.empty() ? format_live(live) : prefix_ + " | " + format_live(live);
    if (output_ == Output::terminal) {
        erase();
        text.resize(std::min(text.size(), terminal_columns() - 1));  // a line that wraps could not be erased
        std::fputs(text.c_str(), stderr);
        std::fflush(stderr);
        drawn_ = true;
        return;
    }
    const Instant now = MonotonicClock{}.now();
    if (live.phase != phase_ || now >= shown_ + plain_every) {
        fmt::print(stderr, "{}\n", text);
        shown_ = now;
        phase_ = live.phase;
    }
}

void LiveLine::announce(std::string_view line) {
    if (output_ != Output::quiet) {
        warn(line);
    }
}

void LiveLine::warn(std::string_view line) {
    erase();
    fmt::print(stderr, "{}\n", line);
}

void LiveLine::erase() {
    if (drawn_) {
        std::fputs("\r\x1b[2K", stderr);
        drawn_ = false;
    }
}

}  // namespace portillon::cmd
