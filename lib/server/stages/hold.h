#pragma once

// The first stage: holds messages back for the faults stall, delay, slow and limit. A message is held undecoded, so it
// takes little more memory than its bytes; it is decoded after its release.

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
