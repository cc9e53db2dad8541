#pragma once

// Executes the commands of a run's faults, each at its time.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/task_group.h"
#include "report/model.h"
#include "run/progress.h"
#include "scenario/scenario.h"

namespace portillon::run {

// The end of a command.
struct CommandEnd {
    std::string ended;               // "exited with 0", "could not be started: no such file", ...
    std::optional<int> exit_status;  // absent if it did not exit by itself
    std::string last_line;           // of what it printed
};

// Starts the program words[0] with the other words as its arguments, and completes when the program has ended; it is
// killed when it takes longer than `limit`.
using Execute = std::function<net::Task<CommandEnd>(std::vector<std::string> words, Nanos limit)>;

// The commands that were executed, by their fault's place in the scenario.
using ExecutedCommands = std::map<std::size_t, std::vector<report::ExecutedCommand>>;

class CommandFaults {
public:
    // Loop and progress outlive it. `progress` is told how each command ended.
    CommandFaults(net::Loop& loop, Progress& progress, Execute execute);
    CommandFaults(const CommandFaults&) = delete;

    // Call it once. Faults of other kinds are left to others.
    void begin(const std::vector<scenario::Fault>& faults, Instant t0);

    // Begins no further fault, and ends those that are on: their `until` is executed as soon as their `run` is over.
    void finish();
    // Completes when nothing is executed any more; call finish() first, and join() before the end.
    net::Task<void> join() { return tasks_.join(); }

    const ExecutedCommands& executed() const { return executed_; }
    // The `until` of the faults that are on.
    std::vector<std::string> owed() const;

private:
    net::Task<void> live(std::size_t place, scenario::Fault fault, Instant t0);
    net::Task<void> wait(std::size_t place, Instant until);
    net::Task<void> execute(std::size_t place, std::string key, std::string command, Nanos limit, Instant t0);

    net::Loop& loop_;
    Progress& progress_;
    Execute execute_;
    std::map<std::size_t, std::unique_ptr<net::Wakeup>> pauses_;  // by the fault's place
    std::map<std::size_t, std::string> owed_;                     // by the fault's place
    ExecutedCommands executed_;
    bool finishing_ = false;
    net::TaskGroup tasks_;
};

}  // namespace portillon::run
