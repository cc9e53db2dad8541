#include "drivers/http2/answer.h"

#include "http2/error.h"

namespace portillon::drivers::http2 {

using portillon::http2::Error;

over_http2::AnswerMeaning answer_of(int status, std::optional<Nanos> retry_after) {
    using driver::Answer;
    if (status >= 200 && status < 300) {
        return {Answer::acknowledged, {}, {}};
    }
    const error_code cause = portillon::http2::error_of_status(status);
    if (status == 429 || ((status == 503 || status == 413) && retry_after)) {
        return {Answer::throttled, cause, retry_after};
    }
    if (status >= 300 && status < 500 && status != 408 && status != 425) {
        return {Answer::rejected, cause, {}};
    }
    return {Answer::try_again, cause, retry_after};
}

over_http2::AnswerMeaning answer_of_reset(const error_code& cause) {
    using driver::Answer;
    if (cause == make_error_code(Error::enhance_your_calm)) {
        return {Answer::throttled, cause, {}};
    }
    const bool is_final =
        cause == make_error_code(Error::inadequate_security) || cause == make_error_code(Error::http_1_1_required);
    return {is_final ? Answer::rejected : Answer::try_again, cause, {}};
}

}  // namespace portillon::drivers::http2
