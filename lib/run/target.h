#pragma once

// The server that a run loads: a foreign one, or the embedded one, which the run starts and ends.

#include <memory>
#include <string>

#include "net/endpoint.h"
#include "net/task.h"
#include "run/ledger.h"

namespace portillon::run {

class Target {
public:
    virtual ~Target() = default;

    // Makes the target ready for connections. Returns a problem in words, or an empty text. Call it once, before
    // anything below.
    virtual net::Task<std::string> start() = 0;

    virtual net::Located at() const = 0;
    virtual std::string name() const = 0;  // as the report names it
    // Whether the run starts and ends the target. Sessions that it keeps do not matter then.
    virtual bool is_embedded() const = 0;

    // The ledger of one lot's run; nothing if the target has none.
    virtual std::unique_ptr<Ledger> ledger_of(RunId run) = 0;

    // Whether an embedded target has ended by itself. A foreign target is never gone.
    virtual bool gone() const = 0;
    // The losses of an embedded target so far, in words: shards, or the whole server.
    virtual std::vector<std::string> losses() const = 0;

    virtual void end() = 0;  // ends an embedded target; no effect on a foreign one
};

}  // namespace portillon::run
