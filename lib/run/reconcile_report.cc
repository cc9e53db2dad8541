#include "run/reconcile_report.h"

#include <algorithm>

#include "gate/threshold.h"
#include "report/figures.h"
#include "report/identities.h"
#include "run/delivery.h"

namespace portillon::run {

namespace {

using Acknowledges = driver::Traits::Acknowledges;

// Judges the report's thresholds anew. The one that ended the run stays failed.
void judge_again(report::RunReport& run) {
    for (auto& threshold : run.thresholds) {
        auto parsed = gate::parse_threshold(threshold.metric, threshold.expression);
        if (!parsed || threshold.metric + ": " + threshold.expression == run.verdict.aborted_by) {
            continue;
        }
        parsed->origin = threshold.origin;
        threshold = report::judge(run, {*parsed}).front();
    }
}

void check_books(report::RunReport& run) {
    auto& verdict = run.verdict;
    for (const auto& problem : report::check_identities(run)) {
        const auto reason = "the books do not balance: " + problem.key + ": " + problem.message;
        if (std::find(verdict.reasons.begin(), verdict.reasons.end(), reason) == verdict.reasons.end()) {
            verdict.reasons.insert(verdict.reasons.begin(), reason);
        }
        verdict.measurement = report::Measurement::invalid;
    }
}

}  // namespace

void reconcile_report(report::RunReport& run, const account::GeneratorAccount& account,
                      const arrived::Findings& findings) {
    const auto& ledger = findings.ledger;
    account::set(run.counts, account::Section::ledger, ledger.counts);
    run.counts.reordered.reset();
    run.counts.lost.reset();
    run.delivery = {};
    set_delivery(run, reconcile(account.unacknowledged, ledger.missing), ledger,
                 run.latency.response ? Acknowledges::yes : Acknowledges::no);
    add_exceptions(run.delivery, findings.unexpected, report::State::unexpected);
    run.delivery.exceptions_omitted += findings.unexpected_unnamed;
    check_books(run);
    judge_again(run);
}

}  // namespace portillon::run
