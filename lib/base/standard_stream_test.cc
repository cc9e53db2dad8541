#include "base/standard_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

namespace portillon {
namespace {

error_code system_error(int number) {
    return {number, boost::system::system_category()};
}

struct Pipe {
    Pipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0); }
    ~Pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    std::string read() const {
        char text[4096];
        const auto got = ::read(ends[0], text, sizeof text);
        return {text, got > 0 ? static_cast<std::size_t>(got) : 0};
    }
    int ends[2] = {-1, -1};
};

TEST(StandardStream, WritesAtOnce) {
    const Pipe pipe;
    StandardStream stream(pipe.ends[1]);
    stream.write("said");
    EXPECT_EQ(pipe.read(), "said");
    EXPECT_FALSE(stream.failure());
}

TEST(StandardStream, SaysItsFirstFailureOnceAndWritesNothingAfterIt) {
    const Pipe complaints;
    StandardStream error(complaints.ends[1]);
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    StandardStream output(full, &error);
    output.write("");
    EXPECT_FALSE(output.failure());
    output.write("one");
    output.write("two");
    EXPECT_EQ(output.failure(), system_error(ENOSPC));
    EXPECT_EQ(complaints.read(), "portillon: standard output cannot be written: No space left on device\n");
    EXPECT_FALSE(error.failure());
    ::close(full);
}

TEST(StandardStream, OutlivesWhoReadsIt) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    ::close(std::exchange(pipe.ends[0], -1));
    StandardStream error(pipe.ends[1]);
    StandardStream output(pipe.ends[1], &error);
    output.write("text");
    EXPECT_EQ(output.failure(), system_error(EPIPE));
    EXPECT_EQ(error.failure(), system_error(EPIPE)) << "it was to carry the complaint";
    std::signal(SIGPIPE, before);
}

TEST(StandardStream, WaitsForAPipeThatWasMadeNonBlocking) {
    const Pipe pipe;
    ::fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK);
    const std::string text(300'000, 'x');  // a pipe holds 65,536
    std::size_t got = 0;
    std::thread reader([&] {
        while (got < text.size()) {
            got += pipe.read().size();
        }
    });
    StandardStream stream(pipe.ends[1]);
    stream.write(text);
    reader.join();
    EXPECT_FALSE(stream.failure());
    EXPECT_EQ(got, text.size());
}

// Runs `body` in a process of its own, whose exit status is the result.
template <class Body>
int status_of(Body body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardStream, LendsTheNumberOfAClosedDescriptorToNothing) {
    EXPECT_EQ(status_of([] {
                  for (const int descriptor : {0, 1, 2}) {
                      ::close(descriptor);
                  }
                  hold_standard_descriptors();
                  const int opened = ::open("/dev/null", O_RDWR);
                  char letter = 0;
                  standard_output().write("text");
                  standard_error().write("text");
                  return opened > 2 && ::read(0, &letter, 1) < 0 && errno == EBADF &&
                                 standard_output().failure() == system_error(EBADF) &&
                                 standard_error().failure() == system_error(EBADF)
                             ? 0
                             : 1;
              }),
              0);
}

TEST(StandardStream, LeavesOpenDescriptorsAlone) {
    const Pipe pipe;
    EXPECT_EQ(status_of([&] {
                  ::dup2(pipe.ends[1], 1);
                  ::close(2);
                  hold_standard_descriptors();
                  standard_output().write("through");
                  return standard_output().failure() ? 1 : 0;
              }),
              0);
    EXPECT_EQ(pipe.read(), "through");
}

}  // namespace
}  // namespace portillon
