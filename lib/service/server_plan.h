#pragma once

// What the server's conductor and its shards say to each other, as messages of the link.

#include <optional>

#include "link/link.pb.h"
#include "server/instruction.h"
#include "server/listener.h"

namespace portillon::service {

std::string write_limits(const server::Limits& limits);
server::Limits read_limits(const std::string& text);  // of write_limits()

link::v1::LinkMessage message_of(const server::Instruction& instruction, std::uint64_t request);

struct Request {
    std::uint64_t number = 0;
    server::Instruction instruction;
};
// Nothing if the message is no instruction.
std::optional<Request> request_of(const link::v1::LinkMessage& message);

}  // namespace portillon::service
