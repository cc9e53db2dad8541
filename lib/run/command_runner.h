#pragma once

// Executes commands in processes of their own, without ever blocking the loop.

#include <list>
#include <string>
#include <vector>

#include "net/loop.h"
#include "run/command_faults.h"

namespace portillon::run {

class CommandRunner {
public:
    // Works in real time only. The loop outlives it.
    explicit CommandRunner(net::Loop& loop);
    ~CommandRunner();
    CommandRunner(const CommandRunner&) = delete;

    // See Execute. The program is looked up in PATH. It leads a session of its own, without a terminal: Ctrl-C does not
    // reach it, and nothing that it could ask is answered; its standard input is empty. What it prints is read and, but
    // for the last line, dropped. When its time is up, its whole process group is killed (SIGKILL). Processes that it
    // leaves running in the background go on; as long as the CommandRunner lives, what they print is read, too.
    net::Task<CommandEnd> execute(std::vector<std::string> words, Nanos limit);

private:
    class Output;

    net::Loop& loop_;
    std::list<Output> outputs_;  // of all commands so far
};

}  // namespace portillon::run
