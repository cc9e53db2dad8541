#include "drivers/over_http2/words.h"

#include <gtest/gtest.h>

#include "drivers/over_http2/response.h"

namespace portillon::drivers::over_http2 {
namespace {

using Worth = Words::Worth;

TEST(Words, KeepWhatIsWorthMost) {
    Words words;
    Response response;
    response.words = &words;
    response.say_header("content-type", "text/html");
    response.say_header("grpc-encoding", "snappy");
    EXPECT_EQ(words.of(&response), "content-type: text/html, grpc-encoding: snappy");
    response.say(Worth::body, "a pa");
    response.say(Worth::body, "ge");
    EXPECT_EQ(words.of(&response), "a page");
    response.say_header("grpc-status", "99");
    EXPECT_EQ(words.of(&response), "a page");
    response.say(Worth::escaped_message, "closed");
    EXPECT_EQ(words.of(&response), "closed");
}

TEST(Words, AreOfOneResponseAtATime) {
    Words words;
    Response one, two;
    one.words = two.words = &words;
    one.say(Worth::body, "one");
    two.say(Worth::body, "two");
    EXPECT_EQ(words.of(&one), "one");
    EXPECT_EQ(words.of(&two), "");
    words.leave(&two);
    EXPECT_EQ(words.of(&one), "one");
    begin(one, "200");  // an interim response said it
    two.say(Worth::body, "two");
    EXPECT_EQ(words.of(&two), "two");
}

TEST(Words, AreBounded) {
    Words words;
    Response response;
    response.words = &words;
    for (int i = 0; i < 1'000; ++i) {
        response.say(Worth::body, "0123456789");
    }
    EXPECT_GE(words.of(&response).size(), driver::most_words_bytes);
    EXPECT_LE(words.of(&response).size(), 3 * driver::most_words_bytes);
}

}  // namespace
}  // namespace portillon::drivers::over_http2
