#include <gmock/gmock.h>

#include "drivers/grpc/kind.h"
#include "drivers/over_http2/harness.h"

namespace portillon::drivers::grpc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace raw = portillon::http2::raw;

const net::Url target{"grpc", "::1", 50051, ""};

class GrpcDriver : public over_http2::Harness {
protected:
    GrpcDriver() : Harness(kind(), target, wire::Encoding::protobuf) {}

    static std::string receipt() { return raw::number(0, 1) + raw::number(2, 4) + "\x08\x0C"; }
};

TEST_F(GrpcDriver, CallsDeliverAndMeasuresItExactly) {
    open();
    const Instant start = now();
    offer(1, "a batch", start + 5s);
    pass(5ms);
    const auto calls = server().of(raw::Type::headers);
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].fields, (std::map<std::string, std::string>{{":method", "POST"},
                                                                   {":scheme", "http"},
                                                                   {":authority", "[::1]:50051"},
                                                                   {":path", "/portillon.v1.Gate/Deliver"},
                                                                   {"te", "trailers"},
                                                                   {"content-type", "application/grpc"},
                                                                   {"user-agent", "grpc-portillon/1"},
                                                                   {"grpc-timeout", "5000000u"}}));
    EXPECT_EQ(server().body(1), raw::number(0, 1) + raw::number(7, 4) + "a batch");
    server().send(raw::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}}) +
                  raw::data(1, receipt()));
    pass(5ms);
    EXPECT_THAT(settled(), IsEmpty()) << "the status comes last";
    server().send(raw::headers(1, {{"grpc-status", "0"}}, raw::end_stream));
    pass(5ms);
    ASSERT_THAT(settled(), ElementsAre("1 acknowledged"));
    EXPECT_EQ(receipts_.all[0].outcome.sent, start);
    EXPECT_EQ(receipts_.all[0].outcome.answered, start + 11ms);
}

TEST_F(GrpcDriver, SaysNoTimeOutWhenThereIsNoneAndTheAuthorityOfItsOption) {
    make_session(1, {{"authority", "gate.example:443"}});
    open();
    offer(1, "x");
    pass(2ms);
    const auto fields = server().of(raw::Type::headers)[0].fields;
    EXPECT_EQ(fields.count("grpc-timeout"), 0u);
    EXPECT_EQ(fields.at(":authority"), "gate.example:443");
}

TEST_F(GrpcDriver, ReadsStatusesAsTheContractSays) {
    struct Row {
        raw::Fields fields;
        std::string expected;
    };
    const auto ends = [](const std::string& status, const raw::Fields& more = {}) {
        raw::Fields fields{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", status}};
        fields.insert(fields.end(), more.begin(), more.end());
        return fields;
    };
    const std::vector<Row> rows{
        {ends("0"), "acknowledged"},
        {ends("1"), "try_again grpc_cancelled"},
        {ends("2"), "try_again grpc_unknown"},
        {ends("3"), "rejected grpc_invalid_argument"},
        {ends("4"), "try_again grpc_deadline_exceeded"},
        {ends("5"), "rejected grpc_not_found"},
        {ends("6"), "try_again grpc_already_exists"},
        {ends("7"), "rejected grpc_permission_denied"},
        {ends("8"), "throttled grpc_resource_exhausted"},
        {ends("8", {{"grpc-retry-pushback-ms", "250"}}), "throttled grpc_resource_exhausted after 250ms"},
        {ends("8", {{"grpc-retry-pushback-ms", "-1"}}), "rejected grpc_resource_exhausted_no_retry"},
        {ends("14", {{"grpc-retry-pushback-ms", "-1"}}), "rejected grpc_unavailable_no_retry"},
        {ends("14", {{"grpc-retry-pushback-ms", "soon"}}), "rejected grpc_unavailable_no_retry"},  // A6: as if negative
        {ends("14", {{"grpc-retry-pushback-ms", "2147483648"}}), "rejected grpc_unavailable_no_retry"},
        {ends("14", {{"grpc-retry-pushback-ms", "0"}}), "try_again grpc_unavailable after 0s"},
        {ends("5", {{"grpc-retry-pushback-ms", "-1"}}), "rejected grpc_not_found"},
        {ends("0", {{"grpc-retry-pushback-ms", "-1"}}), "acknowledged"},
        {ends("8", {{"grpc-status-details-bin",
                     "CAgSCXNsb3cgZG93bho2Cih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuUmV0cnlJbmZvEgoKCAgBEIDKte4B"}}),
         "throttled grpc_resource_exhausted after 1.5s"},
        {ends("8", {{"grpc-status-details-bin", "what?"}}), "throttled grpc_resource_exhausted"},
        {ends("9"), "try_again grpc_failed_precondition"},
        {ends("10"), "try_again grpc_aborted"},
        {ends("11"), "try_again grpc_out_of_range"},
        {ends("12"), "rejected grpc_unimplemented"},
        {ends("13"), "try_again grpc_internal"},
        {ends("14", {{"grpc-message", "busy"}}), "try_again grpc_unavailable"},
        {ends("15"), "try_again grpc_data_loss"},
        {ends("16"), "rejected grpc_unauthenticated"},
        {ends("17"), "try_again grpc_unknown"},
        {ends("99"), "try_again grpc_unknown"},
        {ends("-1"), "try_again grpc_unknown"},
        {ends("OK"), "try_again grpc_unknown"},
        {ends(""), "try_again grpc_unknown"},
        {ends("0", {{"grpc-status", "14"}}), "try_again grpc_unknown"},
        {ends("14", {{"grpc-status", "0"}}), "try_again grpc_unknown"},
        {ends("0", {{"grpc-status", "0"}}), "acknowledged"},
        {{{":status", "200"}}, "try_again grpc_unknown"},
        {{{":status", "404"}}, "rejected grpc_unimplemented"},
        {{{":status", "401"}}, "rejected grpc_unauthenticated"},
        {{{":status", "400"}}, "try_again grpc_internal"},
        {{{":status", "403"}}, "rejected grpc_permission_denied"},
        {{{":status", "413"}}, "try_again grpc_unknown"},
        {{{":status", "429"}}, "try_again grpc_unavailable"},
        {{{":status", "502"}}, "try_again grpc_unavailable"},
        {{{":status", "503"}}, "try_again grpc_unavailable"},
        {{{":status", "504"}}, "try_again grpc_unavailable"},
        {{{":status", "503"}, {"grpc-status", "5"}}, "rejected grpc_not_found"},
        {{{":status", "500"}}, "try_again grpc_unknown"},
        {{{":status", "300"}}, "rejected http_300"},
        {{{":status", "302"}, {"location", "http://elsewhere/"}}, "rejected http_302"},  // it is not followed
        {{{":status", "307"}, {"content-type", "application/grpc"}}, "rejected http_307"},
        {{{":status", "399"}, {"grpc-retry-pushback-ms", "250"}}, "rejected http_399"},
        {{{":status", "302"}, {"grpc-status", "14"}}, "try_again grpc_unavailable"},
    };
    open();
    std::vector<std::string> expected;
    std::uint32_t stream = 1;
    for (const Row& row : rows) {
        offer(stream, "x");
        pass(1ms);
        server().send(raw::headers(stream, row.fields, raw::end_stream));
        pass(1ms);
        expected.push_back(std::to_string(stream) + " " + row.expected);
        stream += 2;
    }
    EXPECT_EQ(settled(), expected);
}

TEST_F(GrpcDriver, PassesOnTheServersWordsOncePerCause) {
    struct Row {
        raw::Fields headers;
        std::string body;
        raw::Fields trailers;
    };
    const raw::Fields good{{":status", "200"}, {"content-type", "application/grpc"}};
    const std::vector<Row> rows{
        {good, receipt(), {{"grpc-status", "0"}, {"grpc-message", "fine"}}},  // no cause, so no words
        {good, "", {{"grpc-status", "14"}, {"grpc-message", "gate closed%0Auntil 6%3A00 %E2%82%AC"}}},
        {good, "", {{"grpc-status", "14"}, {"grpc-message", "again"}}},
        {good, "", {{"grpc-message", "100%"}, {"grpc-status", "9"}}},
        {good, "", {{"grpc-status", "8"}}},
        {good, "", {{"grpc-status", "8"}, {"grpc-retry-pushback-ms", "-1"}, {"grpc-message", "go away"}}},
        {{{":status", "200"}, {"content-type", "text/html"}}, "<h1>Welcome</h1>", {}},
        {{{":status", "401"}, {"content-type", "text/html"}}, "", {}},
        {{{":status", "400"}}, "HTTP%201.1, please", {}},
        {{{":status", "302"}, {"content-type", "text/html"}, {"location", "/elsewhere%20"}}, "<h1>Found</h1>", {}},
        {{{":status", "302"}, {"location", "/again"}}, "", {}},
        {{{":status", "301"}}, "moved, but where to?", {}},
        {{{":status", "502"}, {"location", "/of-no-meaning"}}, "", {}},
        {{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-encoding", "snappy"}},
         raw::number(1, 1) + raw::number(1, 4) + "x",
         {{"grpc-status", "0"}}},
    };
    make_session(1);
    open();
    std::uint32_t stream = 1;
    for (const Row& row : rows) {
        offer(stream, "x");
        pass(1ms);
        const bool ends = row.trailers.empty();
        server().send(raw::headers(stream, row.headers, ends && row.body.empty() ? raw::end_stream : 0) +
                      (row.body.empty() ? "" : raw::data(stream, row.body, ends ? raw::end_stream : 0)) +
                      (ends ? "" : raw::headers(stream, row.trailers, raw::end_stream)));
        pass(1ms);
        stream += 2;
    }
    EXPECT_THAT(receipts_.words,
                ElementsAre("grpc_unavailable: gate closed\nuntil 6:00 \xE2\x82\xAC", "grpc_failed_precondition: 100%",
                            "grpc_resource_exhausted_no_retry: go away", "grpc_unknown: <h1>Welcome</h1>",
                            "grpc_unauthenticated: content-type: text/html", "grpc_internal: HTTP%201.1, please",
                            "http_302: location: /elsewhere%20", "http_301: moved, but where to?"));
    EXPECT_EQ(receipts_.all.size(), rows.size());

    make_session(1);  // of another driver: all words are new again
    receipts_.words.clear();
    open();
    offer(1, "x");
    pass(1ms);
    server().send(raw::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "99"}},
                               raw::end_stream));
    pass(1ms);
    offer(3, "x");
    pass(1ms);
    server().send(raw::headers(3, rows.back().headers) + raw::data(3, rows.back().body) +
                  raw::headers(3, {{"grpc-status", "0"}}, raw::end_stream));
    pass(1ms);
    EXPECT_THAT(receipts_.words, ElementsAre("grpc_unknown: grpc-status: 99", "grpc_internal: grpc-encoding: snappy"));
}

// RFC 9113, 8.1: trailers end the stream, and nothing follows.
TEST_F(GrpcDriver, BelievesNoTrailersThatComeTwice) {
    open();
    offer(1, "x");
    pass(1ms);
    server().send(raw::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}}) +
                  raw::data(1, receipt()) + raw::headers(1, {{"grpc-status", "0"}}) +
                  raw::headers(1, {{"grpc-status", "0"}}, raw::end_stream));
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("1 try_again http2_protocol_error"));
    offer(2, "x");
    pass(1ms);
    const std::string trailers = raw::headers(3, {{"grpc-status", "0"}}, raw::end_stream);
    server().send(raw::headers(3, {{":status", "200"}, {"content-type", "application/grpc"}}) +
                  raw::data(3, receipt()) + trailers + trailers);
    pass(1ms);
    EXPECT_EQ(settled().back(), "2 acknowledged");
}

TEST_F(GrpcDriver, ReadsAStatusThatFollowsAMessage) {
    open();
    offer(1, "x");
    pass(1ms);
    server().send(raw::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}}) +
                  raw::data(1, receipt()) + raw::headers(1, {{"grpc-status", "14"}}, raw::end_stream));
    pass(1ms);
    offer(2, "x");
    pass(1ms);
    server().send(raw::headers(3, {{":status", "200"}, {"content-type", "application/grpc"}}) +
                  raw::data(3, receipt(), raw::end_stream));
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("1 try_again grpc_unavailable", "2 try_again grpc_unknown"));
}

// A message is followed by trailers, which have the status of the call; a status in the headers is ignored then.
TEST_F(GrpcDriver, ReadsAStatusFromTheEndOfAnAnswerOnly) {
    const auto early = [](std::uint32_t stream) {
        return raw::headers(stream, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}});
    };
    open();
    offer(1, "x");
    pass(1ms);
    server().send(early(1) + raw::data(1, receipt(), raw::end_stream));
    pass(1ms);
    offer(2, "x");
    pass(1ms);
    server().send(early(3) + raw::data(3, receipt()) + raw::headers(3, {{"grpc-status", "14"}}, raw::end_stream));
    pass(1ms);
    offer(3, "x");
    pass(1ms);
    server().send(early(5) + raw::data(5, "", raw::end_stream));  // some proxies end a response without a body this way
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("1 try_again grpc_unknown", "2 try_again grpc_unavailable", "3 acknowledged"));
}

TEST_F(GrpcDriver, TakesAnAnswerThatComesBeforeItsCallIsSent) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
    open();
    offer(1, std::string(50, 'x'));
    pass(2ms);
    server().send(raw::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "8"}},
                               raw::end_stream) +
                  raw::rst_stream(1, 0));
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 throttled grpc_resource_exhausted"));
    offer(2, "y");
    pass(2ms);
    server().send(raw::headers(3, {{":status", "200"}, {"grpc-status", "0"}}, raw::end_stream));
    pass(2ms);
    EXPECT_EQ(settled().back(), "2 acknowledged");
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

// The message's content is ignored (wire/README.md), its framing is not: for wrong framing the official libraries
// report INTERNAL.
TEST_F(GrpcDriver, BelievesAnOkOnlyWithOneWholeMessageOrNone) {
    const auto message = [](char flag, std::uint32_t bytes, const std::string& body) {
        return std::string(1, flag) + raw::number(bytes, 4) + body;
    };
    struct Row {
        std::string what;
        std::vector<std::string> pieces;
        std::string expected;
    };
    const std::vector<Row> rows{
        {"no message", {}, "acknowledged"},
        {"an empty one", {message(0, 0, "")}, "acknowledged"},
        {"one that means nothing", {message(0, 3, "\xFF\xFF\xFF")}, "acknowledged"},
        {"one in pieces",
         {std::string(1, '\0'), raw::number(7, 4).substr(0, 3),
          "\x07"
          "abc",
          "defg"},
         "acknowledged"},
        {"an absurd length", {message(0, 0xFFFFFFFF, "x")}, "try_again grpc_internal"},
        {"one that is cut short", {message(0, 9, "12345678")}, "try_again grpc_internal"},
        {"half a prefix", {std::string(4, '\0')}, "try_again grpc_internal"},
        {"two", {message(0, 1, "x"), message(0, 1, "x")}, "try_again grpc_internal"},
        {"one compressed, as nobody may here", {message(1, 1, "x")}, "try_again grpc_internal"},
        {"an unknown flag", {message(7, 1, "x")}, "try_again grpc_internal"},
    };
    open();
    std::uint32_t stream = 1;
    for (const Row& row : rows) {
        offer(stream, "x");
        pass(1ms);
        std::string answer = raw::headers(stream, {{":status", "200"}, {"content-type", "application/grpc"}});
        for (const std::string& piece : row.pieces) {
            answer += raw::data(stream, piece);
        }
        server().send(answer + raw::headers(stream, {{"grpc-status", "0"}}, raw::end_stream));
        pass(1ms);
        EXPECT_EQ(settled().back(), std::to_string(stream) + " " + row.expected) << row.what;
        stream += 2;
    }
    EXPECT_EQ(settled().size(), rows.size());
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

// The mapping of grpc/doc/PROTOCOL-HTTP2.md ("Errors"): RESOURCE_EXHAUSTED, PERMISSION_DENIED, and codes that may be
// tried again.
TEST_F(GrpcDriver, ReadsResets) {
    open();
    for (Sequence first = 1; first <= 4; ++first) {
        offer(first, "x");
    }
    pass(1ms);
    server().send(raw::rst_stream(1, 7) + raw::rst_stream(3, 11) + raw::rst_stream(5, 12) + raw::rst_stream(7, 8));
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("1 try_again http2_refused_stream", "2 throttled http2_enhance_your_calm",
                                       "3 rejected http2_inadequate_security", "4 try_again http2_cancel"));
}

TEST_F(GrpcDriver, CancelsOnlyTheStreamOfAnAbandonedBatch) {
    open();
    offer(1, "one");
    offer(2, "two");
    pass(5ms);
    session_->abandon(2);
    pass(1ms);
    server().send(raw::headers(1, {{":status", "200"}, {"grpc-status", "0"}}, raw::end_stream));
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("2 timed_out timed_out", "1 acknowledged"));
    ASSERT_EQ(server().of(raw::Type::rst_stream).size(), 1u);
    EXPECT_EQ(server().of(raw::Type::rst_stream)[0].u32(0), 8u);
}

}  // namespace
}  // namespace portillon::drivers::grpc
