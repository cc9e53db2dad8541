#pragma once

// The meaning of an HTTP response for a batch.

#include <optional>

#include "drivers/over_http2/session.h"

namespace portillon::drivers::http2 {

// Any 2xx acknowledges. A 3xx rejects for good: redirections are not followed, and the same request would get the same
// answer. So does a 4xx, except 408, 425 and 429. 429 throttles; so do 503 and 413 if they have Retry-After, which says
// that the condition is temporary (RFC 9110, 15.5.14). After anything else, and any status outside 100 to 599 (15), the
// batch may be tried again, not before Retry-After.
over_http2::AnswerMeaning answer_of(int status, std::optional<Nanos> retry_after);

// The meaning of a stream's reset: ENHANCE_YOUR_CALM throttles; INADEQUATE_SECURITY and HTTP_1_1_REQUIRED reject for
// good, because this connection can meet neither demand; after any other code the batch may be tried again.
over_http2::AnswerMeaning answer_of_reset(const error_code& cause);

}  // namespace portillon::drivers::http2
