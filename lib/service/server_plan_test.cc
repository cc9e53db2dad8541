#include "service/server_plan.h"

#include <gtest/gtest.h>

namespace portillon::service {
namespace {

Request there_and_back(const server::Instruction& instruction) {
    link::v1::LinkMessage received;
    EXPECT_TRUE(received.ParseFromString(message_of(instruction, 12).SerializeAsString()));
    const auto request = request_of(received);
    EXPECT_TRUE(request);
    EXPECT_EQ(request->number, 12u);
    return *request;
}

TEST(ServerPlan, CarriesEveryInstruction) {
    const auto open = there_and_back(server::OpenRun{"/proc/1/fd/7"});
    EXPECT_EQ(std::get<server::OpenRun>(open.instruction).memory, "/proc/1/fd/7");
    const auto close = there_and_back(server::CloseRun{RunId{~0ULL}});
    EXPECT_EQ(std::get<server::CloseRun>(close.instruction).run, RunId{~0ULL});
    const auto drain = there_and_back(server::DrainRun{RunId{3}, Instant{5s}});
    EXPECT_EQ(std::get<server::DrainRun>(drain.instruction).run, RunId{3});
    EXPECT_EQ(std::get<server::DrainRun>(drain.instruction).deadline, Instant{5s});
    const server::Fault fault{.id = 3, .kind = server::FaultKind::lose, .at = Instant{5s}, .count = 137, .share = 2};
    EXPECT_EQ(std::get<server::SetFault>(there_and_back(server::SetFault{fault}).instruction).fault, fault);
    EXPECT_TRUE(std::holds_alternative<server::ClearFaults>(there_and_back(server::ClearFaults{}).instruction));
}

TEST(ServerPlan, KnowsWhatIsNoInstruction) {
    link::v1::LinkMessage message;
    message.mutable_bye();
    EXPECT_FALSE(request_of(message));
}

TEST(ServerPlan, CarriesEveryLimit) {
    const server::Limits limits{1, 2, 3, 4, 5s, 6s};
    const auto read = read_limits(write_limits(limits));
    EXPECT_EQ(read.packet_bytes, 1u);
    EXPECT_EQ(read.header_list_bytes, 2u);
    EXPECT_EQ(read.streams, 3u);
    EXPECT_EQ(read.connections, 4u);
    EXPECT_EQ(read.first_byte, 5s);
    EXPECT_EQ(read.idle, 6s);
}

}  // namespace
}  // namespace portillon::service
