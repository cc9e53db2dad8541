#pragma once

// Shards are exec'd from this program's own file, never forked from a running loop's state, and end when their link
// does. The parent sees their end as the link's end and as an exit status.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace portillon::link {

// The descriptor under which a child finds its end of the link.
inline constexpr int link_descriptor = 3;

// A child process and our end of the link to it. Destroying it kills the child, hard, and reaps it: end it before.
class Process {
public:
    // Runs `portillon ARGUMENTS...`; `output`: a descriptor for the child's standard output, or -1 for ours.
    // The child is killed when this process dies, ignores SIGINT, SIGTERM and SIGHUP (they are the conductor's) and
    // inherits no other descriptor.
    static Result<Process> start(const std::vector<std::string>& arguments, int output = -1);

    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    pid_t pid() const { return pid_; }
    // Our end of the link; the caller owns it from now on.
    int take_link();

    // The exit status if it has ended ("exited with 1", "killed by signal 9"); does not wait.
    std::optional<std::string> ended();
    // Waits for it.
    std::string wait();
    void kill(int signal);

private:
    Process(pid_t pid, int link) : pid_(pid), link_(link) {}
    pid_t pid_ = -1;
    int link_ = -1;
    std::optional<std::string> status_;
};

}  // namespace portillon::link
