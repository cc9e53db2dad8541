#include "service/instruction_message.h"

#include <gtest/gtest.h>

namespace portillon::service {
namespace {

server::Instruction there_and_back(const server::Instruction& instruction) {
    link::v1::LinkMessage received;
    EXPECT_TRUE(received.ParseFromString(message_of(instruction, 12).SerializeAsString()));
    const auto request = request_of(received);
    EXPECT_TRUE(request);
    EXPECT_EQ(request->number, 12u);
    EXPECT_TRUE(request->instruction);
    return *request->instruction;
}

TEST(Instruction, IsCarriedWhateverItIs) {
    EXPECT_EQ(std::get<server::OpenRun>(there_and_back(server::OpenRun{"/proc/1/fd/7"})).memory, "/proc/1/fd/7");
    EXPECT_EQ(std::get<server::CloseRun>(there_and_back(server::CloseRun{RunId{~0ULL}})).run, RunId{~0ULL});
    const auto drain = std::get<server::DrainRun>(there_and_back(server::DrainRun{RunId{3}, Instant{5s}}));
    EXPECT_EQ(drain.run, RunId{3});
    EXPECT_EQ(drain.deadline, Instant{5s});
    const server::Fault fault{.id = 3, .kind = server::FaultKind::lose, .at = Instant{5s}, .count = 137, .share = 2};
    EXPECT_EQ(std::get<server::SetFault>(there_and_back(server::SetFault{fault})).fault, fault);
    EXPECT_TRUE(std::holds_alternative<server::ClearFaults>(there_and_back(server::ClearFaults{})));
}

TEST(Instruction, IsNotEveryMessage) {
    link::v1::LinkMessage message;
    message.mutable_bye();
    EXPECT_FALSE(request_of(message));
}

TEST(Instruction, IsRefusedUnderItsNumberWhenNoShardCanObeyIt) {
    link::v1::LinkMessage message = message_of(server::SetFault{{.kind = server::FaultKind::lose}}, 12);
    message.mutable_fault_set()->mutable_fault()->set_kind(99);
    const auto request = request_of(message);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->number, 12u);
    ASSERT_FALSE(request->instruction);
    EXPECT_EQ(format_problem(request->instruction.problems().front()), "fault: kind 99 is unknown");
}

}  // namespace
}  // namespace portillon::service
