#include "link/worker.h"

#include <fmt/format.h>
#include <signal.h>

#include "link/heartbeat.h"
#include "link/process.h"
#include "link/stream_link.h"

namespace portillon::link {

namespace {

class LocalProcess final : public Worker {
public:
    LocalProcess(net::Loop& loop, Process process)
        : process_(std::move(process)), link_(loop, std::make_unique<StreamLink>(loop, process_.take_link())) {}

    Link& link() override { return link_; }
    std::int64_t pid() const override { return process_.pid(); }
    std::string ended() override { return process_.ended().value_or(""); }
    std::string wait() override { return process_.wait(); }
    void kill() override { process_.kill(SIGKILL); }

private:
    Process process_;
    Heartbeat link_;  // destroyed before process_, so that its destructor's kill is not reported as a lost link
};

}  // namespace

std::string describe_end(Worker& worker, const error_code& cause) {
    if (spoke_nonsense(cause)) {
        worker.kill();
        worker.wait();
        return "spoke nonsense: " + cause.message();
    }
    if (fell_silent(cause)) {
        worker.kill();
        worker.wait();
        return fmt::format("has not answered for {} and was killed", format_duration(Heartbeat::usual_silence));
    }
    return worker.wait();  // a process's end of the link closes a moment before the process can be reaped
}

Result<std::unique_ptr<Worker>> start_process(net::Loop& loop, const std::vector<std::string>& arguments, int output) {
    auto process = Process::start(arguments, output);
    if (!process) {
        return process.error();
    }
    return std::unique_ptr<Worker>(std::make_unique<LocalProcess>(loop, std::move(*process)));
}

}  // namespace portillon::link
