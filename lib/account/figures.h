#pragma once

// The figures of an account, each declared once. A count is a member of Figures and a row of count_figures; all code
// that adds up, sends, writes, reads, shows or judges counts loops over these rows. A new count needs the member and
// its row here, the code that counts it, and its key in reports/report.schema.json.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace portillon::account {

using Count = std::uint64_t;

// Every count that a report knows. Value is Count where things are counted, and std::optional<Count> where a reader
// must be able to tell 0 from "not known".
template <class Value>
struct Figures {
    // The tally: what became of each validation, as the generator knows it (design.md). The first is the sum of the
    // five after it, the states in which a validation may end.
    Value generated{};
    Value acknowledged{};
    Value rejected{};
    Value unacknowledged{};
    Value cached{};
    Value discarded{};
    // The next three count batches.
    Value retries{};           // attempts that were written, without the first one of each batch
    Value sent_batches{};      // attempts that were written
    Value retries_put_off{};   // retries that waited because the retry budget was spent
    Value breaker_openings{};  // how often circuit breakers opened, all equipments together

    // The ledger: what reached the server.
    Value delivered{};
    Value duplicated{};
    Value reordered{};
    Value unexpected{};

    // The delivery: tally and ledger, reconciled.
    Value lost{};
    Value undelivered{};
    Value unconfirmed{};

    // The fleet.
    Value equipments{};
    Value connected_max{};    // the most equipments connected at once
    Value connects{};         // sessions opened
    Value reconnects{};       // sessions opened that were not the equipment's first
    Value never_connected{};  // equipments that never had a session
    Value unaccounted{};      // equipments whose generator process was lost
    Value sessions_left{};    // sessions that the target may still keep

    bool operator==(const Figures&) const = default;
};

using Counts = Figures<Count>;
using KnownCounts = Figures<std::optional<Count>>;

// A unit says what a count counts.
enum class Unit : std::uint8_t { validations, batches, openings, equipments, sessions };

constexpr std::string_view name_of(Unit unit) {
    constexpr std::array<std::string_view, 5> names{"validations", "batches", "openings", "equipments", "sessions"};
    return names[static_cast<std::size_t>(unit)];
}

// The part of the report to which a count belongs: an object of its JSON, a prefix of its CSV columns.
enum class Section : std::uint8_t { tally, ledger, delivery, fleet };
inline constexpr std::array sections{Section::tally, Section::ledger, Section::delivery, Section::fleet};

// The reach of a figure. stages: it is also kept for each stage of the traffic, by due time.
enum class Reach : std::uint8_t { run, stages };

// When a figure is known. live: also while the run lasts, so that a threshold on it can end the run.
enum class Known : std::uint8_t { at_end, live };

// How the accounts of several repeats of a run become one. (Those of several generator processes always add up.)
enum class OverRepeats : std::uint8_t { add_up, greatest, first };

// A meaning says how `diff` judges a difference between two runs: a broken promise is worse whatever the statistics
// say, less of a cost is better, and a fact is neither good nor bad.
enum class Meaning : std::uint8_t { fact, cost, promise };

struct CountFigure {
    std::string_view name;         // in the JSON report, in CSV, as a metric of thresholds
    std::string_view explanation;  // for readers of a report
    Section section{};
    Unit unit{};
    Count Counts::*count = nullptr;
    std::optional<Count> KnownCounts::*known_count = nullptr;
    Reach reach = Reach::run;
    Known known = Known::at_end;
    OverRepeats over_repeats = OverRepeats::add_up;
    Meaning meaning = Meaning::fact;
    bool conditional = false;  // only some runs have it: those with a retry budget, for example
    bool is_metric = true;     // whether a threshold may use it

    // A copy of the row with one member changed.
    template <class Member>
    constexpr CountFigure with(Member CountFigure::*member, Member value) const {
        CountFigure changed = *this;
        changed.*member = value;
        return changed;
    }
    constexpr CountFigure of_stages() const { return with(&CountFigure::reach, Reach::stages); }
    constexpr CountFigure live() const { return with(&CountFigure::known, Known::live); }
    constexpr CountFigure a_promise() const { return with(&CountFigure::meaning, Meaning::promise); }
    constexpr CountFigure a_cost() const { return with(&CountFigure::meaning, Meaning::cost); }
    constexpr CountFigure if_there_is_one() const { return with(&CountFigure::conditional, true); }
    constexpr CountFigure no_metric() const { return with(&CountFigure::is_metric, false); }
    constexpr CountFigure over(OverRepeats how) const { return with(&CountFigure::over_repeats, how); }
};

namespace rows {

using Of = Counts;
using Maybe = KnownCounts;
constexpr auto tally = Section::tally;
constexpr auto ledger = Section::ledger;
constexpr auto delivery = Section::delivery;
constexpr auto fleet = Section::fleet;
constexpr auto validations = Unit::validations;
constexpr auto batches = Unit::batches;
constexpr auto equipments = Unit::equipments;
constexpr auto sessions = Unit::sessions;
using Row = CountFigure;

inline constexpr std::array all{
    Row{"generated", "due according to the schedule", tally, validations, &Of::generated, &Maybe::generated}
        .of_stages()
        .live(),
    Row{"acknowledged", "the protocol's own answer was read", tally, validations, &Of::acknowledged,
        &Maybe::acknowledged}
        .of_stages()
        .live(),
    Row{"rejected", "the server said no for good", tally, validations, &Of::rejected, &Maybe::rejected}
        .of_stages()
        .live()
        .a_promise(),
    Row{"discarded", "dropped from a full cache", tally, validations, &Of::discarded, &Maybe::discarded}
        .of_stages()
        .live()
        .a_promise(),
    // These two are not live: while the run lasts, such validations are simply on their way.
    Row{"unacknowledged", "sent, fate unknown", tally, validations, &Of::unacknowledged, &Maybe::unacknowledged}
        .of_stages(),
    Row{"cached", "due, never sent", tally, validations, &Of::cached, &Maybe::cached}.of_stages(),
    Row{"retries", "batches sent again", tally, batches, &Of::retries, &Maybe::retries}.live(),
    Row{"sent_batches", "batches sent", tally, batches, &Of::sent_batches, &Maybe::sent_batches}.live(),
    Row{"retries_put_off", "retries beyond their budget", tally, batches, &Of::retries_put_off, &Maybe::retries_put_off}
        .live()
        .if_there_is_one(),
    Row{"breaker_openings", "circuit breakers that opened", tally, Unit::openings, &Of::breaker_openings,
        &Maybe::breaker_openings}
        .live()
        .if_there_is_one(),

    Row{"delivered", "first copies that arrived", ledger, validations, &Of::delivered, &Maybe::delivered}.of_stages(),
    Row{"undelivered", "generated, not delivered", delivery, validations, &Of::undelivered, &Maybe::undelivered}
        .of_stages()
        .a_promise(),
    Row{"lost", "acknowledged, not delivered: a broken promise", delivery, validations, &Of::lost, &Maybe::lost}
        .of_stages()
        .a_promise(),
    Row{"unconfirmed", "delivered, not acknowledged", delivery, validations, &Of::unconfirmed, &Maybe::unconfirmed}
        .of_stages(),
    Row{"duplicated", "further copies that arrived", ledger, validations, &Of::duplicated, &Maybe::duplicated}
        .of_stages()
        .a_cost(),
    Row{"reordered", "arrived after a later one of its equipment", ledger, validations, &Of::reordered,
        &Maybe::reordered}
        .of_stages()
        .a_cost(),
    Row{"unexpected", "nobody sent it like this", ledger, validations, &Of::unexpected, &Maybe::unexpected}.a_promise(),

    Row{"equipments", "in the fleet", fleet, equipments, &Of::equipments, &Maybe::equipments}.over(OverRepeats::first),
    Row{"connected_max", "connected at once, at most", fleet, equipments, &Of::connected_max, &Maybe::connected_max}
        .over(OverRepeats::greatest),
    Row{"connects", "sessions made", fleet, sessions, &Of::connects, &Maybe::connects}.live(),
    Row{"reconnects", "of those, after a break", fleet, sessions, &Of::reconnects, &Maybe::reconnects}.live(),
    Row{"unaccounted", "whose generator process was lost", fleet, equipments, &Of::unaccounted, &Maybe::unaccounted}
        .if_there_is_one()
        .no_metric(),
    Row{"never_connected", "equipments that never had a session", fleet, equipments, &Of::never_connected,
        &Maybe::never_connected}
        .if_there_is_one(),
    Row{"sessions_left", "sessions that the target may still keep", fleet, sessions, &Of::sessions_left,
        &Maybe::sessions_left}
        .if_there_is_one()
        .no_metric(),
};

}  // namespace rows

// The counts in the order of tables; JSON and CSV have the order of the schema (report/schema_keys.h).
inline constexpr auto& count_figures = rows::all;

constexpr const CountFigure* find_count(std::string_view name) {
    for (const auto& figure : count_figures) {
        if (figure.name == name) {
            return &figure;
        }
    }
    return nullptr;
}

// The section's name in JSON and CSV: "tally", "ledger", ...
constexpr std::string_view name_of(Section section) {
    constexpr std::array<std::string_view, 4> names{"tally", "ledger", "delivery", "fleet"};
    return names[static_cast<std::size_t>(section)];
}

// Adds every count of another generator process. Equipments connected at once add up, too: each process has its own.
constexpr void add(Counts& sum, const Counts& more) {
    for (const auto& figure : count_figures) {
        sum.*figure.count += more.*figure.count;
    }
}

// Takes over the counts of one section, except the conditional ones.
constexpr void set(KnownCounts& into, Section section, const Counts& counted) {
    for (const auto& figure : count_figures) {
        if (figure.section == section && !figure.conditional) {
            into.*figure.known_count = counted.*figure.count;
        }
    }
}

// The counts of an account in which nothing was counted and which has no ledger.
constexpr KnownCounts nothing_counted() {
    KnownCounts counts;
    set(counts, Section::tally, {});
    set(counts, Section::fleet, {});
    return counts;
}

// Adds the counts of another repeat of a run. A count that either repeat does not know is not known of the sum.
constexpr void add_repeat(KnownCounts& sum, const KnownCounts& more) {
    for (const auto& figure : count_figures) {
        auto& total = sum.*figure.known_count;
        const auto& count = more.*figure.known_count;
        if (figure.over_repeats == OverRepeats::first) {
            continue;
        }
        if (!total || !count) {
            total.reset();
        } else {
            total =
                figure.over_repeats == OverRepeats::greatest ? (*total > *count ? *total : *count) : *total + *count;
        }
    }
}

// The sum over the five states in which a validation may end. An account balances if the sum is `generated`.
template <class Value>
constexpr Count settled_or_not(const Figures<Value>& counts) {
    Count sum = 0;
    for (const auto state : {&Figures<Value>::acknowledged, &Figures<Value>::rejected, &Figures<Value>::unacknowledged,
                             &Figures<Value>::cached, &Figures<Value>::discarded}) {
        if constexpr (std::is_same_v<Value, Count>) {
            sum += counts.*state;
        } else {
            sum += (counts.*state).value_or(0);
        }
    }
    return sum;
}

constexpr bool is_balanced(const Counts& counts) {
    return counts.generated == settled_or_not(counts);
}

}  // namespace portillon::account
