#include "wire/grpc_status.h"

#include <gtest/gtest.h>

namespace portillon::wire {
namespace {

TEST(GrpcStatus, HasTheNamesAndNumbersOfTheSpecification) {
    EXPECT_EQ(name_of(GrpcStatus::ok), "OK");
    EXPECT_EQ(name_of(GrpcStatus::resource_exhausted), "RESOURCE_EXHAUSTED");
    EXPECT_EQ(static_cast<int>(GrpcStatus::resource_exhausted), 8);
    EXPECT_EQ(header_value_of(GrpcStatus::unavailable), "14");
    EXPECT_EQ(header_value_of(GrpcStatus::unauthenticated), "16");
    for (int i = 0; i <= 16; ++i) {
        const auto status = static_cast<GrpcStatus>(i);
        EXPECT_EQ(grpc_status_named(name_of(status)), status);
        EXPECT_EQ(parse_grpc_status(header_value_of(status)), status);
    }
    EXPECT_EQ(grpc_status_named("ok"), std::nullopt);
}

TEST(GrpcStatus, ReadsNumbersThatHaveNoNameAsUnknown) {
    EXPECT_EQ(parse_grpc_status("17"), GrpcStatus::unknown);
    EXPECT_EQ(parse_grpc_status("99999999999"), GrpcStatus::unknown);
    for (const std::string_view text : {"", "OK", "-1", "1x", " 1"}) {
        EXPECT_EQ(parse_grpc_status(text), std::nullopt) << text;
    }
}

TEST(GrpcStatus, IsCountedUnderItsName) {
    EXPECT_EQ(cause_name(GrpcStatus::unavailable), "grpc_unavailable");
    EXPECT_EQ(cause_name(GrpcStatus::deadline_exceeded), "grpc_deadline_exceeded");
    EXPECT_FALSE(make_error_code(GrpcStatus::ok));
}

TEST(GrpcStatus, IsReadFromHttpWhereThereIsNoOther) {
    EXPECT_EQ(grpc_status_of_http(400), GrpcStatus::internal);
    EXPECT_EQ(grpc_status_of_http(401), GrpcStatus::unauthenticated);
    EXPECT_EQ(grpc_status_of_http(403), GrpcStatus::permission_denied);
    EXPECT_EQ(grpc_status_of_http(404), GrpcStatus::unimplemented);
    for (const int status : {429, 502, 503, 504}) {
        EXPECT_EQ(grpc_status_of_http(status), GrpcStatus::unavailable) << status;
    }
    for (const int status : {200, 302, 405, 408, 413, 415, 431, 500}) {
        EXPECT_EQ(grpc_status_of_http(status), GrpcStatus::unknown) << status;
    }
}

}  // namespace
}  // namespace portillon::wire
