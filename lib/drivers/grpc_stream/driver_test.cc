#include <gmock/gmock.h>

#include "drivers/grpc_stream/kind.h"
#include "drivers/over_http2/harness.h"
#include "wire/receipt.h"

namespace portillon::drivers::grpc_stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::ReceiptAnswer;
namespace raw = portillon::http2::raw;

const net::Url target{"grpc", "::1", 50051, ""};

std::string framed(const std::string& message, char flag = '\0') {
    return flag + raw::number(message.size(), 4) + message;
}

std::string receipt(Sequence first, ReceiptAnswer answer = ReceiptAnswer::acknowledged,
                    std::uint32_t retry_after_ms = 0, std::uint32_t equipment = 1) {
    std::array<std::byte, wire::largest_receipt_bytes> bytes;
    const auto size =
        wire::encode({EquipmentId{equipment}, first, 1, answer, retry_after_ms}, wire::Encoding::protobuf, bytes);
    return framed(text_of(std::span<const std::byte>(bytes).first(size)));
}

const std::string begin =
    raw::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-accept-encoding", "identity"}});

std::string end(const std::string& status, raw::Fields more = {}) {
    more.insert(more.begin(), {"grpc-status", status});
    return raw::headers(1, more, raw::end_stream);
}

// The response of a proxy that is no gRPC server.
std::string page(const std::string& status, raw::Fields more = {}) {
    more.insert(more.begin(), {":status", status});
    return raw::headers(1, more) + raw::data(1, "body ") + raw::data(1, "words", raw::end_stream);
}

class GrpcStreamDriver : public over_http2::Harness {
protected:
    GrpcStreamDriver() : Harness(kind(), target, wire::Encoding::protobuf) {}

    // Opens, with batches 1 to `count` in flight.
    void offer_all(Sequence count) {
        open();
        for (Sequence first = 1; first <= count; ++first) {
            offer(first, "batch " + std::to_string(first));
        }
        pass(1ms);
    }
    void say(const std::string& bytes) {
        server().send(bytes);
        pass(2ms);
    }
};

TEST_F(GrpcStreamDriver, OpensOneCallAndSendsEachBatchOnIt) {
    open();
    const Instant start = now();
    offer(1, "a batch");
    offer(2, "another");
    pass(1ms);
    const auto calls = server().of(raw::Type::headers);
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].fields, (std::map<std::string, std::string>{{":method", "POST"},
                                                                   {":scheme", "http"},
                                                                   {":authority", "[::1]:50051"},
                                                                   {":path", "/portillon.v1.Gate/Stream"},
                                                                   {"te", "trailers"},
                                                                   {"content-type", "application/grpc"},
                                                                   {"user-agent", "grpc-portillon/1"}}));
    EXPECT_EQ(calls[0].flags & raw::end_stream, 0);
    EXPECT_EQ(server().body(1), framed("a batch") + framed("another"));
    pass(3ms);
    say(begin + raw::data(1, receipt(2)));
    EXPECT_THAT(settled(), ElementsAre("2 acknowledged")) << "in any order";
    say(raw::data(1, receipt(1)));
    EXPECT_THAT(settled(), ElementsAre("2 acknowledged", "1 acknowledged"));
    EXPECT_EQ(receipts_.all[0].outcome.sent, start);
    EXPECT_EQ(receipts_.all[0].outcome.answered, start + 5ms);
    offer(3, "third");
    pass(1ms);
    EXPECT_EQ(server().body(1), framed("a batch") + framed("another") + framed("third"));
    EXPECT_EQ(server().of(raw::Type::headers).size(), 1u);
}

TEST_F(GrpcStreamDriver, ReadsReceiptsHoweverTheyAreSplit) {
    offer_all(3);
    const std::string all = receipt(3) + receipt(1) + receipt(2);
    say(begin);
    for (const char byte : all) {
        say(raw::data(1, std::string(1, byte)));
    }
    EXPECT_THAT(settled(), ElementsAre("3 acknowledged", "1 acknowledged", "2 acknowledged"));
}

TEST_F(GrpcStreamDriver, ReadsAnswersAsTheContractSays) {
    make_session(8);
    offer_all(8);
    say(begin + raw::data(1, receipt(1, ReceiptAnswer::rejected) + receipt(2, ReceiptAnswer::throttled) +
                                 receipt(3, ReceiptAnswer::throttled, 250) + receipt(4, ReceiptAnswer::try_again) +
                                 receipt(5, ReceiptAnswer::try_again, 1'500) + receipt(6, ReceiptAnswer{17}) +
                                 receipt(7, ReceiptAnswer::acknowledged, 0, 0) + receipt(8)));
    EXPECT_THAT(settled(), ElementsAre("1 rejected grpc_invalid_argument", "2 throttled grpc_resource_exhausted",
                                       "3 throttled grpc_resource_exhausted after 250ms",
                                       "4 try_again grpc_unavailable", "5 try_again grpc_unavailable after 1.5s",
                                       "6 try_again grpc_unknown", "7 acknowledged", "8 acknowledged"));
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(GrpcStreamDriver, DropsTheConnectionWhenABatchTimesOutAndResumes) {
    offer_all(2);
    session_->abandon(1);
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("1 timed_out timed_out", "2 broken timed_out"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("timed_out"));
    EXPECT_EQ(cause_name(server().end), "closed");
    receipts_.breaks.clear();
    open();
    EXPECT_EQ(servers_.size(), 2u);
    offer(2, "batch 2");
    pass(1ms);
    EXPECT_EQ(server().body(1), framed("batch 2"));
    say(begin + raw::data(1, receipt(2)));
    EXPECT_EQ(settled().back(), "2 acknowledged");
}

TEST_F(GrpcStreamDriver, ForgetsABatchThatWasNeverSentWithoutAStir) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 12}});
    offer_all(3);
    EXPECT_EQ(server().body(1), framed("batch 1"));
    session_->abandon(2);
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("2 timed_out timed_out"));
    say(raw::window_update(1, 100));
    EXPECT_EQ(server().body(1), framed("batch 1") + framed("batch 3"));
    say(begin + raw::data(1, receipt(3) + receipt(1)));
    EXPECT_THAT(settled(), ElementsAre("2 timed_out timed_out", "3 acknowledged", "1 acknowledged"));
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(GrpcStreamDriver, FinishesABatchThatIsAnsweredBeforeItIsSentWhole) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 7}});
    offer_all(2);
    say(begin + raw::data(1, receipt(1)));
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged"));
    say(raw::window_update(1, 100));
    EXPECT_EQ(server().body(1), framed("batch 1") + framed("batch 2"));
    say(raw::data(1, receipt(2)));
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged", "2 acknowledged"));
}

TEST_F(GrpcStreamDriver, LetsReceiptsPassThatNothingWaitsFor) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 24}});
    offer_all(3);
    ASSERT_EQ(server().body(1), framed("batch 1") + framed("batch 2"));
    struct Row {
        std::string name, bytes;
    };
    const std::vector<Row> rows{
        {"of a batch that nobody knows", receipt(9)},
        {"of a batch that was not sent", receipt(3)},
        {"of another equipment", receipt(1, ReceiptAnswer::acknowledged, 0, 2)},
        {"of nothing at all", framed("")},
        {"a no for a batch that nobody knows", receipt(9, ReceiptAnswer::rejected)},
    };
    say(begin);
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        receipts_.strays.clear();
        say(raw::data(1, row.bytes));
        EXPECT_THAT(receipts_.strays, ElementsAre("stray_receipt"));
        EXPECT_THAT(settled(), IsEmpty());
    }
    receipts_.strays.clear();
    say(raw::data(1, receipt(2) + receipt(2) + receipt(1)) + raw::data(1, receipt(2, ReceiptAnswer::rejected)));
    EXPECT_THAT(settled(), ElementsAre("2 acknowledged", "1 acknowledged")) << "the first one holds";
    EXPECT_THAT(receipts_.strays, ElementsAre("stray_receipt", "stray_receipt"));
    say(raw::window_update(1, 100));
    say(raw::data(1, receipt(3)));
    EXPECT_EQ(settled().back(), "3 acknowledged");
    EXPECT_THAT(receipts_.breaks, IsEmpty());
    EXPECT_EQ(servers_.size(), 1u);
}

TEST_F(GrpcStreamDriver, BreaksWhenTheServerSpeaksNonsense) {
    struct Row {
        std::string name, bytes, cause;
        std::vector<std::string> first_settled;
    };
    const std::vector<Row> rows{
        {"not protobuf", begin + raw::data(1, framed("\xFF\xFF")), "decode_truncated", {}},
        {"unknown flag", begin + raw::data(1, std::string("\2\0\0\0\0", 5)), "decode_syntax", {}},
        {"compressed", begin + raw::data(1, framed("x", '\1')), "decode_compressed", {}},
        {"absurd length", begin + raw::data(1, std::string("\0\xFF\xFF\xFF\xFF", 5)), "decode_too_large", {}},
        {"reset", begin + raw::rst_stream(1, 2), "http2_internal_error", {}},
        {"refused", raw::rst_stream(1, 7), "http2_refused_stream", {}},
        {"goodbye without it", raw::goaway(0, 0), "http2_goaway", {}},
        {"complaint", raw::goaway(0, 11), "http2_goaway_enhance_your_calm", {}},
        {"end", begin + end("0"), "http2_call_ended", {}},
        {"end without a word", begin + raw::data(1, "", raw::end_stream), "grpc_unknown", {}},
        {"failure", begin + raw::data(1, receipt(1)) + end("13"), "grpc_internal", {"1 acknowledged"}},
        {"malformed", begin + end("3"), "grpc_invalid_argument", {}},
        {"too large", begin + end("8"), "grpc_resource_exhausted", {}},
        {"HTTP", raw::headers(1, {{":status", "502"}}, raw::end_stream), "grpc_unavailable", {}},
        {"a page", page("502", {{"content-type", "text/html"}}), "grpc_unavailable", {}},
        {"a page of no type", page("502"), "grpc_unavailable", {}},
        {"a page that says to be gRPC", page("503", {{"content-type", "application/grpc"}}), "grpc_unavailable", {}},
        {"a page that is no error", page("200", {{"content-type", "text/html"}}), "grpc_unknown", {}},
        {"a page with a status too early", page("500", {{"grpc-status", "12"}}), "grpc_unknown", {}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        make_session(4);
        receipts_.all.clear();
        receipts_.breaks.clear();
        offer_all(2);
        say(row.bytes);
        pass(10ms);
        auto expected = row.first_settled;
        for (Sequence first = 1 + expected.size(); first <= 2; ++first) {
            expected.push_back(std::to_string(first) + " broken " + row.cause);
        }
        EXPECT_EQ(settled(), expected);
        EXPECT_THAT(receipts_.breaks, ElementsAre(row.cause));
    }
}

TEST_F(GrpcStreamDriver, AppliesToEveryBatchWhatTheServerSaysOfTheCall) {
    struct Row {
        std::string bytes, answer, cause;
    };
    const std::vector<Row> rows{
        {raw::headers(1, {{":status", "200"}, {"grpc-status", "12"}}, raw::end_stream), "rejected grpc_unimplemented",
         "grpc_unimplemented"},
        {page("404", {{"content-type", "text/html"}}), "rejected grpc_unimplemented", "grpc_unimplemented"},
        {page("404"), "rejected grpc_unimplemented", "grpc_unimplemented"},
        {page("403"), "rejected grpc_permission_denied", "grpc_permission_denied"},
        {page("302", {{"location", "/elsewhere"}}), "rejected http_302", "http_302"},
        {raw::headers(1, {{":status", "308"}}, raw::end_stream), "rejected http_308", "http_308"},
        {begin + end("7"), "rejected grpc_permission_denied", "grpc_permission_denied"},
        {begin + end("8", {{"grpc-retry-pushback-ms", "500"}}), "throttled grpc_resource_exhausted after 500ms",
         "grpc_resource_exhausted"},
        {begin + end("14", {{"grpc-retry-pushback-ms", "-1"}}), "rejected grpc_unavailable_no_retry",
         "grpc_unavailable_no_retry"},
    };
    for (const Row& row : rows) {
        make_session(4);
        receipts_.all.clear();
        receipts_.breaks.clear();
        offer_all(2);
        say(row.bytes);
        EXPECT_THAT(settled(), ElementsAre("1 " + row.answer, "2 " + row.answer));
        EXPECT_THAT(receipts_.breaks, ElementsAre(row.cause));
    }
}

TEST_F(GrpcStreamDriver, PassesOnWhatTheServerSaysOfTheCall) {
    offer_all(1);
    say(begin + end("14", {{"grpc-message", "gate closed%21"}}));
    EXPECT_THAT(receipts_.words, ElementsAre("grpc_unavailable: gate closed!"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("grpc_unavailable"));
}

TEST_F(GrpcStreamDriver, PassesOnWhatIsSaidInsteadOfAStream) {
    const raw::Fields html{{"content-type", "text/html"}};
    const std::vector<std::pair<std::string, std::string>> rows{
        {page("502", html), "grpc_unavailable"},
        {page("404"), "grpc_unimplemented"},
        {page("200", html), "grpc_unknown"},
        {page("302", {{"content-type", "text/html"}, {"location", "/elsewhere"}}), "http_302"},
        {page("302", {{"location", "/again"}}), "http_302"},
        {page("301"), "http_301"},
        {raw::headers(1, {{":status", "401"}, {"content-type", "text/html"}}, raw::end_stream), "grpc_unauthenticated"},
    };
    for (const auto& [answer, cause] : rows) {
        receipts_.breaks.clear();
        offer_all(1);
        say(answer);
        EXPECT_THAT(receipts_.breaks, ElementsAre(cause));
    }
    EXPECT_EQ(servers_.size(), rows.size()) << "one connection for each";
    EXPECT_THAT(receipts_.words, ElementsAre("grpc_unavailable: body words", "grpc_unimplemented: body words",
                                             "grpc_unknown: body words", "http_302: location: /elsewhere",
                                             "http_301: body words", "grpc_unauthenticated: content-type: text/html"));
}

// Nothing of such a batch was sent, so its time-out alone does not drop the connection.
TEST_F(GrpcStreamDriver, LeavesAServerThatNeverLetsABatchGo) {
    for (const auto setting : {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS}) {
        SCOPED_TRACE(setting);
        greeting_ = raw::settings({{setting, 0}});
        make_session(4);
        receipts_.all.clear();
        receipts_.breaks.clear();
        open();
        for (Sequence round = 1; round <= 2; ++round) {
            EXPECT_THAT(receipts_.breaks, IsEmpty());
            offer(round, "x", now() + 5s);
            offer(round + 10, "y", now() + 5s);
            pass(5s);
            session_->abandon(round);
            if (receipts_.breaks.empty()) {
                session_->abandon(round + 10);
            }
            pass(2ms);
            const auto pings = server().of(raw::Type::ping);
            ASSERT_EQ(pings.size(), 1u);
            server().send(raw::ping(pings[0].payload, raw::ack));
            pass(2ms);
        }
        EXPECT_THAT(receipts_.breaks, ElementsAre("http2_no_answers"));
    }
}

TEST_F(GrpcStreamDriver, WaitsForWhatIsUnderWayWhenTheServerSaysGoodbye) {
    offer_all(2);
    say(begin + raw::goaway(1, 0));
    EXPECT_THAT(settled(), IsEmpty());
    offer(3, "late");
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("3 broken http2_goaway"));
    say(raw::data(1, receipt(1) + receipt(2)));
    EXPECT_THAT(settled(), ElementsAre("3 broken http2_goaway", "1 acknowledged", "2 acknowledged"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway"));
}

TEST_F(GrpcStreamDriver, EndsItsHalfWhenItCloses) {
    offer_all(1);
    say(begin + raw::data(1, receipt(1)));
    bool closed = false;
    tasks_.spawn(close_into(*session_, never, closed));
    pass(1ms);
    ASSERT_FALSE(server().of(raw::Type::data).empty());
    EXPECT_EQ(server().of(raw::Type::data).back().payload, "");
    EXPECT_NE(server().of(raw::Type::data).back().flags & raw::end_stream, 0);
    EXPECT_EQ(server().of(raw::Type::goaway).size(), 1u);
    EXPECT_FALSE(closed);
    server().send(end("0"));
    server().transport().close();
    pass(1ms);
    EXPECT_TRUE(closed);
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(GrpcStreamDriver, HoldsBatchesBackWhileTheWindowIsClosed) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
    offer_all(3);
    EXPECT_EQ(server().body(1), "");
    say(raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 20}}));
    EXPECT_EQ(server().body(1).size(), 20u);
    say(raw::window_update(1, 1'000));
    EXPECT_EQ(server().body(1), framed("batch 1") + framed("batch 2") + framed("batch 3"));
}

TEST_F(GrpcStreamDriver, SendsBatchesLargerThanTheServersFrames) {
    make_session(2);
    open();
    offer(1, std::string(100'000, 'x'));
    offer(2, "small");
    pass(1ms);
    say(raw::window_update(0, 1 << 20) + raw::window_update(1, 1 << 20));
    EXPECT_EQ(server().body(1), framed(std::string(100'000, 'x')) + framed("small"));
}

}  // namespace
}  // namespace portillon::drivers::grpc_stream
