#pragma once

// Shows the progress of a run on stderr: lines that update in place on a terminal, a plain line every few seconds
// elsewhere.

#include <string>
#include <string_view>

#include "run/progress.h"

namespace portillon::cmd {

class LiveLine final : public run::Progress {
public:
    // quiet: warnings only. announcements: single messages, too. plain, terminal: progress as well.
    enum class Output : std::uint8_t { quiet, announcements, plain, terminal };
    // `prefix` names the run among several ("2/6 http2"); may be empty.
    LiveLine(Output output, std::string prefix) : output_(output), prefix_(std::move(prefix)) {}
    ~LiveLine() override;  // erases what it has drawn

    void live(const run::Live& live) override;
    void announce(std::string_view line) override;
    void warn(std::string_view line) override;

    // The form that suits stderr: a terminal that can move its cursor is redrawn.
    static Output output_of_stderr();

private:
    void redraw(const run::Live& live);
    void erase();

    Output output_;
    std::string prefix_;
    unsigned drawn_ = 0;  // lines
    Instant shown_{};
    run::Phase phase_ = run::Phase::preparing;
};

}  // namespace portillon::cmd
