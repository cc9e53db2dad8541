#include "net/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "base/check.h"

namespace portillon::net {

TaskGroup::~TaskGroup() {
    check(running_ == 0, "a task group was destroyed before its children ended");
}

void TaskGroup::spawn(Task<void> child) {
    ++running_;
    asio::co_spawn(loop_.executor(), std::move(child), [this](const std::exception_ptr& failure) {
        --running_;
        if (failure) {
            std::rethrow_exception(failure);
        }
        changed_.wake();
    });
}

Task<void> TaskGroup::join() {
    while (running_ > 0) {
        co_await changed_.until(never);
    }
}

}  // namespace portillon::net
