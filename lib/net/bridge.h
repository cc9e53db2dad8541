#pragma once

// A bridge lets threads other than the loop's give the loop work: they post a callable, which runs on the loop's
// thread. An eventfd wakes the loop, once for all that is posted before it has woken. It is for libraries that bring
// threads of their own; nothing else of a Loop may be called from another thread.

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

    // Back pressure: post() refuses work while this many callables wait.
    static constexpr std::size_t most_waiting = 1 << 16;

    // The threads' end of the bridge; its copies share one queue. It may outlive the bridge and the loop.
    class Poster {
    public:
        // May be called from any thread. Work that one thread posts runs in the order in which it was posted. Returns
        // false if the bridge has ended or is full: then `work` never runs and is destroyed before this returns. `work`
        // must not throw.
        [[nodiscard]] bool post(Work work) const;

    private:
        friend class Bridge;
        explicit Poster(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
        std::shared_ptr<Shared> shared_;
    };

    // Destroy the bridge on the loop's thread, before the loop and before anything that posted work refers to, and not
    // from inside posted work. Work that has not run by then never runs and is destroyed with the bridge; from then on
    // post() returns false. Threads may be joined before or after.
    explicit Bridge(Loop& loop, std::size_t limit = most_waiting);
    ~Bridge() override;

    error_code open();  // before the first post; fails if the kernel has no descriptor left

    Poster poster() const { return Poster(shared_); }

private:
    void ready(Ready now) override;
    void run() override;

    Loop& loop_;
    std::shared_ptr<Shared> shared_;
    std::deque<Work> running_;  // work already taken out of `waiting`, to be run without the lock
};

}  // namespace portillon::net
