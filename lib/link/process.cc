#include "link/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace portillon::link {

namespace {

// Runs in the child between fork and exec, where only system calls are safe.
[[noreturn]] void become(int link, int output, char* const* arguments, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(127);
    }
    if (link == link_descriptor) {
        ::fcntl(link, F_SETFD, 0);
    } else if (::dup2(link, link_descriptor) < 0) {
        ::_exit(127);
    }
    if (output >= 0 && ::dup2(output, STDOUT_FILENO) < 0) {
        ::_exit(127);
    }
    ::close_range(link_descriptor + 1, ~0U, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // A terminal, timeout(1) and service managers send these to the whole process group. Only the conductor is to
    // react.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::signal(signal, SIG_IGN);
    }
    ::execv("/proc/self/exe", arguments);
    ::_exit(127);
}

std::string describe(int status) {
    if (WIFSIGNALED(status)) {
        return fmt::format("killed by signal {}", WTERMSIG(status));
    }
    return fmt::format("exited with {}", WEXITSTATUS(status));
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& arguments, int output) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return last_error();
    }
    std::vector<std::string> owned{"portillon"};
    owned.insert(owned.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& argument : owned) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(ends[1], output, pointers.data(), parent);
    }
    const error_code failure = pid < 0 ? last_error() : error_code{};
    ::close(ends[1]);
    if (failure) {
        ::close(ends[0]);
        return failure;
    }
    return Process(pid, ends[0]);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), link_(std::exchange(other.link_, -1)), status_(std::move(other.status_)) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(link_, other.link_);
    std::swap(status_, other.status_);
    return *this;
}

Process::~Process() {
    if (link_ >= 0) {
        ::close(link_);
    }
    if (pid_ > 0 && !status_) {
        kill(SIGKILL);
        wait();
    }
}

int Process::take_link() {
    return std::exchange(link_, -1);
}

std::optional<std::string> Process::ended() {
    int status = 0;
    if (!status_ && pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        status_ = describe(status);
    }
    return status_;
}

std::string Process::wait() {
    int status = 0;
    while (!status_) {
        const pid_t got = ::waitpid(pid_, &status, 0);
        if (got == pid_) {
            status_ = describe(status);
        } else if (got < 0 && errno != EINTR) {
            status_ = "gone";
        }
    }
    return *status_;
}

void Process::kill(int signal) {
    if (pid_ > 0 && !status_) {
        ::kill(pid_, signal);
    }
}

}  // namespace portillon::link
