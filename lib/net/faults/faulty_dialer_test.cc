#include "net/faults/faulty_dialer.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "net/task_group.h"
#include "testing/counted_new.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::net::faults {
namespace {

using portillon::faults::Kind;
using portillon::faults::NetworkFault;

constexpr EquipmentId one{1};

NetworkFault fault(Kind kind, Nanos at, Nanos length) {
    NetworkFault made;
    made.kind = kind;
    made.at = at;
    made.length = length;
    return made;
}

// Records the events of one end: "1s:text", "2s:end reset", "3s:drained".
class Seen final : public Transport::Reader {
public:
    Seen(testing::Simulation& simulation, Instant t0) : simulation_(simulation), t0_(t0) {}

    void received(std::span<const std::byte> bytes) override {
        note({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        bytes_ += bytes.size();
        if (destroys != nullptr) {
            destroys->reset();
        }
    }
    void ended(const error_code& cause) override { note("end " + cause_name(cause)); }
    void drained() override { note("drained"); }
    void note(const std::string& what) {
        log.push_back(format_duration(simulation_.now() - t0_) + ":" + (what.size() > 100 ? "..." : what));
    }
    std::size_t bytes() const { return bytes_; }

    std::vector<std::string> log;
    std::unique_ptr<Transport>* destroys = nullptr;  // within received()

private:
    testing::Simulation& simulation_;
    Instant t0_;
    std::size_t bytes_ = 0;
};

using Log = std::vector<std::string>;

struct World {
    explicit World(std::vector<NetworkFault> list) : timeline(std::move(list), 7) {}

    void start() { dialer.start(t0); }
    void until(Nanos since_t0) { simulation.run_until(t0 + since_t0); }

    // Dials now, and notes the outcome and its instant.
    void dial(Nanos patience = 3s) {
        client = dialer.dial(one);
        tasks.spawn(dial_by(patience));
        simulation.settle();
    }
    Task<void> dial_by(Nanos patience) {
        const error_code failure = co_await client->connect(simulation.now() + patience);
        seen.note(failure ? "failed " + cause_name(failure) : "connected");
        if (!failure) {
            client->start(seen);
        }
    }

    void write(std::string_view text) { client->write(std::as_bytes(std::span(text))); }
    void serve(std::string_view text) { servers.back()->write(std::as_bytes(std::span(text))); }

    testing::Simulation simulation;
    Instant t0 = simulation.now() + 1s;
    Seen seen{simulation, t0}, server_seen{simulation, t0};
    portillon::faults::NetworkFaults timeline;
    std::deque<std::unique_ptr<Transport>> servers;
    testing::PipeDialer pipes{simulation.loop(), 0ns, [this](EquipmentId, std::unique_ptr<Transport> transport) {
                                  servers.push_back(std::move(transport));
                                  servers.back()->start(server_seen);
                              }};
    FaultyDialer dialer{simulation.loop(), pipes, timeline};
    std::unique_ptr<Transport> client;
    TaskGroup tasks{simulation.loop()};
};

TEST(FaultyDialer, ChangesNothingBeforeAFaultAndAfterIt) {
    World world({fault(Kind::cut, 1s, 1s)});
    world.dial();
    world.start();
    world.until(0s);
    world.write("a");
    world.serve("b");
    world.until(2s);
    world.write("c");
    world.serve("d");
    world.until(3s);
    EXPECT_EQ(world.server_seen.log, (Log{"0s:a", "2s:c"}));
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "0s:b", "2s:d"}));
    EXPECT_EQ(world.dialer.injected()[0], (Injected{1, 0, 0}));
}

TEST(FaultyDialer, LeavesThoseUndecoratedThatNoFaultHits) {
    auto other = fault(Kind::cut, 1s, 1s);
    other.first = 2;
    World world({other});
    auto plain = world.pipes.dial(one);
    auto spared = world.dialer.dial(one);
    auto struck = world.dialer.dial(EquipmentId{2});
    const auto& as_it_is = *plain;
    const auto& undecorated = *spared;
    const auto& decorated = *struck;
    EXPECT_EQ(typeid(as_it_is), typeid(undecorated));
    EXPECT_NE(typeid(as_it_is), typeid(decorated));
}

TEST(FaultyDialer, DelaysEveryPieceInEitherDirectionAndTheDial) {
    auto slow = fault(Kind::latency, 0s, 10s);
    slow.delay = 50ms;
    World world({slow});
    world.start();
    world.until(1s);
    world.dial();
    world.until(2s);
    world.write("a");
    world.serve("b");
    world.until(2s + 10ms);
    world.write("c");
    world.until(9s + 980ms);
    world.serve("late");
    world.servers.back()->shut();
    world.until(11s);
    EXPECT_EQ(world.server_seen.log, (Log{"2.05s:a", "2.06s:c"}));
    EXPECT_EQ(world.seen.log, (Log{"1.1s:connected", "2.05s:b", "10.03s:late", "10.03s:end closed"}));
}

TEST(FaultyDialer, DrawsJitterButKeepsTheOrder) {
    auto slow = fault(Kind::latency, 0s, 10s);
    slow.delay = 50ms;
    slow.jitter = 40ms;
    Log first;
    for (int again = 0; again < 2; ++again) {
        World world({slow});
        world.dial();
        world.start();
        world.until(1s);
        std::string sent;
        for (int i = 0; i < 100; ++i) {
            world.write(std::to_string(i) + " ");
            sent += std::to_string(i) + " ";
            world.until(1s + (i + 1) * 1ms);
        }
        world.until(2s);
        std::string got;
        std::vector<std::string> instants;
        for (const auto& entry : world.server_seen.log) {
            const auto colon = entry.find(':');
            got += entry.substr(colon + 1);
            instants.push_back(entry.substr(0, colon));
        }
        EXPECT_EQ(got, sent);
        EXPECT_LT(instants.size(), 90u) << "some caught up with those in front";
        EXPECT_GT(instants.size(), 5u);
        if (again == 0) {
            first = world.server_seen.log;
        }
        EXPECT_EQ(world.server_seen.log, first) << "the seed decides";
    }
}

TEST(FaultyDialer, HoldsInASilenceWhatFlowsAtItsEnd) {
    World world({fault(Kind::cut, 1s, 9s)});
    world.dial();
    world.start();
    world.until(2s);
    world.write("a");
    world.write("b");
    world.serve("c");
    world.until(5s);
    world.write("d");
    world.client->shut();
    world.until(20s);
    EXPECT_EQ(world.server_seen.log, (Log{"10s:abd", "10s:end closed"}));
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "10s:c"}));
}

TEST(FaultyDialer, LeavesTheServerAConnectionThatIsClosedInASilence) {
    for (const bool wrote : {false, true}) {
        World world({fault(Kind::cut, 1s, 9s)});
        world.dial();
        world.start();
        world.until(2s);
        if (wrote) {
            world.write("a");
        }
        world.client.reset();
        world.until(9s);
        EXPECT_EQ(world.server_seen.log, Log{});
        world.until(11s);
        EXPECT_EQ(world.server_seen.log, wrote ? (Log{"10s:a", "10s:end closed"}) : Log{"10s:end closed"});
    }
}

TEST(FaultyDialer, LetsDialsHangInASilence) {
    World world({fault(Kind::cut, 1s, 9s)});
    world.start();
    world.until(2s);
    world.dial();
    world.until(6s + 300ms);
    world.dial(30s);
    world.until(11s);
    EXPECT_EQ(world.seen.log, (Log{"5s:failed timed_out", "10.3s:connected"})) << "when it asks again";
    EXPECT_EQ(world.dialer.injected()[0], (Injected{0, 0, 1}));
    EXPECT_EQ(world.servers.size(), 1u);
}

TEST(FaultyDialer, SilencesOneDirectionOnly) {
    for (const auto direction : {portillon::faults::Direction::up, portillon::faults::Direction::down}) {
        auto half = fault(Kind::one_way, 1s, 9s);
        half.direction = direction;
        World world({half});
        world.dial();
        world.start();
        world.until(2s);
        world.write("a");
        world.serve("b");
        world.until(11s);
        const bool up = direction == portillon::faults::Direction::up;
        EXPECT_EQ(world.server_seen.log, Log{up ? "10s:a" : "2s:a"});
        EXPECT_EQ(world.seen.log, (Log{"-1s:connected", up ? "2s:b" : "10s:b"}));
    }
}

TEST(FaultyDialer, ResetsBothEndsAgainAndAgain) {
    auto resets = fault(Kind::reset, 1s, 250ms);
    resets.every = 100ms;
    World world({resets});
    world.dial();
    world.start();
    world.until(1s + 50ms);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "1s:end reset"}));
    EXPECT_EQ(world.server_seen.log, Log{"1s:end reset"});
    world.write("nobody hears this");
    world.dial();
    world.until(5s);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "1s:end reset", "1.05s:connected", "1.1s:end reset"}));
    world.dial();
    world.until(6s);
    EXPECT_EQ(world.seen.log.back(), "5s:connected");
    EXPECT_EQ(world.dialer.injected()[0], (Injected{2, 0, 0}));
}

TEST(FaultyDialer, TellsAResetToAReaderThatStartsLater) {
    World world({fault(Kind::reset, 1s, 0s)});
    auto client = world.dialer.dial(one);
    struct Late {
        static Task<void> connect(Transport& transport, World& in) {
            const error_code failure = co_await transport.connect(never);
            EXPECT_FALSE(failure);
            in.seen.note("connected");
        }
    };
    world.tasks.spawn(Late::connect(*client, world));
    world.start();
    world.until(2s);
    client->start(world.seen);
    EXPECT_EQ(world.seen.log, Log{"-1s:connected"}) << "never from inside a call";
    world.simulation.settle();
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "2s:end reset"}));
}

TEST(FaultyDialer, KeepsSilentAboutAFarEndThatIsGone) {
    World world({fault(Kind::half_open, 1s, 0s)});
    world.dial();
    world.start();
    world.until(2s);
    world.write("a");
    world.until(1h);
    EXPECT_EQ(world.seen.log, Log{"-1s:connected"});
    EXPECT_EQ(world.server_seen.log, Log{"1s:end reset"});
    EXPECT_EQ(world.client->unsent(), 0u);
    world.dial();
    world.write("b");
    world.until(2h);
    EXPECT_EQ(world.server_seen.log, (Log{"1s:end reset", "1h:b"}));
    EXPECT_EQ(world.dialer.injected()[0], (Injected{1, 0, 0}));
}

TEST(FaultyDialer, RefusesDialsAndLeavesTheLivingAlone) {
    World world({fault(Kind::refuse, 1s, 1s)});
    world.dial();
    world.start();
    world.until(1500ms);
    world.write("a");
    auto living = std::move(world.client);
    world.dial();
    world.until(2s);
    world.dial();
    world.until(3s);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "1.5s:failed refused", "2s:connected"}));
    EXPECT_EQ(world.server_seen.log, Log{"1.5s:a"});
    EXPECT_EQ(world.dialer.injected()[0], (Injected{0, 1, 0}));
}

TEST(FaultyDialer, FlappingResetsAndRefuses) {
    auto flapping = fault(Kind::flapping, 0s, 30s);
    flapping.up = 2s;
    flapping.down = 1s;
    World world({flapping});
    world.start();
    for (Nanos at = 0s; at < 40s; at += 100ms) {
        world.until(at);
        if (world.seen.log.empty() || world.seen.log.back().find("connected") == std::string::npos) {
            world.client.reset();
            world.dial();
        }
    }
    const auto count = [&](const char* what) {
        return std::count_if(world.seen.log.begin(), world.seen.log.end(),
                             [&](const auto& entry) { return entry.find(what) != std::string::npos; });
    };
    EXPECT_EQ(count("end reset"), 10);
    EXPECT_EQ(count("connected"), 11);
    EXPECT_NEAR(static_cast<double>(count("failed refused")), 100, 10);  // a second each, asked ten times a second
    EXPECT_EQ(world.dialer.injected()[0], (Injected{10, static_cast<std::uint64_t>(count("failed refused")), 0}));
}

TEST(FaultyDialer, CarriesWhatTheBandwidthAllowsEachWay) {
    auto narrow = fault(Kind::bandwidth, 0s, 100s);
    narrow.bytes_per_s = 10'000;
    World world({narrow});
    world.dial();
    world.start();
    world.until(0s);
    const std::string much(200'000, 'x');
    world.write(much);
    world.serve(much);
    EXPECT_EQ(world.client->unsent(), 200'000u - (128u << 10)) << "what a kernel's buffer does not take";
    world.until(7s);
    EXPECT_NEAR(static_cast<double>(world.server_seen.bytes()), 70'000, 1'460);
    EXPECT_NEAR(static_cast<double>(world.seen.bytes()), 70'000, 1'460);
    world.until(21s);
    EXPECT_EQ(world.server_seen.bytes(), 200'000u);
    EXPECT_EQ(world.seen.bytes(), 200'000u);
    EXPECT_EQ(std::count_if(world.seen.log.begin(), world.seen.log.end(),
                            [](const auto& entry) { return entry.find("drained") != std::string::npos; }),
              1);
}

TEST(FaultyDialer, TellsAPausedWriterThatNothingIsLeftToSendThoughTheConnectionBroke) {
    auto narrow = fault(Kind::bandwidth, 0s, 100s);
    narrow.bytes_per_s = 10'000;
    auto resets = fault(Kind::reset, 1s, 1s);
    resets.every = 1s;
    World world({narrow, resets});
    world.dial();
    world.start();
    world.until(0s);
    world.client->pause();
    world.write(std::string(200'000, 'x'));
    world.until(2s);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "1s:drained"}));
    EXPECT_EQ(world.client->unsent(), 0u);
    world.client->resume();
    world.until(3s);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "1s:drained", "2s:end reset"}));
}

TEST(FaultyDialer, CarriesOnToOneThatHasEndedAndTellsOfTheEndOnce) {
    auto resets = fault(Kind::reset, 3s, 1s);
    resets.every = 1s;
    World world({fault(Kind::cut, 1s, 1s), resets});
    world.dial();
    world.start();
    world.until(500ms);
    world.servers.back()->shut();
    world.until(1500ms);
    world.write("after the end");
    world.until(5s);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "500ms:end closed"}));
    EXPECT_EQ(world.server_seen.log, (Log{"2s:after the end", "3s:end reset"}));
}

TEST(FaultyDialer, DoesNotMakeUpForASilenceOnANarrowWay) {
    auto narrow = fault(Kind::bandwidth, 0s, 100s);
    narrow.bytes_per_s = 10'000;
    World world({narrow, fault(Kind::cut, 1s, 9s)});
    world.dial();
    world.start();
    world.until(990ms);
    world.write(std::string(100'000, 'x'));
    world.serve(std::string(100'000, 'y'));
    world.until(11s);
    EXPECT_NEAR(static_cast<double>(world.server_seen.bytes()), 10'000, 1'460);
    EXPECT_NEAR(static_cast<double>(world.seen.bytes()), 10'000, 1'460);
}

TEST(FaultyDialer, ReadsSlowlySoThatTheServerHasToWait) {
    auto slow = fault(Kind::slow_read, 0s, 100s);
    slow.bytes_per_s = 10'000;
    World world({slow});
    world.dial();
    world.start();
    world.until(0s);
    for (int i = 0; i < 100; ++i) {
        world.serve(std::string(1'000, 'x'));
    }
    world.write(std::string(50'000, 'y'));
    world.simulation.settle();
    EXPECT_EQ(world.server_seen.bytes(), 50'000u) << "the other direction is as fast as ever";
    world.until(5s);
    EXPECT_NEAR(static_cast<double>(world.seen.bytes()), 50'000, 1'000);
    // One piece is in flight, the rest has not been read off the pipe.
    EXPECT_LE(world.pipes.client_traffic.bytes_received, world.seen.bytes() + 1'000);
    world.until(11s);
    EXPECT_EQ(world.seen.bytes(), 100'000u);
}

TEST(FaultyDialer, HeedsTheReadersBackPressure) {
    auto slow = fault(Kind::latency, 0s, 10s);
    slow.delay = 50ms;
    World world({slow});
    world.dial();
    world.start();
    world.until(1s);
    world.serve("a");
    world.until(1s + 10ms);
    world.client->pause();
    world.serve("b");
    world.servers.back()->shut();
    world.until(5s);
    EXPECT_EQ(world.seen.log, Log{"-1s:connected"});
    world.client->resume();
    EXPECT_EQ(world.seen.log.size(), 1u) << "never from inside a call";
    world.until(6s);
    EXPECT_EQ(world.seen.log, (Log{"-1s:connected", "5s:a", "5.05s:b", "5.05s:end closed"}));
}

TEST(FaultyDialer, MayBeDestroyedFromWithinACallback) {
    auto slow = fault(Kind::latency, 1s, 10s);
    slow.delay = 50ms;
    for (const Nanos at : {Nanos{500ms}, Nanos{2s}}) {
        World world({slow});
        world.dial();
        world.start();
        world.seen.destroys = &world.client;
        world.until(at);
        world.serve("a");
        world.until(4s);
        EXPECT_EQ(world.seen.log.size(), 2u);
        EXPECT_EQ(world.server_seen.log.size(), 1u) << "its end";
    }
}

TEST(FaultyDialer, GivesUpADialThatIsClosed) {
    auto slow = fault(Kind::latency, 0s, 10s);
    slow.delay = 50ms;
    for (const auto& list : {std::vector{fault(Kind::cut, 0s, 10s)}, std::vector{slow}}) {
        World world(list);
        world.start();
        world.until(1s);
        auto client = world.dialer.dial(one);
        struct Dial {
            static Task<void> connect(Transport& transport, World& in) {
                const error_code failure = co_await transport.connect(never);
                in.seen.note("failed " + cause_name(failure));
            }
        };
        world.tasks.spawn(Dial::connect(*client, world));
        world.simulation.settle();
        client.reset();
        world.until(20s);
        EXPECT_EQ(world.seen.log.size(), 1u);
        EXPECT_TRUE(world.servers.empty());
    }
}

TEST(FaultyDialer, GoesWithConnectionsThatStillLinger) {
    World world({fault(Kind::cut, 1s, 9s)});
    world.dial();
    world.start();
    world.until(2s);
    world.write("a");
    world.client.reset();  // the world is destroyed here; the sanitizers watch
    EXPECT_EQ(world.server_seen.log, Log{});
}

TEST(FaultyDialer, AllocatesNothingForAMessage) {
    // A far end that neither answers nor remembers.
    class Sink final : public Transport {
    public:
        Task<error_code> connect(Instant) override { co_return error_code{}; }
        void start(Reader&) override {}
        void write(std::span<const std::byte> bytes) override { taken += bytes.size(); }
        std::size_t unsent() const override { return 0; }
        void pause() override {}
        void resume() override {}
        void shut() override {}
        void close() override {}
        void reset() override {}
        std::size_t taken = 0;
    };
    class SinkDialer final : public Dialer {
    public:
        std::unique_ptr<Transport> dial(EquipmentId) override {
            auto made = std::make_unique<Sink>();
            last = made.get();
            return made;
        }
        Sink* last = nullptr;
    };
    auto slow = fault(Kind::latency, 0s, 1h);
    slow.delay = 50ms;
    slow.jitter = 10ms;
    const portillon::faults::NetworkFaults timeline({slow}, 7);
    testing::Simulation simulation;
    SinkDialer sinks;
    FaultyDialer dialer(simulation.loop(), sinks, timeline);
    auto client = dialer.dial(one);
    struct Dial {
        static Task<void> connect(Transport& transport, Transport::Reader& reader) {
            const error_code failure = co_await transport.connect(never);
            EXPECT_FALSE(failure);
            transport.start(reader);
        }
    };
    Seen seen(simulation, simulation.now());
    TaskGroup tasks(simulation.loop());
    tasks.spawn(Dial::connect(*client, seen));
    dialer.start(simulation.now());
    simulation.run_for(1s);
    const std::vector<std::byte> message(120);
    const auto send_some = [&] {
        for (int i = 0; i < 1'000; ++i) {
            client->write(message);
            simulation.run_for(1ms);
        }
    };
    send_some();
    simulation.run_for(1s);
    const auto before = testing::allocations_so_far();
    send_some();
    EXPECT_EQ(testing::allocations_so_far() - before, 0u);
    simulation.run_for(1s);
    EXPECT_EQ(sinks.last->taken, 240'000u);
}

}  // namespace
}  // namespace portillon::net::faults
