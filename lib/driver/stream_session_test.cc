#include "driver/stream_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <deque>
#include <functional>
#include <optional>

#include "net/task_group.h"
#include "testing/byte_peer.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OneByte final : public Body {
public:
    std::size_t size() const override { return 1; }
    void write_to(std::span<std::byte> out) const override { out[0] = std::byte{'b'}; }
};

// The server sends 'h' for hello, 'y' to acknowledge the oldest batch, 'x' to break the protocol. The client sends 'g'
// to greet and 'b' for each batch, and refuses a batch of more than one validation itself.
class LetterSession final : public StreamSession {
public:
    LetterSession(StreamCommon& common, EquipmentId equipment, Receipts& receipts)
        : StreamSession(common, equipment, receipts), common_(common) {}

    void offer(const Batch& batch) override {
        if (!takes_offer()) {
            settle(batch.first, Answer::broken, cause());
        } else if (batch.count > 1) {
            settle(batch.first, Answer::rejected, boost::asio::error::message_size);
        } else {
            waiting_.push_back(batch.first);
            write_soon();
        }
    }
    void abandon(Sequence) override {}

    int goodbyes_answered = 0, goodbyes_unanswered = 0, connections_gone = 0;

private:
    void greet() override { say('g'); }
    void take(std::span<const std::byte> bytes) override {
        for (const std::byte byte : bytes) {
            if (byte == std::byte{'h'}) {
                greeted();
            } else if (byte == std::byte{'y'}) {
                settle(sent_.front(), Answer::acknowledged, {});
                sent_.pop_front();
            } else {
                lost(boost::asio::error::no_protocol_option);
                return;
            }
        }
    }
    void write() override {
        for (; is_open() && !waiting_.empty(); waiting_.pop_front()) {
            say('b');
            sent_.push_back(waiting_.front());
        }
    }
    void break_all() override {
        for (std::deque<Sequence>* batches : {&sent_, &waiting_}) {
            for (; !batches->empty(); batches->pop_front()) {
                settle(batches->front(), Answer::broken, cause());
            }
        }
    }
    Settled take_settled() override {
        const Settled settled = settled_.front();
        settled_.pop_front();
        return settled;
    }
    void parted(Goodbye goodbye) override {
        ++(goodbye == Goodbye::answered ? goodbyes_answered : goodbyes_unanswered);
    }
    void gone() override { ++connections_gone; }

    void say(char letter) { transport().write(std::as_bytes(std::span(&letter, 1))); }
    void settle(Sequence first, Answer answer, const error_code& why) {
        settled_.push_back({first, {answer, why, Instant{}, common_.loop.now(), {}}});
        note_settled();
    }

    StreamCommon& common_;
    std::deque<Sequence> waiting_, sent_;
    std::deque<Settled> settled_;
};

class StreamSessionTest : public ::testing::Test, private Receipts {
protected:
    static constexpr Nanos latency = 1ms;

    void begin_to_dial(Instant deadline = never) {
        opened_.reset();
        tasks_.spawn(open_into(*session_, deadline, opened_));
    }
    void dial(Instant deadline = never) {
        begin_to_dial(deadline);
        simulation_.run_for(2 * latency);
    }
    void open() {
        dial();
        say("'h'");
        ASSERT_EQ(opened(), "none");
    }
    // The peer sends these letters, and they arrive.
    void say(const char* letters) {
        peers_.back()->send(letters);
        simulation_.run_for(latency);
    }
    void offer(Sequence first, std::uint32_t count = 1) {
        session_->offer({EquipmentId{1}, first, count, 1, never, &body_});
    }
    void close(Nanos patience) {
        closed_ = false;
        tasks_.spawn(close_into(*session_, simulation_.now() + patience, closed_));
    }
    std::string opened() const { return opened_ ? cause_name(*opened_) : "not yet"; }
    std::vector<std::string> take_heard() { return std::exchange(heard_, {}); }
    std::string take_sent() { return peers_.back()->take(); }

    Receipts& receipts() { return *this; }

    portillon::testing::Simulation simulation_;
    std::vector<std::unique_ptr<portillon::testing::BytePeer>> peers_;
    portillon::testing::PipeDialer dialer_{
        simulation_.loop(), latency, [this](EquipmentId, std::unique_ptr<net::Transport> transport) {
            peers_.push_back(std::make_unique<portillon::testing::BytePeer>(std::move(transport)));
        }};
    StreamCommon common_{simulation_.loop(), dialer_};
    OneByte body_;
    std::unique_ptr<LetterSession> session_ = std::make_unique<LetterSession>(common_, EquipmentId{1}, receipts());
    std::function<void(Sequence)> on_settled_;
    std::vector<std::string> heard_;
    std::optional<error_code> opened_;
    bool closed_ = false;
    net::TaskGroup tasks_{simulation_.loop()};

private:
    void settled(Sequence first, const Outcome& outcome) override {
        heard_.push_back(std::to_string(first) + (outcome.cause ? " " + cause_name(outcome.cause) : " yes"));
        if (on_settled_) {
            on_settled_(first);
        }
    }
    void broken(const error_code& cause) override { heard_.push_back("broken " + cause_name(cause)); }

    static net::Task<void> open_into(Session& session, Instant deadline, std::optional<error_code>& into) {
        into = co_await session.open(deadline);
    }
    static net::Task<void> close_into(Session& session, Instant deadline, bool& into) {
        co_await session.close(deadline);
        into = true;
    }
};

TEST_F(StreamSessionTest, IsOpenOnceItIsGreeted) {
    dial();
    EXPECT_EQ(take_sent(), portillon::testing::hex("'g'"));
    EXPECT_EQ(opened(), "not yet");
    say("'h'");
    EXPECT_EQ(opened(), "none");
}

TEST_F(StreamSessionTest, TellsOfABatchWhenItIsAnswered) {
    open();
    offer(1);
    offer(2);
    simulation_.run_for(latency);
    EXPECT_EQ(take_sent(), portillon::testing::hex("'gbb'"));
    EXPECT_THAT(take_heard(), IsEmpty());
    say("'yy'");
    EXPECT_THAT(take_heard(), ElementsAre("1 yes", "2 yes"));
}

TEST_F(StreamSessionTest, FailsToOpenAtItsDeadlineOrWhenItIsLostUngreeted) {
    dial(simulation_.now() + 1s);
    simulation_.run_for(1s);
    EXPECT_EQ(opened(), "timed_out");
    dial();
    peers_.back()->transport().shut();
    simulation_.run_for(latency);
    EXPECT_EQ(opened(), "closed");
    dialer_.refuse(1, boost::asio::error::connection_refused);
    dial();
    EXPECT_EQ(opened(), "refused");
    EXPECT_THAT(take_heard(), IsEmpty());
    EXPECT_EQ(session_->connections_gone, 3);
    open();
}

TEST_F(StreamSessionTest, IsBrokenWhenItIsLostAfterItsGreetingHoweverTheBytesAreCut) {
    dial();
    say("'hx'");
    EXPECT_EQ(opened(), "none");
    const auto together = take_heard();
    EXPECT_EQ(together.size(), 1u);
    open();
    say("'x'");
    EXPECT_EQ(take_heard(), together);
}

TEST_F(StreamSessionTest, SettlesWhatIsInFlightBeforeItIsBroken) {
    open();
    offer(1);
    offer(2);
    peers_.back()->transport().shut();
    simulation_.run_for(latency);
    EXPECT_THAT(take_heard(), ElementsAre("1 closed", "2 closed", "broken closed"));
    open();
}

TEST_F(StreamSessionTest, TakesOffersUntilReceiptsHaveHeardThatItIsBroken) {
    open();
    offer(1);
    on_settled_ = [this](Sequence first) {
        if (first == 1) {
            offer(2);
        }
    };
    peers_.back()->transport().shut();
    simulation_.run_for(latency);
    EXPECT_THAT(take_heard(), ElementsAre("1 closed", "2 closed", "broken closed"));
}

TEST_F(StreamSessionTest, LetsTheLoopTurnWhateverIsOfferedAtEachAnswer) {
    open();
    on_settled_ = [this](Sequence first) {
        if (first < 100'000) {
            offer(first + 1, 2);
        }
    };
    offer(1, 2);
    simulation_.loop().poll();
    EXPECT_LE(heard_.size(), 2u);
}

TEST_F(StreamSessionTest, MayBeDestroyedByWhomItTells) {
    open();
    offer(1);
    offer(2);
    simulation_.run_for(latency);
    on_settled_ = [this](Sequence) { session_.reset(); };
    say("'yy'");
    EXPECT_THAT(take_heard(), ElementsAre("1 yes"));
}

TEST_F(StreamSessionTest, MayBeDestroyedByWhomItTellsWhileItIsClosed) {
    open();
    offer(1);
    offer(2);
    on_settled_ = [this](Sequence) { session_.reset(); };
    close(1s);
    simulation_.run_for(2s);
    EXPECT_EQ(take_heard().size(), 1u);
}

TEST_F(StreamSessionTest, MayBeDestroyedWhileItDials) {
    begin_to_dial();
    simulation_.settle();
    session_.reset();
    simulation_.run_for(1s);
    EXPECT_NE(opened(), "none");
}

TEST_F(StreamSessionTest, SettlesWhatIsInFlightBeforeItSaysGoodbye) {
    open();
    offer(1);
    close(1s);
    simulation_.run_for(latency);
    EXPECT_THAT(take_heard(), ElementsAre("1 cancelled"));
    EXPECT_EQ(peers_.back()->end, "closed");
    EXPECT_FALSE(closed_);
    peers_.back()->transport().shut();
    simulation_.run_for(latency);
    EXPECT_TRUE(closed_);
    EXPECT_EQ(session_->goodbyes_answered, 1);
    EXPECT_THAT(take_heard(), IsEmpty());
}

TEST_F(StreamSessionTest, WaitsForTheOtherSideUntilTheDeadline) {
    open();
    close(1s);
    simulation_.run_for(999ms);
    EXPECT_FALSE(closed_);
    simulation_.run_for(1ms);
    EXPECT_TRUE(closed_);
    EXPECT_EQ(session_->goodbyes_unanswered, 1);
    open();
}

}  // namespace
}  // namespace portillon::driver
