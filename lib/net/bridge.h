#pragma once

// How a thread that is not the loop's gives the loop work: it posts a callable, which runs on the loop's thread. An
// eventfd wakes the loop, once for all that is posted before it has woken. For libraries that bring threads of their
// own; nothing else of a Loop may be called from another thread.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "net/loop.h"

namespace portillon::net {

class Bridge final : private Watcher, private Deferred {
    struct Shared;

public:
    using Work = std::function<void()>;

    // Back pressure: whoever posts faster than the loop works is told so.
    static constexpr std::size_t most_waiting = 1 << 16;

    // The threads' end; copies share it. It may outlive the bridge and the loop.
    class Poster {
    public:
        // From any thread. Work that one thread posts runs in the order in which it was posted. False if the bridge has
        // ended or is full: then `work` never runs, and is destroyed before this returns. `work` must not throw.
        [[nodiscard]] bool post(Work work) const;

    private:
        friend class Bridge;
        explicit Poster(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
        std::shared_ptr<Shared> shared_;
    };

    // Destroyed on the loop's thread, before the loop and before what posted work speaks of, and not from inside posted
    // work. Work that has not run by then never runs, and is destroyed with the bridge; posters are told so from then
    // on. Threads may be joined before or after.
    explicit Bridge(Loop& loop, std::size_t limit = most_waiting);
    ~Bridge() override;

    error_code open();  // before the first post; the kernel may have no descriptor to give

    Poster poster() const { return Poster(shared_); }

private:
    void ready(Ready now) override;
    void run() override;

    Loop& loop_;
    std::shared_ptr<Shared> shared_;
    std::deque<Work> running_;  // taken over from the threads
};

}  // namespace portillon::net
