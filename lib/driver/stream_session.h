#pragma once

// The life of a session on a stream of bytes, from dialling to its end. A protocol derives from StreamSession and adds
// its own part: its first bytes, what it reads and writes, and the outcomes of the batches that it was offered.
//
//     closed -- open() --> dialling -- greet() --> opening -- greeted() --> greeted -- open() completes --> open
//     open -- lost() --> broken -- the batches are settled, then Receipts::broken() --> closed
//     open -- close(): say_goodbye(), the other side's end or the deadline --> closed
//
// If the connection is lost while opening, open() fails. If it is lost after greeted() and before open() has resumed,
// open() completes without error, and the session is then broken.
//
// Batches are settled in two steps. The protocol stores an outcome and calls note_settled(); at the end of the loop's
// turn, or when all received bytes are taken, StreamSession fetches it with take_settled() and tells Receipts. Receipts
// may offer again or destroy the session: nothing of it is touched after that.

#include <memory>
#include <vector>

#include "driver/driver.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/wakeup.h"

namespace portillon::driver {

struct Settled {
    Sequence first = 0;
    Outcome outcome;
};

// State that the sessions of one driver share. Outlives them.
struct StreamCommon {
    net::Loop& loop;
    net::Dialer& dialer;
    std::vector<std::byte> out = {};  // scratch space for one session's outgoing bytes
};

class StreamSession : public Session, protected net::Transport::Reader, private net::Deferred {
public:
    StreamSession(StreamCommon& common, EquipmentId equipment, Receipts& receipts)
        : common_(common), receipts_(receipts), equipment_(equipment) {}
    ~StreamSession() override;

    net::Task<error_code> open(Instant deadline) final;
    net::Task<void> close(Instant deadline) final;

protected:
    // A new connection begins; its transport accepts bytes. The protocol forgets the state of the last connection.
    virtual void greet() = 0;
    // Bytes were received. May call lost(), after which the transport is gone.
    virtual void take(std::span<const std::byte> bytes) = 0;
    // Called once at the end of a turn in which write_soon() was called, from greet() until the connection is lost.
    virtual void write() = 0;
    // Settles every batch in flight as broken, with cause().
    virtual void break_all() = 0;
    // Returns the batch that was settled first. Called once for each note_settled().
    virtual Settled take_settled() = 0;

    virtual void opened() {}                            // open() is about to complete, and the session is open
    virtual void gone() {}                              // the connection has ended; its transport is destroyed next
    virtual void say_goodbye() { transport().shut(); }  // nothing is in flight any more
    enum class Goodbye : std::uint8_t { answered, unanswered };
    virtual void parted(Goodbye) {}  // whether the other side ended the connection in time

    void received(std::span<const std::byte> bytes) final;
    void ended(const error_code& cause) override;

    void greeted();                      // the handshake is complete
    void lost(const error_code& cause);  // ends the connection; the first cause counts
    void note_settled();                 // take_settled() has one more
    void write_soon() { common_.loop.later(*this); }

    // Whether a batch that is offered now may be sent. If not, the protocol settles it as broken with cause().
    bool takes_offer() const;
    bool is_opening() const { return state_ == State::opening; }
    bool is_open() const { return state_ == State::open; }
    bool is_connected() const { return transport_ != nullptr; }
    net::Transport& transport() { return *transport_; }  // while connected
    const error_code& cause() const { return cause_; }   // of the last break
    Receipts& receipts() { return receipts_; }
    EquipmentId equipment() const { return equipment_; }

private:
    // fallen: lost after it was greeted, while opening. broken: Receipts are about to be told.
    enum class State : std::uint8_t { closed, dialling, opening, greeted, fallen, open, broken, closing };
    bool is_alive() const { return state_ == State::opening || state_ == State::greeted || state_ == State::open; }

    void run() final;
    bool deliver();
    void drop();
    void wake();

    StreamCommon& common_;
    Receipts& receipts_;
    std::unique_ptr<net::Transport> transport_;
    std::unique_ptr<net::Wakeup> changed_;  // while open() or close() waits
    bool* destroyed_ = nullptr;             // points to a flag of a caller that must notice the destruction
    error_code cause_;
    EquipmentId equipment_;
    std::uint32_t untold_ = 0;  // settled batches that Receipts were not told of
    State state_ = State::closed;
};

}  // namespace portillon::driver
