#include "link/heartbeat.h"

#include <gtest/gtest.h>

#include "testing/simulation.h"

namespace portillon::link {
namespace {

// A link whose other end is played by the test.
class Carrier final : public Link {
public:
    explicit Carrier(std::vector<v1::LinkMessage>& sent) : sent_(sent) {}
    void start(Received received, Ended ended) override {
        received_ = std::move(received);
        ended_ = std::move(ended);
    }
    void send(const v1::LinkMessage& message) override { sent_.push_back(message); }
    void close() override {}
    void hear(const v1::LinkMessage& message) { received_(message); }
    void end() { ended_(error_code(boost::system::errc::connection_reset, boost::system::generic_category())); }

private:
    std::vector<v1::LinkMessage>& sent_;
    Received received_;
    Ended ended_;
};

struct Case {
    testing::Simulation simulation;
    std::vector<v1::LinkMessage> sent;
    Carrier* carrier = nullptr;
    std::unique_ptr<Heartbeat> link;
    int received = 0;
    std::optional<error_code> ended;

    Case() {
        auto owned = std::make_unique<Carrier>(sent);
        carrier = owned.get();
        link = std::make_unique<Heartbeat>(simulation.loop(), std::move(owned), 2s, 10s);
        link->start([this](const v1::LinkMessage&) { ++received; }, [this](const error_code& why) { ended = why; });
    }
    static v1::LinkMessage heartbeat() {
        v1::LinkMessage message;
        message.mutable_heartbeat();
        return message;
    }
    static v1::LinkMessage drained() {
        v1::LinkMessage message;
        message.mutable_drained();
        return message;
    }
};

TEST(Heartbeat, SaysThatItIsAliveWhereNothingElseSaysIt) {
    Case link;
    link.simulation.run_for(2s);
    ASSERT_EQ(link.sent.size(), 1u);
    EXPECT_TRUE(link.sent[0].has_heartbeat());
    for (int i = 0; i < 5; ++i) {
        link.link->send(Case::drained());
        link.simulation.run_for(1s);
    }
    EXPECT_EQ(link.sent.size(), 6u) << "no heartbeat beside what is sent anyway";
}

TEST(Heartbeat, KeepsItToItselfThatTheOtherEndIsAlive) {
    Case link;
    link.carrier->hear(Case::heartbeat());
    EXPECT_EQ(link.received, 0);
    link.carrier->hear(Case::drained());
    EXPECT_EQ(link.received, 1);
}

TEST(Heartbeat, TakesASilentEndForDead) {
    Case link;
    link.simulation.run_for(6s);
    link.carrier->hear(Case::heartbeat());
    link.simulation.run_for(9s);
    EXPECT_FALSE(link.ended);
    link.simulation.run_for(3s);
    ASSERT_TRUE(link.ended);
    EXPECT_TRUE(fell_silent(*link.ended));
    EXPECT_FALSE(spoke_nonsense(*link.ended));
    const auto sent = link.sent.size();
    link.simulation.run_for(30s);
    EXPECT_EQ(link.sent.size(), sent) << "nothing is said to the dead";
}

TEST(Heartbeat, ForgivesTheSilenceOfATimeInWhichItCouldNotListen) {
    Case link;
    link.simulation.run_for(3s);
    link.simulation.stall(60s);
    link.simulation.run_for(1s);
    EXPECT_FALSE(link.ended);
    link.carrier->hear(Case::heartbeat());
    link.simulation.run_for(8s);
    EXPECT_FALSE(link.ended);
}

TEST(Heartbeat, PassesOnThatTheCarrierHasEnded) {
    Case link;
    link.carrier->end();
    ASSERT_TRUE(link.ended);
    EXPECT_FALSE(fell_silent(*link.ended));
}

}  // namespace
}  // namespace portillon::link
