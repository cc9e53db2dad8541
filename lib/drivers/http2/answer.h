#pragma once

// What an HTTP answer means for a batch.

#include <optional>

#include "drivers/over_http2/session.h"

namespace portillon::http2 {

// Any 2xx acknowledges. 3xx rejects for good: nothing is followed, and the same request gets the same answer. So does
// 4xx, but for 408, 425 and 429. 429 throttles, and so do 503 and 413 with Retry-After, which says that it will pass
// (RFC 9110, 15.5.14). After anything else, and any status outside 100 to 599 (15), one may try again, not before
// Retry-After.
over_http2::Reading answer_of(int status, std::optional<Nanos> retry_after);

// The same of a stream's reset: ENHANCE_YOUR_CALM throttles; INADEQUATE_SECURITY and HTTP_1_1_REQUIRED reject for good,
// because this connection can do neither; after any other one may try again.
over_http2::Reading answer_of_reset(const error_code& cause);

}  // namespace portillon::http2
