#pragma once

// The example of lib/driver/README.md: one equipment's session in a protocol of lines.
//
//     server: hello 256 1048576                     it takes so many batches unanswered, each of at most so many bytes
//     client: {"run":"...","equipment":7,...}       a batch in JSON
//     server: {"equipment":7,"first":9,"count":60}  its receipt, in any order; "answer" and "retry_after_ms" if it is
//                                                   not a yes (wire/receipt.h)
//
// Each side ends its half of the connection when it has no more to say. There is no word to take a batch back: when its
// time has passed the connection is dropped, lest a late receipt be taken for that of the next attempt.

#include <memory>
#include <string>
#include <vector>

#include "driver/driver.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/wakeup.h"

namespace portillon::example {

// What the sessions of one driver share. Outlives them.
struct Common {
    net::Loop& loop;
    net::Dialer& dialer;
    std::vector<std::byte> out = {};  // one session's lines on their way to its transport
};

// A batch that was offered.
struct Flight {
    driver::Batch batch;
    driver::Outcome outcome;
    enum class Stand : std::uint8_t { waiting, sent, settled } stand = Stand::waiting;
};

class Session final : public driver::Session, private net::Transport::Reader, private net::Deferred {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
        : common_(common), equipment_(equipment), receipts_(receipts) {}
    ~Session() override;

    net::Task<error_code> open(Instant deadline) override;
    void offer(const driver::Batch& batch) override;
    void abandon(Sequence first) override;
    net::Task<void> close(Instant deadline) override;

private:
    // greeted: the hello has come, and open() is about to go on. broken: Receipts are about to hear of it.
    enum class State : std::uint8_t { closed, opening, greeted, open, broken, closing };

    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code& cause) override;
    void drained() override { common_.loop.later(*this); }
    void run() override;

    error_code take_hello();
    error_code take_receipt();
    bool write_some();
    void settle(Flight& flight, driver::Answer answer, const error_code& cause, std::optional<Nanos> retry_after = {});
    void settle_all(const error_code& cause);
    bool deliver();
    void lost(const error_code& cause);

    Common& common_;
    EquipmentId equipment_;
    driver::Receipts& receipts_;
    State state_ = State::closed;
    std::unique_ptr<net::Transport> transport_;
    std::unique_ptr<net::Wakeup> changed_;             // while open() or close() waits
    std::vector<Flight> flights_;                      // in the order of their offers, until Receipts have heard
    std::string line_;                                 // the server's, as far as it has come
    error_code cause_;                                 // of the last break
    std::uint32_t window_ = 0, most_batch_bytes_ = 0;  // what the hello said
    std::uint32_t unanswered_ = 0;
    bool* destroyed_ = nullptr;  // while somebody needs to know
};

}  // namespace portillon::example
