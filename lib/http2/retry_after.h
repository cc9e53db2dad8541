#pragma once

// The header Retry-After (RFC 9110, 10.2.3): seconds, or a date.

#include <chrono>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace portillon::http2 {

using Date = std::chrono::sys_seconds;

// "Sun, 06 Nov 1994 08:49:37 GMT", the form that servers must send, or one of the two that they sent long ago, "Sunday,
// 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994" (RFC 9110, 5.6.7); nothing for any other text. Of a year of
// two digits `now` tells the century: none is more than 50 years ahead.
std::optional<Date> parse_date(std::string_view text, Date now);

// How long from one date to another, a year at most, 0 if `to` is not later.
Nanos time_between(Date from, Date to);

// How long from `now`, a year at most, 0 for a date that has passed; nothing if the text is neither form.
std::optional<Nanos> parse_retry_after(std::string_view text, Date now);

}  // namespace portillon::http2
