#include "base/standard_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace portillon {

namespace {

// A terminal or pipe that other programs share may have been made non-blocking: waits until it accepts more.
void wait_until_writable(int descriptor) noexcept {
    pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
    ::poll(&waiting, 1, -1);
}

}  // namespace

void StandardStream::write(std::string_view text) noexcept {
    while (!text.empty() && !failure_) {
        const auto written = ::write(descriptor_, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            wait_until_writable(descriptor_);
        } else if (errno != EINTR) {
            failure_ = error_code(errno, boost::system::system_category());
            if (complaints_ != nullptr) {
                complaints_->write("portillon: standard output cannot be written: ");
                char words[128];
                complaints_->write(failure_.message(words, sizeof words));
                complaints_->write("\n");
            }
        }
    }
}

StandardStream& standard_error() {
    static StandardStream stream(STDERR_FILENO);
    return stream;
}

StandardStream& standard_output() {
    static StandardStream stream(STDOUT_FILENO, &standard_error());
    return stream;
}

void hold_standard_descriptors() noexcept {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            // The lowest free number is this one, because those below it are open by now.
            ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

}  // namespace portillon
