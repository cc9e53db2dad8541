#pragma once

// What JSON Schema can say of quantities that are written as text: durations, sizes, rates. Regular expressions know no
// numbers, but the decimals beyond a limit can be spelled out digit by digit. One expression of ECMAScript (ECMA 262,
// with the flag u or without) each, made of the same tables and limits that the program reads with.

#include <nlohmann/json.hpp>
#include <string>

#include "base/units.h"

namespace portillon::scenario {

// How quantities are written, whatever their size; these match nothing else.
std::string duration_form();  // "1h30m", "0.5s", "0"
std::string bytes_form();     // "64KiB", "100"
std::string rate_form();      // "6/m", "10"

// Texts whose value, in one unit, is more or less than the limit. A sum of several units is not looked into.
std::string longer_than(Nanos limit);
std::string shorter_than(Nanos limit);
std::string larger_than(Bytes limit);
std::string smaller_than(Bytes limit);
std::string faster_than(double per_second);

// Texts that have only zeros for digits.
std::string nothing_at_all();

// Texts that end within a nanosecond or a byte: "1.5ns", "2.0001kB". Only for units that are powers of ten.
std::string broken_durations();
std::string broken_bytes();

// Decimals up to a whole number, from 0: "99.9".
std::string decimals_up_to(unsigned limit);

// Whole seconds up to a limit: "90s", "5m30s", "18h12m15s". Behind a larger unit there are at most 59 of the smaller.
std::string whole_seconds_up_to(std::uint64_t limit);

// {"not": {"anyOf": [...]}} of texts; `and_numbers` are refused, too.
nlohmann::ordered_json none_of(const std::vector<std::string>& patterns,
                               const std::vector<nlohmann::ordered_json>& and_numbers = {});

}  // namespace portillon::scenario
