#pragma once

// How a run goes, on stderr: one line that updates on a terminal, a plain line every few seconds elsewhere.

#include <string>
#include <string_view>

#include "run/progress.h"

namespace portillon::cmd {

class LiveLine final : public run::Progress {
public:
    enum class Output : std::uint8_t { quiet, plain, terminal };
    // `prefix` names the run among several ("2/6 http2"); may be empty.
    LiveLine(Output output, std::string prefix) : output_(output), prefix_(std::move(prefix)) {}
    ~LiveLine() override;  // leaves a clean line behind

    void live(const run::Live& live) override;
    void announce(std::string_view line) override;
    void warn(std::string_view line) override;

    static Output output_for(bool quiet);

private:
    void erase();

    Output output_;
    std::string prefix_;
    bool drawn_ = false;
    Instant shown_{};
    run::Phase phase_ = run::Phase::preparing;
};

std::string format_live(const run::Live& live);

}  // namespace portillon::cmd
