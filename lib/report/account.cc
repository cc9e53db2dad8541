#include "report/account.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/identities.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

std::optional<Count> sum_of(std::optional<Count> sum, std::optional<Count> more) {
    return sum && more ? std::optional(*sum + *more) : std::nullopt;
}

account::KnownCounts every_count_zero() {
    account::KnownCounts counts;
    for (const auto& figure : account::count_figures) {
        counts.*figure.known_count = 0;
    }
    return counts;
}

// Begins a sentence: "Every validation of the other equipments that was due before the run was ended".
std::string every_validation(const Known& known) {
    return fmt::format("Every validation{}{}", known.unaccounted != 0U ? " of the other equipments" : "",
                       known.complete ? "" : " that was due before the run was ended");
}

void tell_of_answers(const Known& known, std::vector<std::string>& sentences) {
    if (!known.acknowledges) {
        sentences.emplace_back("Nothing is acknowledged either.");
    } else if (known.counts.acknowledged == known.counts.generated) {
        sentences.push_back(every_validation(known) + " was acknowledged.");
    } else {
        sentences.push_back(fmt::format("{} of {} were acknowledged.", counted(*known.counts.acknowledged),
                                        counted(*known.counts.generated, "validation")));
    }
}

void tell_of_arrivals(const Known& known, std::vector<std::string>& sentences) {
    const auto say = [&sentences](Count count, const char* one, const char* many) {
        if (count > 0) {
            sentences.push_back(counted(count) + (count == 1 ? one : many));
        }
    };
    const auto& counts = known.counts;
    if (known.balanced && known.counts.undelivered == 0U && known.counts.lost.value_or(0) == 0 &&
        *counts.duplicated == 0 && counts.reordered.value_or(0) == 0 && *counts.unexpected == 0 &&
        *known.counts.generated > 0) {
        sentences.push_back(every_validation(known) +
                            (counts.reordered ? " arrived, once and in order." : " arrived, once."));
    }
    say(known.counts.lost.value_or(0), " validation was acknowledged and then LOST: the server broke its promise.",
        " validations were acknowledged and then LOST: the server broke its promise.");
    say(known.counts.undelivered.value_or(0), " validation was generated and never arrived.",
        " validations were generated and never arrived.");
    say(*counts.duplicated, " more copy arrived of what had arrived before.",
        " more copies arrived of what had arrived before.");
    say(counts.reordered.value_or(0), " arrived after a later one of its equipment.",
        " arrived after a later one of their equipment.");
    say(*counts.unexpected, " arrived that nobody sent like this.", " arrived that nobody sent like this.");
    if (known.acknowledges) {
        say(known.counts.unconfirmed.value_or(0), " arrived without its equipment knowing.",
            " arrived without their equipments knowing.");
    }
}

// Adds sentences on what the ledger cannot say.
void tell_of_gaps(const Known& known, std::vector<std::string>& sentences) {
    if (!known.counts.undelivered) {
        sentences.emplace_back(
            "The server's record was not compared with what was generated: what is missing is not known.");
    }
    if (!known.counts.reordered) {
        sentences.emplace_back("In which order they arrived is not known: what the server exported has none.");
    }
    if (!known.acknowledges) {
        sentences.emplace_back("Nothing is acknowledged, so nothing can be lost against a promise.");
    } else if (!known.counts.lost) {
        sentences.emplace_back("Whether any acknowledged one was lost is not known.");
    }
    if (!known.balanced) {
        sentences.emplace_back("The delivery account does not add up, so that none of this is certain.");
    }
}

}  // namespace

std::optional<Count> unaccounted_of(const RunReport& run) {
    if (run.counts.unaccounted) {
        return run.counts.unaccounted;
    }
    // Reports up to version 0.2 mention lost processes only in their verdict.
    const auto& reasons = run.verdict.reasons;
    const bool some = std::any_of(reasons.begin(), reasons.end(), [](const std::string& reason) {
        return reason.starts_with("a process was lost: generator");
    });
    return some ? std::nullopt : std::optional<Count>(0);
}

Known known_of(const std::vector<const RunReport*>& runs) {
    Known known;
    known.counts = every_count_zero();
    for (const auto* run : runs) {
        ++known.runs;
        known.equipments += *run->counts.equipments;
        known.unaccounted = sum_of(known.unaccounted, unaccounted_of(*run));
        known.complete = known.complete && run->verdict.complete;
        known.embedded = known.embedded && run->target == "embedded";
        known.balanced = known.balanced && check_identities(*run).empty();
        known.acknowledges = known.acknowledges && run->latency.response.has_value();
        account::add_repeat(known.counts, run->counts);
    }
    return known;
}

std::vector<std::string> account_of(const Known& known) {
    if (known.runs == 0) {
        return {"No run came to an end: nothing is known."};
    }
    std::vector<std::string> sentences;
    if (known.unaccounted.value_or(0) > 0 && *known.unaccounted >= known.equipments) {
        return {
            "No equipment is accounted for: every generator process was lost, and with it all that its equipments "
            "generated."};
    }
    if (known.unaccounted != 0U) {
        const auto which = !known.unaccounted        ? std::string("Some equipments are")
                           : *known.unaccounted == 1 ? std::string("1 equipment is")
                                                     : counted(*known.unaccounted) + " equipments are";
        sentences.push_back(
            which +
            " unaccounted for: the generator process was lost, and with it what was generated there and "
            "what became of it. The rest tells of the others only.");
    }
    if (*known.counts.generated == 0) {
        sentences.emplace_back("Nothing was generated, so there is nothing to judge.");
    }
    if (known.counts.delivered) {
        tell_of_arrivals(known, sentences);
        if (*known.counts.generated > 0) {
            tell_of_gaps(known, sentences);
        }
    } else if (*known.counts.generated > 0) {
        sentences.emplace_back(known.embedded ? "The server's record could not be read: what arrived is not known."
                                              : "The target has no record: what arrived is not known.");
        tell_of_answers(known, sentences);
    }
    return sentences;
}

std::vector<std::string> account_of(const RunReport& run) {
    return account_of(known_of({&run}));
}

}  // namespace portillon::report
