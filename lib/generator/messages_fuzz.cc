// Reads messages between conductor and generator from arbitrary bytes. The first byte chooses the kind of message.

#include <cstdint>

#include "base/check.h"
#include "generator/plan_message.h"
#include "generator/result_message.h"

namespace generator = portillon::generator;
namespace v1 = portillon::link::v1;

namespace {

template <class Message>
bool parse(std::span<const std::uint8_t> bytes, Message& into) {
    return into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void read_plan(std::span<const std::uint8_t> bytes) {
    v1::GeneratorPlan message;
    if (!parse(bytes, message)) {
        return;
    }
    const auto plan = generator::read_plan(message);
    if (!plan) {
        portillon::check(!plan.problems().front().message.empty(), "no reason");
        return;
    }
    v1::GeneratorPlan again;
    for (const auto& piece : generator::write_plan(*plan, message.shard(), message.shards())) {
        again.MergeFrom(piece.plan());
    }
    const auto reread = generator::read_plan(again);
    portillon::check(reread && reread->lots.size() == plan->lots.size(), "a plan is not read again");
    for (std::size_t i = 0; i < plan->lots.size(); ++i) {
        portillon::check(reread->lots[i].lot.delivery == plan->lots[i].lot.delivery &&
                             reread->lots[i].options == plan->lots[i].options,
                         "a plan changes when it is read");
    }
}

void read_result(std::span<const std::uint8_t> bytes) {
    v1::Result message;
    if (!parse(bytes, message)) {
        return;
    }
    if (const auto result = generator::read_result(message)) {
        v1::Result again;
        for (const auto& piece : generator::write_result(*result, {})) {
            again.MergeFrom(piece.result());
        }
        const auto reread = generator::read_result(again);
        portillon::check(reread && *reread == *result, "a result changes when it is read");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) {
        const std::span rest(data + 1, size - 1);
        data[0] % 2 == 0 ? read_plan(rest) : read_result(rest);
    }
    return 0;
}
