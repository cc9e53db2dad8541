#pragma once

// A driver under test, with one set of its options: how to make it and its peer, and how its protocol lawfully differs
// from others. A new driver joins with one more candidate in candidates.cc.

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "driver/kind.h"
#include "server/listener.h"

namespace portillon::conformance {

// Ways in which protocols may differ; everything else is the same for all.
struct Manners {
    // The effect of abandon() on a batch that was sent.
    enum class TimeOut : std::uint8_t { cancels, drops_connection } time_out = TimeOut::drops_connection;

    // How often a batch arrives that is offered again after a break until it is acknowledged.
    enum class Promise : std::uint8_t { at_most_once, at_least_once, exactly_once } promise = Promise::at_least_once;

    // Whether a batch may be answered before one that was sent earlier.
    enum class Answers : std::uint8_t { in_any_order, in_order } answers = Answers::in_any_order;

    // The limit that keeps a batch from being sent: Limits::streams of the peer, the stream's flow-control window, or
    // only a kernel that has not taken the bytes before it.
    enum class HeldBackBy : std::uint8_t { window, flow_control, kernel } held_back_by = HeldBackBy::window;

    // Whether a connection survives when the peer's bytes with an answer come twice. The frames and header tables of
    // HTTP/2 have a state that has changed by the second time.
    enum class Repeated : std::uint8_t { passes, may_break } repeated = Repeated::may_break;

    int round_trips = 1;  // from a batch's write to its answer

    // The answers for a batch that the server calls malformed, does not want now, does not want for a time that it
    // names (rounded up to a unit; 0: the protocol cannot express it), and for one larger than the server accepts.
    driver::Answer malformed = driver::Answer::rejected;
    driver::Answer refused = driver::Answer::try_again;
    driver::Answer refused_for_a_while = driver::Answer::throttled;
    Nanos retry_after_unit{};
    driver::Answer too_large = driver::Answer::rejected;
};

struct Candidate {
    std::string name;  // letters, digits and _
    driver::Kind driver;
    nlohmann::json options;  // with a keep-alive of 5 s at most, where there is one
    wire::Encoding encoding = wire::Encoding::protobuf;
    server::ListenerKind peer;
    Manners manners;
};

const std::vector<Candidate>& candidates();

inline void PrintTo(const Candidate& candidate, std::ostream* out) {
    *out << candidate.name;
}

}  // namespace portillon::conformance
