#pragma once

// What an HTTP answer means for a batch.

#include <optional>

#include "drivers/over_http2/dialect.h"

namespace portillon::http2 {

// Any 2xx acknowledges; 4xx rejects for good, but for 408, 425 and 429; 429, and 503 with Retry-After, throttles; after
// anything else one may try again.
over_http2::Reading answer_of(int status, std::optional<Nanos> retry_after);

}  // namespace portillon::http2
