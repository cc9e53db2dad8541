#pragma once

// The header Retry-After (RFC 9110, 10.2.3): seconds, or a date.

#include <chrono>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace portillon::http2 {

using Date = std::chrono::sys_seconds;

// Reads "Sun, 06 Nov 1994 08:49:37 GMT", the form that servers must send, or one of the two obsolete forms, "Sunday,
// 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994" (RFC 9110, 5.6.7); nothing for any other text. `now` tells the
// century of a year of two digits: none is more than 50 years ahead.
std::optional<Date> parse_date(std::string_view text, Date now);

// The time from one date to another, at most a year; 0 if `to` is not later.
Nanos time_between(Date from, Date to);

// The time from `now` on, at most a year; 0 for a date that has passed; nothing if the text is neither form.
std::optional<Nanos> parse_retry_after(std::string_view text, Date now);

}  // namespace portillon::http2
