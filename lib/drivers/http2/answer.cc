#include "drivers/http2/answer.h"

#include "http2/error.h"

namespace portillon::http2 {

over_http2::Reading answer_of(int status, std::optional<Nanos> retry_after) {
    using driver::Answer;
    if (status >= 200 && status < 300) {
        return {Answer::acknowledged, {}, {}};
    }
    const error_code cause = error_of_status(status);
    if (status == 429 || (status == 503 && retry_after)) {
        return {Answer::throttled, cause, retry_after};
    }
    if (status >= 400 && status < 500 && status != 408 && status != 425) {
        return {Answer::rejected, cause, {}};
    }
    return {Answer::try_again, cause, retry_after};
}

}  // namespace portillon::http2
