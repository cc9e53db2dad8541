#pragma once

// The example of lib/driver/README.md: one equipment's session in a protocol of lines.
//
//     server: hello 256 1048576                     the most unanswered batches, and bytes per batch, that it accepts
//     client: {"run":"...","equipment":7,...}       a batch in JSON
//     server: {"equipment":7,"first":9,"count":60}  its receipt, in any order; with "answer" and "retry_after_ms" if it
//                                                   refuses the batch (wire/receipt.h)
//
// Each side ends its half of the connection when it has no more to send. A batch cannot be taken back: when its time
// has passed the connection is dropped, because a late receipt could be taken for that of the next attempt.

#include <deque>
#include <string>
#include <vector>

#include "driver/stream_session.h"

namespace portillon::drivers::example {

// State that the sessions of one driver share. Outlives them.
using Common = driver::StreamCommon;

// A batch that was offered.
struct Flight {
    driver::Batch batch;
    enum class Status : std::uint8_t { waiting, sent } status = Status::waiting;
    Instant sent{};
};

class Session final : public driver::StreamSession {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
        : StreamSession(common, equipment, receipts), common_(common) {}

    void offer(const driver::Batch& batch) override;
    void abandon(Sequence first) override;

private:
    using Flights = std::vector<Flight>;

    void greet() override;
    void take(std::span<const std::byte> bytes) override;
    void write() override;
    void break_all() override;
    driver::Settled take_settled() override;
    void drained() override { write_soon(); }

    error_code take_hello();
    error_code take_receipt();
    bool write_some();
    void settle(Flights::iterator flight, driver::Answer answer, const error_code& cause,
                std::optional<Nanos> retry_after = {});

    Common& common_;
    Flights flights_;                                  // in the order of their offers, until they are settled
    std::deque<driver::Settled> settled_;              // until Receipts have been told
    std::string line_;                                 // the server's unfinished line
    std::uint32_t window_ = 0, most_batch_bytes_ = 0;  // from the hello
    std::uint32_t unanswered_ = 0;
};

}  // namespace portillon::drivers::example
