#include "server/drains.h"

#include <gtest/gtest.h>

#include <optional>

#include "testing/simulation.h"

namespace portillon::server {
namespace {

struct FakePipeline final : Holder {
    std::size_t waiting() const override { return left; }
    void flush() override { ++flushes; }
    std::size_t left = 0;
    int flushes = 0;
};

struct DrainsScene {
    void begin(Nanos within) {
        drains.begin(simulation.now() + within, [this](std::size_t left) {
            connections_left = left;
            ++ended;
        });
    }

    testing::Simulation simulation;
    FakePipeline pipeline;
    std::size_t connections = 0;
    Drains drains{simulation.loop(), pipeline, [this] { return connections; }};
    std::size_t connections_left = 99;
    int ended = 0;
};

TEST(Drains, WaitForConnectionsAndFlush) {
    DrainsScene scene;
    scene.connections = 1;
    scene.begin(5s);
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.ended, 0);
    EXPECT_EQ(scene.pipeline.flushes, 0) << "faults go on while there are connections";
    scene.connections = 0;
    scene.simulation.run_for(20ms);
    EXPECT_EQ(scene.ended, 1);
    EXPECT_EQ(scene.connections_left, 0u);
    EXPECT_EQ(scene.pipeline.flushes, 1);
}

TEST(Drains, WaitForWhatThePipelineCannotLetGoAtOnce) {
    DrainsScene scene;
    scene.pipeline.left = 3;
    scene.begin(5s);
    scene.simulation.run_for(1s);
    EXPECT_EQ(scene.ended, 0);
    EXPECT_GT(scene.pipeline.flushes, 0);
    scene.pipeline.left = 0;
    scene.simulation.run_for(10ms);
    EXPECT_EQ(scene.ended, 1);
}

TEST(Drains, EndAtTheirOwnDeadlines) {
    DrainsScene scene;
    scene.pipeline.left = 3;
    scene.connections = 2;
    scene.begin(5s);
    scene.begin(2s);
    scene.simulation.run_for(2s);
    EXPECT_EQ(scene.ended, 1);
    EXPECT_EQ(scene.connections_left, 2u);
    scene.simulation.run_for(3s);
    EXPECT_EQ(scene.ended, 2);
}

}  // namespace
}  // namespace portillon::server
