#pragma once

// Limits on durations, sizes and rates that are written as text, as patterns for JSON Schema. Regular expressions
// cannot compare numbers, but all decimals beyond a limit can be described digit by digit. Each function returns one
// ECMAScript expression (ECMA 262, valid with the flag u and without), made from the tables and limits that the program
// itself uses.

#include <nlohmann/json.hpp>
#include <string>

#include "base/units.h"

namespace portillon::scenario {

// These match every quantity of their kind, whatever its size, and nothing else.
std::string duration_form();  // "1h30m", "0.5s", "0"
std::string bytes_form();     // "64KiB", "100"
std::string rate_form();      // "6/m", "10"

// These match quantities of a single unit that are beyond the limit. Sums of several units ("1h30m") never match.
std::string longer_than(Nanos limit);
std::string shorter_than(Nanos limit);
std::string larger_than(Bytes limit);
std::string smaller_than(Bytes limit);
std::string faster_than(double per_second);

// Matches texts whose digits are all 0.
std::string nothing_at_all();

// These match quantities that are not a whole number of nanoseconds or bytes: "1.5ns", "2.0001kB". They look only at
// units that are powers of ten.
std::string broken_durations();
std::string broken_bytes();

// Matches decimals from 0 up to a whole number: "99.9".
std::string decimals_up_to(unsigned limit);

// Matches whole seconds up to a limit: "90s", "5m30s", "18h12m15s". After a larger unit, a smaller one is 59 at most.
std::string whole_seconds_up_to(std::uint64_t limit);

// The schema {"anyOf": [...]} of texts that match one of the patterns, and of the given numbers; for use under "not".
nlohmann::ordered_json none_of(const std::vector<std::string>& patterns,
                               const std::vector<nlohmann::ordered_json>& and_numbers = {});

}  // namespace portillon::scenario
