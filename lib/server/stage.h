#pragma once

// The pipeline behind ingest is a chain of stages. Each stage takes one arrival, does its part, and gives the arrival
// to the next stage, drops it, or answers it. An arrival that need not wait passes through the whole chain inside one
// call, without a copy and without an allocation. A stage in which an arrival must wait keeps a KeptArrival.

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/ingest.h"
#include "wire/batch_codec.h"

namespace portillon::server {

// Where the answer to an arrival goes.
struct Reply {
    Answers* answers = nullptr;
    Ticket ticket;

    void decided(const Decision& decision) const { answers->decided(ticket, decision); }
};

// One message on its way. It borrows everything that it points to: valid until take() returns.
struct Arrival {
    std::span<const std::byte> bytes;  // as received
    Reply reply;
    Instant at{};  // when it came, or when the stage that kept it last let it go

    // Set by stages::Decode. A stage may take validations out of the batch; `count` stays as the batch said.
    wire::ReceivedBatch* batch = nullptr;
    std::uint32_t count = 0;
    std::uint32_t unexpected = 0;                     // how many of `count` the seed does not make
    Disposition disposition = Disposition::accepted;  // the answer, once its validations are recorded

    Decision decision(Disposition decided) const { return {decided, {}, batch->equipment, batch->first, count}; }
};

// Something in which arrivals may wait.
class Holder {
public:
    // How many arrivals wait; a drain lasts until there are none.
    virtual std::size_t waiting() const = 0;
    // Lets go at once what waits for an instant or for a later message. What waits for something else (a store that has
    // not answered) continues when that has come.
    virtual void flush() = 0;

protected:
    ~Holder() = default;
};

class Stage : public Holder {
public:
    virtual ~Stage() = default;
    // Reads, and may change, what `arrival` points to. The arrival is answered once, by this stage or by a later one,
    // perhaps before this returns.
    virtual void take(Arrival& arrival) = 0;

    std::size_t waiting() const override { return 0; }
    void flush() override {}
};

}  // namespace portillon::server
