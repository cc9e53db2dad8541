#include "run/command_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "net/wakeup.h"

namespace portillon::run {

namespace {

constexpr Nanos look_every = 10ms;         // whether the process has ended
constexpr Nanos dies_within = 5s;          // a killed process is gone by then, or the kernel cannot end it
constexpr std::size_t most_of_line = 500;  // bytes of a line that are kept

// posix_spawn(3) with the attributes that a command needs; returns errno, or 0.
int spawn(pid_t& pid, const std::vector<std::string>& words, int output) {
    std::vector<std::string> owned = words;
    std::vector<char*> arguments;
    for (auto& word : owned) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none, ours;
    ::sigemptyset(&none);
    ::sigemptyset(&ours);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        ::sigaddset(&ours, signal);
    }
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &ours);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    const int error = ::posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    return error;
}

CommandEnd failed(std::string how) {
    return {.ended = std::move(how), .exit_status = {}, .last_line = {}};
}

CommandEnd not_started(int error) {
    return failed(fmt::format("could not be started: {}", std::strerror(error)));
}

CommandEnd end_of(int status) {
    if (WIFSIGNALED(status)) {
        return failed(fmt::format("was killed by signal {}", WTERMSIG(status)));
    }
    auto end = failed(fmt::format("exited with {}", WEXITSTATUS(status)));
    end.exit_status = WEXITSTATUS(status);
    return end;
}

}  // namespace

// The reading end of the pipe to which a command prints. It is read until all processes that have the other end are
// gone, or until the Output is destroyed.
class CommandRunner::Output final : private net::Watcher {
public:
    // Owns the descriptor, which does not block.
    Output(net::Loop& loop, int descriptor) : loop_(loop), descriptor_(descriptor) {
        if (loop_.watch(descriptor_, *this)) {
            ::close(std::exchange(descriptor_, -1));
        }
    }
    ~Output() { close(); }
    Output(const Output&) = delete;

    // The last line so far that is not empty.
    std::string last_line() {
        ready({.to_read = true});
        return line_.find_first_not_of(" \t\r") == std::string::npos ? last_ : line_;
    }

private:
    void ready(net::Watcher::Ready) override {
        std::array<char, 4096> buffer;
        while (descriptor_ >= 0) {
            const auto got = ::read(descriptor_, buffer.data(), buffer.size());
            if (got <= 0) {
                if (got == 0 || errno != EAGAIN) {
                    close();
                }
                return;
            }
            take({buffer.data(), static_cast<std::size_t>(got)});
        }
    }

    void take(std::string_view text) {
        for (const char letter : text) {
            if (letter != '\n') {
                line_ += line_.size() < most_of_line ? std::string(1, letter) : std::string();
            } else if (auto line = std::exchange(line_, {}); line.find_first_not_of(" \t\r") != std::string::npos) {
                last_ = std::move(line);
            }
        }
    }

    void close() {
        if (descriptor_ >= 0) {
            loop_.unwatch(descriptor_, *this);
            ::close(std::exchange(descriptor_, -1));
        }
    }

    net::Loop& loop_;
    int descriptor_;
    std::string line_, last_;  // the line that is not complete yet; the last complete one that is not empty
};

CommandRunner::CommandRunner(net::Loop& loop) : loop_(loop) {}

CommandRunner::~CommandRunner() = default;

net::Task<CommandEnd> CommandRunner::execute(std::vector<std::string> words, Nanos limit) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        co_return not_started(errno);
    }
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    pid_t pid = -1;
    const int error = spawn(pid, words, ends[1]);
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        co_return not_started(error);
    }
    auto& output = outputs_.emplace_back(loop_, ends[0]);
    const Instant deadline = loop_.now() + limit;
    bool killed = false;
    pid_t ended = 0;
    int status = 0;
    net::Wakeup pause(loop_);
    while (ended == 0 && loop_.now() < deadline + dies_within) {
        if (!killed && loop_.now() >= deadline) {
            killed = true;
            ::kill(-pid, SIGKILL);
        }
        const Instant next = loop_.now() + look_every;
        co_await pause.until(killed ? next : std::min(next, deadline));
        ended = ::waitpid(pid, &status, WNOHANG);
    }
    CommandEnd end = killed      ? failed(fmt::format("took longer than {} and {}", humanize(limit),
                                                 ended != 0 ? "was killed" : "could not be killed"))
                     : ended < 0 ? failed("ended, and the kernel does not say how")
                                 : end_of(status);
    end.last_line = output.last_line();
    co_return end;
}

}  // namespace portillon::run
