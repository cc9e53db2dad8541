#include "live_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/clock.h"
#include "print.h"
#include "run/live_text.h"

namespace portillon::cmd {

namespace {

constexpr Nanos plain_every = 5s;

std::size_t terminal_columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

}  // namespace

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
        print(standard_error(), "{}\n",
              prefix_.empty() ? run::format_live(live) : prefix_ + " | " + run::format_live(live));
        shown_ = now;
        phase_ = live.phase;
    }
}

void LiveLine::redraw(const run::Live& live) {
    // A line that wraps could not be erased, and some terminals wrap a full one.
    const auto lines = run::format_live_lines(live, prefix_, terminal_columns() - 1);
    erase();
    std::string text;
    for (const auto& line : lines) {
        text += (text.empty() ? "" : "\n") + line;
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
