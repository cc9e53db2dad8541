#pragma once

// The instructions of the server's conductor to its shards, and their answers. T0 and the end of a run are not told:
// they stand in the ledger.

#include <cstdint>
#include <string>
#include <variant>

#include "base/units.h"
#include "server/fault.h"

namespace portillon::server {

struct OpenRun {
    std::string memory;  // SharedMemory::path() of its ledger
};
struct CloseRun {
    RunId run{};
};
// Read every connection to its end, until `deadline` at most, then record what is held back.
struct DrainRun {
    RunId run{};
    Instant deadline{};
};
struct SetFault {
    Fault fault;
};
struct ClearFaults {};

using Instruction = std::variant<OpenRun, CloseRun, DrainRun, SetFault, ClearFaults>;

struct Obeyed {
    std::string problem;                 // empty: done
    std::uint64_t connections_left = 0;  // after DrainRun
};

}  // namespace portillon::server
