#pragma once

// What a run is directed at: somebody's server, or the embedded one, which the run starts and ends.

#include <memory>
#include <string>

#include "net/endpoint.h"
#include "net/task.h"
#include "run/ledger.h"

namespace portillon::run {

class Target {
public:
    virtual ~Target() = default;

    // Makes it ready to be connected to. A problem in words, or nothing. Once, before anything below.
    virtual net::Task<std::string> start() = 0;

    virtual net::Located at() const = 0;
    virtual std::string name() const = 0;  // as the report names it
    // Whether the run starts and ends it: nothing that it keeps of sessions matters then.
    virtual bool is_embedded() const = 0;

    // The ledger of one lot's run; nothing if the target has none.
    virtual std::unique_ptr<Ledger> ledger_of(RunId run) = 0;

    // Of an embedded one: all of it has ended.
    virtual bool gone() const = 0;
    // What was lost of it so far, in words: its shards, or all of it.
    virtual std::vector<std::string> losses() const = 0;

    virtual void end() = 0;  // of an embedded one
};

}  // namespace portillon::run
