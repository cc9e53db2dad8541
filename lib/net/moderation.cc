#include "net/moderation.h"

#include <algorithm>

namespace portillon::net {

namespace {

// Shares of the time in which a shard waits for a processor: no allowance below the first, all of it above the second.
constexpr double with_room = 0.05;
constexpr double crowded = 0.15;
constexpr double weight = 0.25;  // of the newest measurement in the moving average

constexpr Nanos most_allowance = 250us;

}  // namespace

void Moderation::tell(Nanos waited, Instant now) {
    if (told_ != Instant{}) {
        share_ += weight * (seconds(waited - waited_) / seconds(now - told_) - share_);
        const double crowding = std::clamp((share_ - with_room) / (crowded - with_room), 0.0, 1.0);
        allowance_ = Nanos{static_cast<std::int64_t>(crowding * static_cast<double>(most_allowance.count()))};
    }
    told_ = now;
    waited_ = waited;
}

}  // namespace portillon::net
