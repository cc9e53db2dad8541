#include "server/figures.h"

#include <algorithm>
#include <atomic>

namespace portillon::server {

void Causes::add(std::string_view cause) {
    const auto shortened = cause.substr(0, sizeof(Slot::name) - 1);
    const auto last = slots_.end() - 1;
    auto slot = std::find_if(slots_.begin(), last, [&](const Slot& each) {
        const std::string_view name(each.name.data());
        return name == shortened || name.empty();
    });
    if (slot->name[0] == '\0') {
        const auto name = slot == last ? std::string_view("other") : shortened;
        std::copy(name.begin(), name.end(), slot->name.begin());
        std::atomic_thread_fence(std::memory_order_release);  // a reader that sees the count sees the name
    }
    slot->count.add();
}

}  // namespace portillon::server
