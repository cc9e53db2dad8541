#pragma once

// A fault as a message from the server's conductor to a shard.

#include "base/problem.h"
#include "link/link.pb.h"
#include "server/fault.h"

namespace portillon::service {

void write_fault(const server::Fault& fault, link::v1::ServerFault& into);

// A fault that was read has no problem (server::problem_of()).
Checked<server::Fault> read_fault(const link::v1::ServerFault& message);

}  // namespace portillon::service
