#pragma once

// A shard is this program's own file, executed in a new process: it inherits no state of a running loop. A shard ends
// when its link ends. The parent sees the end of a shard as the end of the link and as an exit status.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace portillon::link {

// The descriptor under which a child finds its end of the link.
inline constexpr int link_descriptor = 3;

// A child process and the parent's end of the link to it. The destructor kills (SIGKILL) and reaps a child that still
// runs, so end it before.
class Process {
public:
    // Runs `portillon ARGUMENTS...`; `output`: a descriptor for the child's standard output, or -1 for the parent's.
    // The child is killed when this process dies. It ignores SIGINT, SIGTERM and SIGHUP, which the conductor handles
    // for the whole run, and inherits no other descriptor.
    static Result<Process> start(const std::vector<std::string>& arguments, int output = -1);

    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    pid_t pid() const { return pid_; }
    // The descriptor of the parent's end of the link; the caller owns it from now on.
    int take_link();

    // How the child ended ("exited with 1", "killed by signal 9"); nothing if it still runs. Does not wait.
    std::optional<std::string> ended();
    // Waits for the child's end and says how it ended.
    std::string wait();
    void kill(int signal);

private:
    Process(pid_t pid, int link) : pid_(pid), link_(link) {}
    pid_t pid_ = -1;
    int link_ = -1;
    std::optional<std::string> status_;
};

}  // namespace portillon::link
