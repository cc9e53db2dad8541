#pragma once

// Reports for tests, with every part filled in from fixed figures.

#include "report/model.h"

namespace portillon::report {

// 1,000 equipments over mqtt; nothing is wrong.
RunReport healthy_run();

// The same with losses, duplicates, unanswered validations, errors and a breached threshold.
RunReport troubled_run();

// MQTT at QoS 0: no acknowledgements, so no response, no service, no loss.
RunReport unacknowledged_run();

// Three stages: "warm-up", which is not measured, "steady", and "peak", in which some validations were lost and some
// never answered; one threshold is on the peak alone.
RunReport staged_run();

// The same with two faults: a cut, with the phases around it, and a stall.
RunReport faulty_run();

// mqtt, mqtt at QoS 0 and http2, two repeats, the second in the opposite order.
Comparison sample_comparison();

// Two targets, base and cand, over mqtt and http2: five interleaved repeats with a spread of a few percent between
// runs. cand answers a quarter later over mqtt, and over http2 it loses a validation in the third repeat.
Comparison sample_duel();

// A stage in which `generated` validations were due, all of them acknowledged.
Phase stage_of(const std::string& name, double from_s, double to_s, Count generated = 0);

// Removes all counts of a ledger, as if the target had none; also from a Known (account.h).
template <class Owner>
void forget_ledger(Owner& of) {
    for (const auto& figure : account::count_figures) {
        if (figure.section == account::Section::ledger || figure.section == account::Section::delivery) {
            (of.counts.*figure.known_count).reset();
        }
    }
}

}  // namespace portillon::report
