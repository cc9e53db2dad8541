#include "run/command_faults.h"

#include <fmt/format.h>

#include <utility>

#include "escape/formats.h"
#include "faults/command_words.h"
#include "report/fault_text.h"

namespace portillon::run {

CommandFaults::CommandFaults(net::Loop& loop, Progress& progress, Execute execute)
    : loop_(loop), progress_(progress), execute_(std::move(execute)), tasks_(loop) {}

void CommandFaults::begin(const std::vector<scenario::Fault>& faults, Instant t0) {
    for (std::size_t place = 0; place < faults.size(); ++place) {
        if (faults[place].kind == faults::Kind::command) {
            pauses_[place] = std::make_unique<net::Wakeup>(loop_);
            tasks_.spawn(live(place, faults[place], t0));
        }
    }
}

void CommandFaults::finish() {
    finishing_ = true;
    for (auto& [place, pause] : pauses_) {
        pause->wake();
    }
}

std::vector<std::string> CommandFaults::owed() const {
    std::vector<std::string> commands;
    for (const auto& [place, command] : owed_) {
        commands.push_back(command);
    }
    return commands;
}

net::Task<void> CommandFaults::live(std::size_t place, scenario::Fault fault, Instant t0) {
    co_await wait(place, t0 + fault.at);
    if (finishing_) {
        co_return;
    }
    if (!fault.until.empty()) {
        owed_[place] = fault.until;
    }
    co_await execute(place, "run", fault.run, fault.time_limit, t0);
    if (!fault.until.empty()) {
        co_await wait(place, t0 + fault.at + fault.during);
        co_await execute(place, "until", fault.until, fault.time_limit, t0);
        owed_.erase(place);
    }
}

net::Task<void> CommandFaults::wait(std::size_t place, Instant until) {
    while (!finishing_ && loop_.now() < until) {
        co_await pauses_.at(place)->until(until);
    }
}

net::Task<void> CommandFaults::execute(std::size_t place, std::string key, std::string command, Nanos limit,
                                       Instant t0) {
    const Instant began = loop_.now();
    std::vector<std::string> words = *faults::split_words(command);
    CommandEnd end = co_await execute_(std::move(words), limit);
    executed_[place].push_back({.key = std::move(key),
                                .command = command,
                                .at_s = seconds(began - t0),
                                .took_s = seconds(loop_.now() - began),
                                .exit_status = end.exit_status,
                                .ended = end.ended,
                                .last_line = escape::one_line(end.last_line)});
    const auto& done = executed_[place].back();
    const auto line = fmt::format("fault {}: {} {}", place + 1, command, report::ending_of(done));
    done.succeeded() ? progress_.announce(line) : progress_.warn(line);
}

}  // namespace portillon::run
