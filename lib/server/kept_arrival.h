#pragma once

// An arrival that waits in a stage, with copies of all that it borrowed.

#include <memory>
#include <vector>

#include "server/stage.h"

namespace portillon::server {

class KeptArrival {
public:
    // Copies the arrival's bytes, and, if it is decoded already, its validations as they are now.
    explicit KeptArrival(const Arrival& arrival);

    // The arrival to continue with: it borrows from this object.
    Arrival arrival();

    Instant at() const { return kept_.at; }
    void let_go_at(Instant at) { kept_.at = at; }
    std::size_t memory_bytes() const;  // what this object takes, its own size included

private:
    Arrival kept_;
    std::vector<std::byte> storage_;  // the bytes, then the text that the decoder unescaped
    std::unique_ptr<wire::ReceivedBatch> batch_;
};

}  // namespace portillon::server
