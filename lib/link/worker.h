#pragma once

// A process of the run as its parent sees it: the link to it, and how it ends.

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "link/link.h"
#include "net/loop.h"

namespace portillon::link {

class Worker {
public:
    virtual ~Worker() = default;  // kills the process if it still runs

    virtual Link& link() = 0;
    virtual std::int64_t pid() const = 0;
    // How the process ended ("exited with 1", "killed by signal 9"); empty while it lives. Does not wait.
    virtual std::string ended() = 0;
    virtual std::string wait() = 0;  // waits until the process has ended; says how
    virtual void kill() = 0;         // kills the process at once and does not wait
};

// Says in words for the user how the process ended, after its link ended for `cause`: "killed by signal 9". A process
// that sent nonsense or fell silent is killed here.
std::string describe_end(Worker& worker, const error_code& cause);

// Runs `portillon ARGUMENTS...` on this machine, with a heartbeat on the link; `output`: a descriptor for its standard
// output, or -1 for this process's (process.h).
Result<std::unique_ptr<Worker>> start_process(net::Loop& loop, const std::vector<std::string>& arguments,
                                              int output = -1);

}  // namespace portillon::link
