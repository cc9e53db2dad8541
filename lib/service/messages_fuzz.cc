// Reads messages of the server's conductor to a shard from arbitrary bytes. The first byte chooses plan or instruction.

#include <cstdint>
#include <span>

#include "base/check.h"
#include "service/instruction_message.h"
#include "service/plan_message.h"

namespace service = portillon::service;
namespace v1 = portillon::link::v1;

namespace {

void read_plan(std::span<const std::uint8_t> bytes) {
    v1::ServerPlan message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return;
    }
    const auto plan = service::read_plan(message);
    if (!plan) {
        portillon::check(!plan.problems().front().message.empty(), "no reason");
        return;
    }
    portillon::check(plan->shard < plan->shards, "a shard beyond all");
    const auto again = service::read_plan(service::write_plan(*plan).server_plan());
    portillon::check(again && *again == *plan, "a plan changes when it is read");
}

void read_instruction(std::span<const std::uint8_t> bytes) {
    v1::LinkMessage message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return;
    }
    const auto request = service::request_of(message);
    if (request && request->instruction) {
        const auto again = service::request_of(service::message_of(*request->instruction, request->number));
        portillon::check(again && again->number == request->number && again->instruction &&
                             again->instruction->index() == request->instruction->index(),
                         "an instruction changes when it is read");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) {
        const std::span rest(data + 1, size - 1);
        data[0] % 2 == 0 ? read_plan(rest) : read_instruction(rest);
    }
    return 0;
}
