#pragma once

// The instructions of the server's conductor to its shards, as messages of the link.

#include <optional>

#include "base/problem.h"
#include "link/link.pb.h"
#include "server/instruction.h"

namespace portillon::service {

link::v1::LinkMessage message_of(const server::Instruction& instruction, std::uint64_t request);

struct Request {
    std::uint64_t number = 0;
    Checked<server::Instruction> instruction;  // or why it cannot be obeyed
};
// Nothing if the message is no instruction.
std::optional<Request> request_of(const link::v1::LinkMessage& message);

}  // namespace portillon::service
