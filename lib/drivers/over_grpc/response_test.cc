#include "drivers/over_grpc/response.h"

#include <gtest/gtest.h>

#include "testing/counted_new.h"

namespace portillon::drivers::over_grpc {
namespace {

// However often a server refuses, and however many words it adds.
TEST(GrpcResponse, IsReadWithoutAllocationWhateverItSays) {
    over_http2::Words words;
    Response response;
    response.words = &words;
    const std::string page(5'000, 'x');
    const auto hear = [&] {
        note(response, ":status", "503");
        note(response, "content-type", "text/html");
        note_body(response, std::as_bytes(std::span(page)));
        note(response, "grpc-message", page);
        const auto cause = read(response).cause;
        if (!words.are_known(cause)) {
            words.know(cause);
        }
        words.leave(&response);
    };
    hear();
    const auto before = testing::allocations_so_far();
    for (int i = 0; i < 1'000; ++i) {
        hear();
    }
    EXPECT_EQ(testing::allocations_so_far() - before, 0u);
}

}  // namespace
}  // namespace portillon::drivers::over_grpc
