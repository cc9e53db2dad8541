#include "net/bridge.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <utility>

#include "base/check.h"

namespace portillon::net {

namespace {

constexpr int works_in_one_turn = 256;  // threads that post without pause do not starve the sockets

}  // namespace

// The descriptor is closed with the last Poster: closed earlier, its number could belong to another file when a thread
// writes to it.
struct Bridge::Shared {
    explicit Shared(std::size_t most) : limit(most) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }

    const std::size_t limit;
    int descriptor = -1;
    std::mutex mutex;
    std::deque<Work> waiting;
    enum class State : std::uint8_t { asleep, woken, ended } state = State::asleep;
};

bool Bridge::Poster::post(Work work) const {
    {
        const std::scoped_lock lock(shared_->mutex);
        if (shared_->state == Shared::State::ended || shared_->waiting.size() >= shared_->limit) {
            return false;
        }
        shared_->waiting.push_back(std::move(work));
        if (std::exchange(shared_->state, Shared::State::woken) == Shared::State::woken) {
            return true;
        }
    }
    // The loop may have taken the work meanwhile, because it was awake already; then it wakes once for nothing.
    const std::uint64_t one = 1;
    while (::write(shared_->descriptor, &one, sizeof one) < 0 && errno == EINTR) {
    }
    return true;
}

Bridge::Bridge(Loop& loop, std::size_t limit) : loop_(loop), shared_(std::make_shared<Shared>(limit)) {}

Bridge::~Bridge() {
    std::deque<Work> never_run;  // destroyed after the lock is released: its destructors may post
    {
        const std::scoped_lock lock(shared_->mutex);
        shared_->state = Shared::State::ended;
        never_run.swap(shared_->waiting);
    }
    if (shared_->descriptor >= 0) {
        loop_.unwatch(shared_->descriptor, *this);
    }
}

error_code Bridge::open() {
    check(shared_->descriptor < 0, "a bridge is opened once");
    shared_->descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (shared_->descriptor < 0) {
        return {errno, boost::system::system_category()};
    }
    return loop_.watch(shared_->descriptor, *this);
}

void Bridge::ready(Ready now) {
    if (now.to_read && !queued()) {
        loop_.later(*this);
    }
}

// Posts write to the eventfd only when the state is `asleep`. It becomes `asleep` here under the same lock that found
// `waiting` empty, so that the next post writes again and no wake-up is lost.
void Bridge::run() {
    std::uint64_t wakes = 0;
    while (::read(shared_->descriptor, &wakes, sizeof wakes) < 0 && errno == EINTR) {
    }
    for (int i = 0; i < works_in_one_turn; ++i) {
        if (running_.empty()) {
            const std::scoped_lock lock(shared_->mutex);
            running_.swap(shared_->waiting);
            if (running_.empty()) {
                shared_->state = Shared::State::asleep;
                return;
            }
        }
        const Work work = std::move(running_.front());
        running_.pop_front();
        work();
    }
    loop_.later(*this);
}

}  // namespace portillon::net
