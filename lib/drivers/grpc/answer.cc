#include "drivers/grpc/answer.h"

namespace portillon::grpc {

over_http2::Reading answer_of(wire::GrpcStatus status, std::optional<Nanos> retry_after) {
    using driver::Answer;
    using wire::GrpcStatus;
    switch (status) {
        case GrpcStatus::ok:
            return {Answer::acknowledged, {}, {}};
        case GrpcStatus::invalid_argument:
        case GrpcStatus::unauthenticated:
        case GrpcStatus::permission_denied:
        case GrpcStatus::not_found:
        case GrpcStatus::unimplemented:
            return {Answer::rejected, make_error_code(status), {}};
        case GrpcStatus::resource_exhausted:
            return {Answer::throttled, make_error_code(status), retry_after};
        default:
            return {Answer::try_again, make_error_code(status), retry_after};
    }
}

}  // namespace portillon::grpc
