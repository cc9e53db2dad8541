#pragma once

// The first stage: holds messages back as stall, delay, slow and limit want it. A message is held as it came: what it
// says is looked at when it goes on, and a held message takes little more memory than its bytes.

#include "net/loop.h"
#include "server/faults.h"
#include "server/figures.h"
#include "server/stages/hold_queue.h"

namespace portillon::server::stages {

class Hold final : public Stage, private Alarm {
public:
    Hold(net::Loop& loop, Figures& figures, Faults& faults, std::size_t limit_bytes, Stage& next);

    void take(Arrival& arrival) override;
    std::size_t waiting() const override { return held_.size(); }
    void flush() override;

private:
    void ring(Instant now) override;
    void release_until(Instant until);
    std::uint32_t count_of(std::span<const std::byte> bytes);

    net::Loop& loop_;
    Figures& figures_;
    Faults& faults_;
    HoldQueue held_;
    Stage& next_;
    wire::ReceivedBatch counted_;
};

}  // namespace portillon::server::stages
