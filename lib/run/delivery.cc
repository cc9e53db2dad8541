#include "run/delivery.h"

namespace portillon::run {

using Answers = driver::Traits::Acknowledges;

void add_exceptions(report::Delivery& delivery, const std::vector<Range>& ranges, report::State state) {
    for (const Range& range : ranges) {
        if (delivery.exceptions.size() < report::most_exceptions) {
            delivery.exceptions.push_back({number_of(range.equipment), range.first, range.last, state});
        } else {
            ++delivery.exceptions_omitted;
        }
    }
}

void set_delivery(report::RunReport& run, const Reconciled& sets, const account::LedgerAccount& ledger,
                  Answers acknowledges) {
    run.counts.undelivered = count_of(sets.undelivered);
    run.counts.unconfirmed = count_of(sets.unconfirmed);
    auto& delivery = run.delivery;
    if (acknowledges == Answers::yes) {
        run.counts.lost = count_of(sets.lost);
        add_exceptions(delivery, sets.lost, report::State::lost);
    }
    add_exceptions(delivery,
                   difference(sets.undelivered, acknowledges == Answers::yes ? sets.lost : std::vector<Range>{}),
                   report::State::undelivered);
    add_exceptions(delivery, ledger.duplicated_ranges, report::State::duplicated);
    add_exceptions(delivery, ledger.reordered_ranges, report::State::reordered);
    if (acknowledges == Answers::yes) {  // otherwise every validation that arrived is unconfirmed
        add_exceptions(delivery, sets.unconfirmed, report::State::unconfirmed);
    }
}

}  // namespace portillon::run
