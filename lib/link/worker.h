#pragma once

// Another process of the run, as the one that started it sees it: the link to it, and its end.

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "link/link.h"
#include "net/loop.h"

namespace portillon::link {

class Worker {
public:
    virtual ~Worker() = default;  // ends the process, hard, if it has not ended

    virtual Link& link() = 0;
    virtual std::int64_t pid() const = 0;
    // How it ended ("exited with 1", "killed by signal 9"); empty while it lives. Does not wait.
    virtual std::string ended() = 0;
    virtual std::string wait() = 0;  // until it has ended
    virtual void kill() = 0;         // at once; wait() says how it ended
};

// How the process came to its end after its link ended for `cause`, for people: "killed by signal 9". One that spoke
// nonsense or fell silent is killed here.
std::string describe_end(Worker& worker, const error_code& cause);

// Runs `portillon ARGUMENTS...` on this machine, with a heartbeat on the link; `output`: a descriptor for its standard
// output, or -1 for ours (process.h).
Result<std::unique_ptr<Worker>> start_process(net::Loop& loop, const std::vector<std::string>& arguments,
                                              int output = -1);

}  // namespace portillon::link
