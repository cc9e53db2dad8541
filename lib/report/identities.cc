#include "report/identities.h"

#include <fmt/format.h>

namespace portillon::report {

const char* name_of(Measurement measurement) {
    switch (measurement) {
        case Measurement::valid:
            return "valid";
        case Measurement::suspect:
            return "suspect";
        case Measurement::invalid:
            break;
    }
    return "invalid";
}

const char* name_of(State state) {
    switch (state) {
        case State::lost:
            return "lost";
        case State::undelivered:
            return "undelivered";
        case State::unconfirmed:
            return "unconfirmed";
        case State::duplicated:
            return "duplicated";
        case State::reordered:
            return "reordered";
        case State::unexpected:
            break;
    }
    return "unexpected";
}

Problems check_identities(const RunReport& run) {
    Problems problems;
    const auto hold_equal = [&problems](const char* key, const char* identity, Count left, Count right) {
        if (left != right) {
            problems.push_back(
                {.source = {},
                 .key = key,
                 .message = fmt::format("the books do not balance: {} ({} against {})", identity, left, right)});
        }
    };
    const auto& tally = run.tally;
    const auto& delivery = run.delivery;
    hold_equal("tally.generated", "generated = acknowledged + rejected + discarded + unacknowledged + cached",
               tally.generated,
               tally.acknowledged + tally.rejected + tally.discarded + tally.unacknowledged + tally.cached);
    if (run.ledger && delivery.undelivered) {
        hold_equal("delivery.undelivered", "delivered + undelivered = generated",
                   run.ledger->delivered + *delivery.undelivered, tally.generated);
    }
    // Written without subtraction: hand-made figures must not wrap.
    if (run.ledger && delivery.lost && delivery.unconfirmed) {
        hold_equal("delivery.lost", "acknowledged + unconfirmed = delivered + lost",
                   tally.acknowledged + *delivery.unconfirmed, run.ledger->delivered + *delivery.lost);
    }
    return problems;
}

}  // namespace portillon::report
