#include <gmock/gmock.h>

#include <algorithm>

#include "drivers/http2/answer.h"
#include "drivers/http2/kind.h"
#include "drivers/over_http2/harness.h"

namespace portillon::drivers::http2 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace raw = portillon::http2::raw;

const net::Url target{"http", "gate.example", 8080, ""};

class Http2Driver : public over_http2::Harness {
protected:
    Http2Driver() : Harness(kind(), target, wire::Encoding::json) {}

    void answer(std::uint32_t stream, const std::string& status, raw::Fields more = {}) {
        raw::Fields fields{{":status", status}};
        fields.insert(fields.end(), more.begin(), more.end());
        server().send(raw::headers(stream, fields, raw::end_stream));
    }
};

TEST_F(Http2Driver, PostsABatchAndMeasuresItExactly) {
    open();
    const Instant start = now();
    offer(1, R"({"run":1})");
    pass(5ms);
    const auto requests = server().of(raw::Type::headers);
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].stream, 1u);
    EXPECT_EQ(requests[0].fields, (std::map<std::string, std::string>{{":method", "POST"},
                                                                      {":scheme", "http"},
                                                                      {":authority", "gate.example:8080"},
                                                                      {":path", "/v1/validations"},
                                                                      {"content-type", "application/json"},
                                                                      {"content-length", "9"}}));
    EXPECT_EQ(server().body(1), R"({"run":1})");
    EXPECT_NE(server().of(raw::Type::data).back().flags & raw::end_stream, 0);
    server().send(raw::headers(1, {{":status", "200"}}));
    pass(5ms);
    EXPECT_THAT(settled(), IsEmpty()) << "the status is not the whole answer";
    server().send(raw::data(1, "ok", raw::end_stream));
    pass(5ms);
    ASSERT_THAT(settled(), ElementsAre("1 acknowledged"));
    EXPECT_EQ(receipts_.all[0].outcome.sent, start);
    EXPECT_EQ(receipts_.all[0].outcome.answered, start + 11ms);
}

TEST_F(Http2Driver, TakesItsPathFromTheOptionOrFromTheTarget) {
    make_session(1, {{"path", "/gate"}});
    open();
    offer(1, "x");
    pass(2ms);
    EXPECT_EQ(server().of(raw::Type::headers)[0].fields.at(":path"), "/gate");
    answer(1, "200");
    pass(2ms);

    target_.path = "/from/target";
    make_session(1, {{"path", "/gate"}});
    open();
    offer(1, "x");
    pass(2ms);
    EXPECT_EQ(server().of(raw::Type::headers)[0].fields.at(":path"), "/from/target");
}

TEST_F(Http2Driver, ReadsAnswersAsTheContractSays) {
    struct Row {
        std::string status;
        raw::Fields more;
        std::string expected;
    };
    const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
    const std::vector<Row> rows{
        {"200", {}, "acknowledged"},
        {"202", {}, "acknowledged"},
        {"204", {}, "acknowledged"},
        {"299", {}, "acknowledged"},
        {"300", {}, "rejected http_300"},
        {"301", {}, "rejected http_301"},
        {"304", {}, "rejected http_304"},
        {"307", {{"location", "/elsewhere"}}, "rejected http_307"},  // it is not followed
        {"308", {{"location", "http://elsewhere/"}, {"retry-after", "7"}}, "rejected http_308"},
        {"400", {}, "rejected http_400"},
        {"401", {}, "rejected http_401"},
        {"404", {}, "rejected http_404"},
        {"405", {{"allow", "PUT"}}, "rejected http_405"},
        {"413", {}, "rejected http_413"},
        {"415", {}, "rejected http_415"},
        {"421", {}, "rejected http_421"},
        {"431", {}, "rejected http_431"},
        {"408", {}, "try_again http_408"},
        {"425", {}, "try_again http_425"},
        {"429", {}, "throttled http_429"},
        {"429", {{"retry-after", "7"}}, "throttled http_429 after 7s"},
        {"500", {}, "try_again http_500"},
        {"500", {{"retry-after", "7"}}, "try_again http_500 after 7s"},
        {"413", {{"retry-after", "7"}}, "throttled http_413 after 7s"},
        {"425", {{"retry-after", "7"}}, "try_again http_425 after 7s"},
        {"404", {{"retry-after", "7"}}, "rejected http_404"},
        {"000", {}, "try_again http_000"},
        {"099", {}, "try_again http_099"},
        {"600", {}, "try_again http_600"},
        {"999", {}, "try_again http_999"},
        {"503", {}, "try_again http_503"},
        {"503", {{"retry-after", "120"}}, "throttled http_503 after 2m"},
        {"503", {{"retry-after", "0"}}, "throttled http_503 after 0s"},
        {"503", {{"retry-after", "soon"}}, "try_again http_503"},
        {"503", {{"date", date}, {"retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"}}, "throttled http_503 after 3s"},
        {"503", {{"retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"}, {"date", date}}, "throttled http_503 after 3s"},
        {"503", {{"retry-after", date}}, "throttled http_503 after 0s"},
        {"503",
         {{"date", "Sunday, 06-Nov-94 08:49:37 GMT"}, {"retry-after", "Sun Nov  6 08:49:40 1994"}},
         "throttled http_503 after 3s"},
        {"504", {}, "try_again http_504"},
        // An invalid Retry-After is ignored, and the longest of several counts; at most a year.
        {"503", {{"retry-after", "-5"}}, "try_again http_503"},
        {"503", {{"retry-after", "7.5"}}, "try_again http_503"},
        {"503", {{"retry-after", ""}}, "try_again http_503"},
        {"503", {{"retry-after", "7, 9"}}, "try_again http_503"},
        {"429", {{"retry-after", "7"}, {"retry-after", "soon"}, {"retry-after", "9"}}, "throttled http_429 after 9s"},
        {"429", {{"retry-after", "9"}, {"retry-after", "7"}}, "throttled http_429 after 9s"},
        {"503", {{"retry-after", "99999999999999999999"}}, "throttled http_503 after 8760h"},
        {"503",
         {{"date", "Thu, 01 Jan 0001 00:00:00 GMT"}, {"retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"}},
         "throttled http_503 after 8760h"},
        {"503",
         {{"date", "Fri, 31 Dec 9999 23:59:59 GMT"}, {"retry-after", "Thu, 01 Jan 0001 00:00:00 GMT"}},
         "throttled http_503 after 0s"},
    };
    open();
    std::vector<std::string> expected;
    std::uint32_t stream = 1;
    for (const Row& row : rows) {
        offer(stream, "x");
        pass(1ms);
        answer(stream, row.status, row.more);
        pass(1ms);
        expected.push_back(std::to_string(stream) + " " + row.expected);
        stream += 2;
    }
    EXPECT_EQ(settled(), expected);
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, PassesOverInformationalAnswersAndTrailers) {
    open();
    offer(1, "x");
    pass(2ms);
    server().send(raw::headers(1, {{":status", "103"}}));
    server().send(raw::headers(1, {{":status", "201"}}) + raw::data(1, "abc") +
                  raw::headers(1, {{"trailer", "x"}}, raw::end_stream));
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged"));
}

TEST_F(Http2Driver, TakesAnswersHoweverTheyAreFramed) {
    struct Row {
        std::string what;
        std::function<std::string(std::uint32_t stream)> bytes;
    };
    const std::string ok = raw::block({{":status", "200"}});
    const std::vector<Row> rows{
        {"a header block that speaks of no table",
         [&](auto s) { return raw::frame(raw::Type::headers, raw::end_headers | raw::end_stream, s, ok.substr(3)); }},
        {"padding",
         [&](auto s) {
             return raw::frame(raw::Type::headers, 8 | raw::end_headers, s, '\2' + ok + std::string(2, '\0')) +
                    raw::frame(raw::Type::data, 8 | raw::end_stream, s, std::string("\3ok\0\0\0", 6));
         }},
        {"nothing but padding",
         [&](auto s) {
             return raw::headers(s, {{":status", "200"}}) +
                    raw::frame(raw::Type::data, 8 | raw::end_stream, s, std::string("\3\0\0\0", 4));
         }},
        {"headers in pieces",
         [&](auto s) {
             return raw::frame(raw::Type::headers, raw::end_stream, s, ok.substr(0, 5)) +
                    raw::frame(raw::Type::continuation, 0, s, ok.substr(5, 4)) +
                    raw::frame(raw::Type::continuation, 0, s, "") +
                    raw::frame(raw::Type::continuation, raw::end_headers, s, ok.substr(9));
         }},
        {"frames of other kinds between",
         [&](auto s) {
             return raw::frame(static_cast<raw::Type>(0x0A), 0, 0, std::string("\0\1xh2", 5)) +  // ALTSVC
                    raw::frame(static_cast<raw::Type>(0x0C), 0, 0, std::string("\0\1x", 3)) +    // ORIGIN
                    raw::headers(s, {{":status", "200"}}) +
                    raw::frame(raw::Type::priority, 0, s, std::string(5, '\0')) +
                    raw::frame(static_cast<raw::Type>(0xF7), 0xFF, s, "what?") + raw::data(s, "", raw::end_stream);
         }},
        {"empty pieces",
         [&](auto s) {
             return raw::headers(s, {{":status", "200"}}) + raw::data(s, "") + raw::data(s, "") +
                    raw::data(s, "", raw::end_stream);
         }},
        {"no content, and an end of its own",
         [&](auto s) {
             return raw::headers(s, {{":status", "204"}}) + raw::data(s, "", raw::end_stream);
         }},
        {"no content, and trailers",
         [&](auto s) {
             return raw::headers(s, {{":status", "204"}}) + raw::headers(s, {{"x", "y"}}, raw::end_stream);
         }},
        {"several interim answers",
         [&](auto s) {
             return raw::headers(s, {{":status", "100"}}) + raw::headers(s, {{":status", "103"}, {"link", "x"}}) +
                    raw::headers(s, {{":status", "200"}}, raw::end_stream);
         }},
        {"a reset after all was said (RFC 9113, 8.1)",
         [&](auto s) {
             return raw::headers(s, {{":status", "200"}}, raw::end_stream) + raw::rst_stream(s, 0);
         }},
    };
    open();
    std::uint32_t stream = 1;
    for (const Row& row : rows) {
        offer(stream, "x");
        pass(2ms);
        server().send(row.bytes(stream));
        pass(2ms);
        ASSERT_EQ(settled().size(), (stream + 1) / 2) << row.what;
        EXPECT_EQ(settled().back(), std::to_string(stream) + " acknowledged") << row.what;
        stream += 2;
    }
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

// RFC 9113, 8.1.1: these are errors of their streams, however good the status is.
TEST_F(Http2Driver, BelievesNoMalformedAnswer) {
    const auto headers = [](std::uint32_t s, raw::Fields more) {
        more.insert(more.begin(), {":status", "200"});
        return raw::headers(s, more);
    };
    struct Row {
        std::string what;
        std::function<std::string(std::uint32_t stream)> bytes;
    };
    const std::vector<Row> rows{
        {"a length, and no body",
         [&](auto s) {
             return raw::headers(s, {{":status", "200"}, {"content-length", "5"}}, raw::end_stream);
         }},
        {"a body shorter than it says",
         [&](auto s) {
             return headers(s, {{"content-length", "5"}}) + raw::data(s, "four", raw::end_stream);
         }},
        {"a body longer than it says",
         [&](auto s) {
             return headers(s, {{"content-length", "1"}}) + raw::data(s, "four", raw::end_stream);
         }},
        {"a body where there is none",
         [&](auto s) {
             return raw::headers(s, {{":status", "204"}}) + raw::data(s, "x", raw::end_stream);
         }},
        {"no status",
         [&](auto s) {
             return raw::headers(s, {{"x", "y"}}, raw::end_stream);
         }},
        {"HTTP/1.1's headers",
         [&](auto s) {
             return headers(s, {{"connection", "close"}});
         }},
        {"HTTP/1.1's chunks",
         [&](auto s) {
             return headers(s, {{"transfer-encoding", "chunked"}});
         }},
        {"an upper-case name",
         [&](auto s) {
             return headers(s, {{"Server", "x"}});
         }},
        {"a status among trailers",
         [&](auto s) {
             return headers(s, {}) + raw::headers(s, {{":status", "200"}}, raw::end_stream);
         }},
        {"the end of an interim answer",
         [&](auto s) {
             return raw::headers(s, {{":status", "103"}}, raw::end_stream);
         }},
        {"the switch to another protocol",
         [&](auto s) {
             return raw::headers(s, {{":status", "101"}}, raw::end_stream);
         }},
    };
    open();
    std::uint32_t stream = 1;
    for (const Row& row : rows) {
        offer(stream, "x");
        pass(2ms);
        server().send(row.bytes(stream));
        pass(2ms);
        ASSERT_EQ(settled().size(), (stream + 1) / 2) << row.what;
        EXPECT_EQ(settled().back(), std::to_string(stream) + " try_again http2_protocol_error") << row.what;
        stream += 2;
    }
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, CancelsOnlyTheStreamOfAnAbandonedBatch) {
    open();
    offer(1, "one");
    offer(2, "two");
    pass(5ms);
    session_->abandon(1);
    EXPECT_THAT(settled(), IsEmpty()) << "never from inside abandon()";
    pass(0ms);
    ASSERT_THAT(settled(), ElementsAre("1 timed_out timed_out"));
    EXPECT_EQ(receipts_.all[0].outcome.answered, now());
    pass(1ms);
    const auto resets = server().of(raw::Type::rst_stream);
    ASSERT_EQ(resets.size(), 1u);
    EXPECT_EQ(resets[0].stream, 1u);
    EXPECT_EQ(resets[0].u32(0), 8u) << "CANCEL";
    answer(1, "200");
    answer(3, "200");
    session_->abandon(1);  // settled already
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 timed_out timed_out", "2 acknowledged"));
    offer(1, "one again");
    pass(2ms);
    answer(5, "200");
    pass(2ms);
    EXPECT_EQ(settled().back(), "1 acknowledged");
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, ReadsResets) {
    open();
    const std::vector<std::pair<std::uint32_t, std::string>> rows{
        {0, "try_again http2_no_error"},
        {1, "try_again http2_protocol_error"},
        {2, "try_again http2_internal_error"},
        {7, "try_again http2_refused_stream"},
        {8, "try_again http2_cancel"},
        {11, "throttled http2_enhance_your_calm"},
        {12, "rejected http2_inadequate_security"},
        {13, "rejected http2_http_1_1_required"},
        {0x77, "try_again http2_unknown"},
    };
    std::uint32_t stream = 1;
    for (const auto& [number, cause] : rows) {
        offer(stream, "x");
        pass(1ms);
        server().send(raw::rst_stream(stream, number));
        pass(1ms);
        EXPECT_EQ(settled().back(), std::to_string(stream) + " " + cause);
        stream += 2;
    }
    EXPECT_EQ(settled().size(), rows.size());
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, DrainsAfterGoawayAndIsThenBroken) {
    open();
    offer(1, "one");
    offer(2, "two");
    offer(3, "three");
    pass(5ms);
    server().send(raw::goaway(3, 0));
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("3 broken http2_refused_stream"));
    offer(4, "four");
    pass(1ms);
    EXPECT_EQ(settled().back(), "4 broken http2_goaway");
    answer(3, "200");
    pass(5ms);
    EXPECT_EQ(settled().back(), "2 acknowledged");
    EXPECT_THAT(receipts_.breaks, IsEmpty());
    answer(1, "200");
    pass(5ms);
    EXPECT_EQ(settled().back(), "1 acknowledged");
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway"));

    receipts_.breaks.clear();
    open();
    EXPECT_EQ(servers_.size(), 2u);
    offer(4, "four");
    pass(2ms);
    answer(1, "200");
    pass(2ms);
    EXPECT_EQ(settled().back(), "4 acknowledged");
}

// Envoy, Go and Netty send two GOAWAYs: the first admits all requests that may come, the second, a round trip later,
// those that have come.
TEST_F(Http2Driver, WaitsForTheSecondGoaway) {
    open();
    offer(1, "one");
    offer(2, "two");
    pass(5ms);
    server().send(raw::goaway(0x7FFFFFFF, 0) + raw::ping("goodbye?"));
    pass(2ms);
    EXPECT_THAT(settled(), IsEmpty());
    ASSERT_EQ(server().of(raw::Type::ping).size(), 1u);
    EXPECT_EQ(server().of(raw::Type::ping)[0].flags, raw::ack);
    server().send(raw::goaway(1, 0));
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("2 broken http2_refused_stream"));
    EXPECT_THAT(receipts_.breaks, IsEmpty());
    answer(1, "200");
    pass(2ms);
    EXPECT_EQ(settled().back(), "1 acknowledged");
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway"));
}

TEST_F(Http2Driver, IsBrokenAtOnceByGoawayWithNothingInFlight) {
    open();
    server().send(raw::goaway(0, 0));
    pass(1ms);
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway"));
    pass(1s);
    EXPECT_THAT(receipts_.breaks.size(), 1u);
}

TEST_F(Http2Driver, NamesTheComplaintOfAServerThatHangsUp) {
    open();
    offer(1, "x");
    pass(2ms);
    server().send(raw::goaway(1, 11));
    server().transport().close();
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 broken http2_goaway_enhance_your_calm"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway_enhance_your_calm"));
}

// Each way in which a connection ends has a cause of its own, whether or not a batch was in flight.
TEST_F(Http2Driver, NamesEveryEndOfAConnection) {
    const auto setting = [](int key, std::uint32_t value) { return raw::settings({{key, value}}); };
    struct Row {
        std::string what, bytes, cause;
    };
    std::vector<Row> rows{
        {"goodbye", raw::goaway(0, 0), "http2_goaway"},
        {"PUSH allowed by a server", setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 1), "http2_protocol_error"},
        {"a window beyond all", setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000u), "http2_flow_control_error"},
        {"tiny frames", setting(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16'383), "http2_protocol_error"},
        {"huge frames", setting(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 1 << 24), "http2_protocol_error"},
        {"half a setting", raw::frame(raw::Type::settings, 0, 0, std::string("\0\3\0", 3)), "http2_frame_size_error"},
        {"SETTINGS of a stream", raw::frame(raw::Type::settings, 0, 1, ""), "http2_protocol_error"},
        {"an acknowledgement with a payload", raw::frame(raw::Type::settings, raw::ack, 0, "123456"),
         "http2_frame_size_error"},
        {"a PING of 7 bytes", raw::frame(raw::Type::ping, 0, 0, "1234567"), "http2_frame_size_error"},
        {"a window opened by 0", raw::window_update(0, 0), "http2_protocol_error"},
        {"a window opened too far", raw::window_update(0, 0x7FFFFFFF), "http2_flow_control_error"},
        {"a reset of 3 bytes", raw::frame(raw::Type::rst_stream, 0, 1, "123"), "http2_frame_size_error"},
        {"a reset of stream 0", raw::rst_stream(0, 8), "http2_protocol_error"},
        {"a reset of a stream that was never opened", raw::rst_stream(9, 8), "http2_protocol_error"},
        {"GOAWAY of a stream", raw::frame(raw::Type::goaway, 0, 1, std::string(8, '\0')), "http2_protocol_error"},
        {"a push", raw::frame(raw::Type::push_promise, raw::end_headers, 1, raw::number(2, 4) + raw::block({})),
         "http2_protocol_error"},
        {"CONTINUATION of nothing", raw::frame(raw::Type::continuation, raw::end_headers, 1, ""),
         "http2_protocol_error"},
        {"a frame beyond the limit", raw::frame(raw::Type::data, 0, 1, std::string(16'385, 'x')),
         "http2_frame_size_error"},
    };
    const char* const names[] = {"protocol_error",
                                 "internal_error",
                                 "flow_control_error",
                                 "settings_timeout",
                                 "stream_closed",
                                 "frame_size_error",
                                 "refused_stream",
                                 "cancel",
                                 "compression_error",
                                 "connect_error",
                                 "enhance_your_calm",
                                 "inadequate_security",
                                 "http_1_1_required",
                                 "unknown",
                                 "unknown"};
    for (std::uint32_t number = 1; number <= std::size(names); ++number) {
        rows.push_back({"GOAWAY with " + std::to_string(number), raw::goaway(0, number),
                        std::string("http2_goaway_") + names[number - 1]});
    }
    for (const Row& row : rows) {
        for (const bool in_flight : {false, true}) {
            SCOPED_TRACE(row.what + (in_flight ? ", in flight" : ", idle"));
            make_session(4);
            receipts_.all.clear();
            receipts_.breaks.clear();
            open();
            if (in_flight) {
                offer(1, "x");
                pass(2ms);
            }
            server().send(row.bytes);
            pass(5ms);
            EXPECT_THAT(receipts_.breaks, ElementsAre(row.cause));
            EXPECT_EQ(receipts_.all.size(), in_flight ? 1u : 0u);
        }
    }
}

TEST_F(Http2Driver, NamesHeaderTablesThatAreInDisorder) {
    open();
    offer(1, "x");
    pass(2ms);
    server().send(raw::frame(raw::Type::headers, raw::end_headers, 1, "\xFF\xFF\xFF\xFF\xFF\xFF"));
    pass(5ms);
    EXPECT_THAT(settled(), ElementsAre("1 broken http2_compression_error"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_compression_error"));
}

TEST_F(Http2Driver, PassesOnWhatTheServerSaysWhenItGoes) {
    open();
    offer(1, "x");
    pass(2ms);
    const auto goaway = [](std::uint32_t reason, const std::string& words) {
        return raw::frame(raw::Type::goaway, 0, 0, raw::number(1, 4) + raw::number(reason, 4) + words);
    };
    server().send(goaway(0, "going to sleep") + goaway(11, std::string("too_many_pings\0\x1B[31m", 19)));
    server().transport().close();
    pass(2ms);
    EXPECT_THAT(receipts_.words,
                ElementsAre("http2_goaway: going to sleep",
                            "http2_goaway_enhance_your_calm: " + std::string("too_many_pings\0\x1B[31m", 19)));
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway_enhance_your_calm"));

    receipts_.breaks.clear();
    receipts_.words.clear();
    greeting_ = raw::settings() + goaway(2, "not today");
    start_opening(never);
    pass(10ms);
    EXPECT_THAT(receipts_.words, ElementsAre("http2_goaway_internal_error: not today")) << "at its opening, too";
}

TEST_F(Http2Driver, PassesOnTheFirstWordsOfEachStatus) {
    make_session(8);
    open();
    for (Sequence first = 1; first <= 8; ++first) {
        offer(first, "x");
    }
    pass(2ms);
    const auto say = [&](std::uint32_t stream, const std::string& status, raw::Fields more,
                         std::vector<std::string> pieces) {
        more.insert(more.begin(), {":status", status});
        std::string bytes = raw::headers(stream, more, pieces.empty() ? raw::end_stream : 0);
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            bytes += raw::data(stream, pieces[i], i + 1 == pieces.size() ? raw::end_stream : 0);
        }
        server().send(bytes);
        pass(2ms);
    };
    say(1, "200", {}, {"all is well"});
    say(3, "404", {}, {});
    say(5, "404", {}, {"no su", "ch ", "gate%20"});
    say(7, "404", {}, {"another"});
    say(9, "500", {}, {std::string(150, 'a'), std::string(1'000, 'b')});
    say(11, "307", {{"location", "/elsewhere%20"}}, {"<html>"});
    say(13, "301", {}, {"moved, but where to?"});
    say(15, "999", {}, {"what?"});
    ASSERT_EQ(receipts_.words.size(), 5u);
    EXPECT_EQ(receipts_.words[0], "http_404: no such gate%20");
    EXPECT_TRUE(receipts_.words[1].starts_with("http_500: " + std::string(150, 'a') + std::string(50, 'b')));
    EXPECT_EQ(receipts_.words[2], "http_307: location: /elsewhere%20");
    EXPECT_EQ(receipts_.words[3], "http_301: moved, but where to?");
    EXPECT_EQ(receipts_.words[4], "http_999: what?");
}

// One response gathers words at a time: those of the other are dropped, and not mixed in.
TEST_F(Http2Driver, DoesNotMixTheWordsOfTwoAnswers) {
    open();
    for (Sequence first = 1; first <= 3; ++first) {
        offer(first, "x");
    }
    pass(2ms);
    server().send(raw::headers(1, {{":status", "404"}}) + raw::headers(3, {{":status", "500"}}) + raw::data(1, "one ") +
                  raw::data(3, "two", raw::end_stream) + raw::data(1, "and a half", raw::end_stream));
    pass(2ms);
    EXPECT_THAT(receipts_.words, ElementsAre("http_404: one and a half"));
    server().send(raw::headers(5, {{":status", "500"}}) + raw::data(5, "three"));
    pass(2ms);
    session_->abandon(3);  // in the middle of its words, which are dropped
    pass(2ms);
    offer(4, "x");
    pass(2ms);
    server().send(raw::headers(7, {{":status", "500"}}) + raw::data(7, "four", raw::end_stream));
    pass(2ms);
    EXPECT_THAT(receipts_.words, ElementsAre("http_404: one and a half", "http_500: four"));
}

TEST_F(Http2Driver, SettlesWhatIsInFlightWhenTheConnectionGoes) {
    open();
    const Instant start = now();
    offer(1, "one");
    offer(2, "two");
    pass(5ms);
    answer(1, "200");
    server().transport().reset();
    offer(3, "three");  // in flight when the connection ends
    pass(1ms);
    ASSERT_THAT(settled(), ElementsAre("1 acknowledged", "2 broken reset", "3 broken reset"));
    EXPECT_EQ(receipts_.all[1].outcome.sent, start);
    EXPECT_EQ(receipts_.all[1].outcome.answered, start + 6ms);
    EXPECT_THAT(receipts_.breaks, ElementsAre("reset"));
    session_->abandon(2);
    pass(1s);
    EXPECT_EQ(settled().size(), 3u);
}

TEST_F(Http2Driver, SettlesOffersAsBrokenBeforeTheBreakIsHeardOf) {
    open();
    offer(1, "one");
    pass(2ms);
    receipts_.on_settled = [&](Sequence first, const driver::Outcome&) {
        if (first == 1) {
            offer(2, "two");
        }
    };
    server().transport().close();
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 broken closed", "2 broken closed"));
    EXPECT_EQ(receipts_.all[1].outcome.sent, Instant{});
    EXPECT_THAT(receipts_.breaks, ElementsAre("closed"));
}

TEST_F(Http2Driver, SendsABodyThatIsLargerThanTheWindow) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
    open();
    std::string text;
    for (int i = 0; i < 50; ++i) {
        text.push_back(static_cast<char>('a' + i % 26));
    }
    offer(1, text);
    pass(5ms);
    EXPECT_EQ(server().body(1), text.substr(0, 10));
    server().send(raw::window_update(1, 7));
    pass(5ms);
    EXPECT_EQ(server().body(1), text.substr(0, 17));
    server().send(raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 30}}));
    pass(5ms);
    EXPECT_EQ(server().body(1), text.substr(0, 37));
    server().send(raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}}));
    server().send(raw::window_update(1, 20));
    pass(5ms);
    EXPECT_EQ(server().body(1), text.substr(0, 37)) << "the window is below zero";
    server().send(raw::window_update(1, 100));
    pass(5ms);
    EXPECT_EQ(server().body(1), text);
    answer(1, "200");
    pass(5ms);
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged"));
}

TEST_F(Http2Driver, SendsABodyThatIsLargerThanAFrameAndTheConnectionsWindow) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}});
    open();
    const std::string text(100'000, 'x');
    offer(1, text);
    offer(2, "second");
    pass(5ms);
    EXPECT_EQ(server().body(1).size() + server().body(3).size(), 65'535u);
    server().send(raw::window_update(0, 1 << 20));
    pass(5ms);
    EXPECT_EQ(server().body(1), text);
    EXPECT_EQ(server().body(3), "second");
}

TEST_F(Http2Driver, SettlesAnAnswerThatComesBeforeTheBodyIsSent) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
    open();
    offer(1, std::string(50, 'x'));
    pass(2ms);
    answer(1, "413");
    server().send(raw::rst_stream(1, 0));
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 rejected http_413"));
    offer(2, "short");
    pass(2ms);
    answer(3, "200");
    pass(2ms);
    EXPECT_EQ(settled().back(), "2 acknowledged");
}

TEST_F(Http2Driver, KeepsToTheServersNumberOfStreams) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
    open();
    const Instant start = now();
    offer(1, "one");
    offer(2, "two");
    offer(3, "three");
    pass(5ms);
    EXPECT_EQ(server().of(raw::Type::headers).size(), 1u);
    session_->abandon(2);
    pass(1ms);
    ASSERT_THAT(settled(), ElementsAre("2 timed_out timed_out"));
    EXPECT_EQ(receipts_.all[0].outcome.sent, Instant{}) << "it never came to that";
    answer(1, "200");
    pass(5ms);
    ASSERT_EQ(server().of(raw::Type::headers).size(), 2u);
    const auto stream = server().of(raw::Type::headers)[1].stream;
    EXPECT_EQ(server().body(stream), "three");
    answer(stream, "200");
    pass(5ms);
    ASSERT_THAT(settled(), ElementsAre("2 timed_out timed_out", "1 acknowledged", "3 acknowledged"));
    EXPECT_EQ(receipts_.all[2].outcome.sent, start + 7ms);
}

TEST_F(Http2Driver, FollowsSettingsThatChangeUnderWay) {
    open();
    offer(1, "one");
    pass(5ms);
    server().send(raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0}}));
    answer(1, "200");
    pass(5ms);
    ASSERT_THAT(settled(), ElementsAre("1 acknowledged"));
    offer(2, "two");
    offer(3, "three");
    pass(1min);
    EXPECT_EQ(server().of(raw::Type::headers).size(), 1u) << "none is allowed";
    // The server's header table is gone: headers sent before must be sent again in full.
    server().send(
        raw::settings({{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0}, {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}));
    pass(5ms);
    ASSERT_EQ(server().of(raw::Type::headers).size(), 2u);
    answer(server().of(raw::Type::headers)[1].stream, "200");
    server().send(raw::settings({{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 4'096}}));
    pass(5ms);
    const auto requests = server().of(raw::Type::headers);
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_EQ(requests[1].fields, requests[0].fields);
    EXPECT_EQ(requests[2].fields.at(":path"), requests[0].fields.at(":path"));
    answer(requests[2].stream, "200");
    pass(5ms);
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged", "2 acknowledged", "3 acknowledged"));
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, WaitsForAServerThatAllowsNothingAtFirst) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0},
                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0},
                               {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0},
                               {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 0}});
    open();
    offer(1, "one");
    pass(5ms);
    EXPECT_EQ(server().of(raw::Type::headers).size(), 0u);
    server().send(raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}));
    pass(5ms);
    EXPECT_EQ(server().of(raw::Type::headers).size(), 1u);
    EXPECT_EQ(server().body(1), "");
    server().send(raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 2}}));
    pass(5ms);
    EXPECT_EQ(server().body(1), "on");
    server().send(raw::window_update(1, 10));
    pass(5ms);
    EXPECT_EQ(server().body(1), "one");
    answer(1, "200");
    pass(5ms);
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged"));
}

TEST_F(Http2Driver, AsksWhoIsSilentAndLeavesWhoStaysSo) {
    make_session(4, {{"keepalive", "10s"}});
    open();
    pass(10s - 1ms);
    EXPECT_EQ(server().of(raw::Type::ping).size(), 0u);
    pass(4ms);
    const auto pings = server().of(raw::Type::ping);
    ASSERT_EQ(pings.size(), 1u);
    server().send(raw::ping(pings[0].payload, raw::ack));
    pass(8s);
    offer(1, "one");
    pass(4ms);
    answer(1, "200");  // any answer counts
    pass(8s);
    EXPECT_EQ(server().of(raw::Type::ping).size(), 1u);
    offer(2, "two");
    pass(3s);
    EXPECT_EQ(server().of(raw::Type::ping).size(), 2u);
    EXPECT_THAT(receipts_.breaks, IsEmpty());
    pass(10s);
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged", "2 broken http2_no_ping_answer"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_no_ping_answer"));
}

TEST_F(Http2Driver, AsksNobodyWithoutAKeepalive) {
    open();
    pass(10min);
    EXPECT_EQ(server().of(raw::Type::ping).size(), 0u);
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

// A server that holds every request but answers PING, after its greeting.
struct Holding {
    std::string what;
    std::vector<std::pair<int, std::uint32_t>> settings;
    std::function<std::string(std::uint32_t stream)> to_the_first_request;
};

class HeldBack : public Http2Driver, public ::testing::WithParamInterface<std::uint32_t> {
protected:
    static constexpr Nanos timeout = 5s;

    // Offers `count` batches, and abandons them when their time has passed.
    void offer_and_abandon(Sequence first, Sequence count) {
        for (Sequence i = first; i < first + count; ++i) {
            offer(i, "x", now() + timeout);
        }
        pass(timeout);
        answer_pings();
        for (Sequence i = first; i < first + count; ++i) {
            session_->abandon(i);
        }
        pass(0ns);
    }

    void answer_pings() {
        const auto pings = server().of(raw::Type::ping);
        for (; answered_ < pings.size(); ++answered_) {
            server().send(raw::ping(pings[answered_].payload, raw::ack));
        }
    }

    std::size_t answered_ = 0;
};

TEST_P(HeldBack, AConnectionThatAnswersNothingIsLeft) {
    const auto status = [](std::uint32_t s) { return raw::headers(s, {{":status", "200"}}); };
    const std::vector<Holding> rows{
        {"it accepts and never answers", {}, nullptr},
        {"it allows no streams", {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0}}, nullptr},
        {"its window never opens", {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}, nullptr},
        {"it announces 16,000 bytes and sends none",
         {},
         [&](auto s) { return status(s) + raw::number(16'000, 3) + std::string(2, '\0') + raw::number(s, 4); }},
        {"only the headers of each answer", {}, [&](auto s) { return status(s); }},
        {"interim answers",
         {},
         [&](auto s) {
             return raw::headers(s, {{":status", "103"}});
         }},
    };
    for (const Holding& row : rows) {
        SCOPED_TRACE(row.what);
        greeting_ = raw::settings(row.settings);
        make_session(GetParam());
        receipts_.all.clear();
        receipts_.breaks.clear();
        answered_ = 0;
        open();
        for (Sequence i = 0; i < GetParam(); ++i) {
            offer(100 + i, "x", now() + timeout);
        }
        pass(2ms);
        if (row.to_the_first_request) {
            server().send(row.to_the_first_request(1));
        }
        pass(timeout - 2ms);
        for (Sequence i = 0; i < GetParam(); ++i) {
            session_->abandon(100 + i);
        }
        pass(2ms);
        answer_pings();
        pass(200ms);
        EXPECT_EQ(server().of(raw::Type::ping).size(), 1u) << "asked at the first of them, once";
        ASSERT_THAT(receipts_.breaks, IsEmpty()) << "they were in flight together: one sign";
        offer_and_abandon(1, GetParam());
        EXPECT_THAT(receipts_.breaks, ElementsAre("http2_no_answers"));
        EXPECT_EQ(settled().at(GetParam()), "1 timed_out timed_out");
        EXPECT_EQ(settled().size(), 2 * GetParam());
        receipts_.breaks.clear();
        greeting_ = raw::settings();
        open();
        offer(1, "again");
        pass(2ms);
        answer(1, "200");
        pass(2ms);
        EXPECT_EQ(settled().back(), "1 acknowledged") << "on a new connection";
    }
}
INSTANTIATE_TEST_SUITE_P(Batches, HeldBack, ::testing::Values(1u, 8u));

TEST_F(Http2Driver, AsksWhenABatchTimesOutAndLeavesWhoIsSilent) {
    const std::vector<std::pair<std::string, std::string>> rows{
        {"at once", ""},
        {"within a frame's head", raw::data(1, "").substr(0, 5)},
        {"within a header block", raw::frame(raw::Type::headers, 0, 1, raw::block({{":status", "200"}}))},
        {"within a body", raw::headers(1, {{":status", "200"}}) + raw::data(1, "half")},
    };
    for (const auto& [when, bytes] : rows) {
        for (const bool keepalive : {false, true}) {
            SCOPED_TRACE("silent " + when + (keepalive ? ", keep-alive" : ""));
            make_session(4, keepalive ? nlohmann::json{{"keepalive", "60s"}} : nlohmann::json::object());
            receipts_.all.clear();
            receipts_.breaks.clear();
            open();
            offer(1, "x", now() + 5s);
            pass(2ms);
            server().send(bytes);
            pass(5s - 2ms);
            session_->abandon(1);
            pass(1s);
            ASSERT_EQ(server().of(raw::Type::ping).size(), 1u);
            offer(2, "y", now() + 5s);
            pass(4s - 1ms);
            EXPECT_THAT(receipts_.breaks, IsEmpty());
            pass(1ms);
            EXPECT_THAT(receipts_.breaks, ElementsAre("http2_no_ping_answer"));
            EXPECT_THAT(settled(), ElementsAre("1 timed_out timed_out", "2 broken http2_no_ping_answer"));
        }
    }
}

TEST_F(Http2Driver, StaysWithAServerThatAnswersNowAndThen) {
    make_session(8);
    open();
    std::uint32_t stream = 1;
    for (Sequence round = 0; round < 20; ++round) {
        for (Sequence i = 1; i <= 3; ++i, stream += 2) {
            offer(10 * round + i, "x", now() + 1s);
        }
        pass(1s);
        if (round % 2 == 0) {
            answer(stream - 2, "503");  // of three, and of two rounds, one
            pass(2ms);
        }
        for (Sequence i = 1; i <= 3; ++i) {
            session_->abandon(10 * round + i);
        }
        pass(2ms);
        const auto pings = server().of(raw::Type::ping);
        server().send(pings.empty() ? "" : raw::ping(pings.back().payload, raw::ack));
        pass(20ms);
        ASSERT_THAT(receipts_.breaks, IsEmpty());
    }
}

// A new connection would not help: the server is slow, and would be slow there.
TEST_F(Http2Driver, StaysWithAServerThatAnswersTooLate) {
    open();
    std::uint32_t stream = 1;
    for (Sequence first = 1; first <= 20; ++first, stream += 2) {
        offer(first, "x", now() + 1s);
        pass(1s);
        session_->abandon(first);
        pass(100ms);
        if (first % 2 == 0) {
            answer(stream, "200");
        } else {
            server().send(raw::headers(stream, {{":status", "200"}}) + raw::data(stream, "ok", raw::end_stream));
        }
        pass(100ms);
        ASSERT_THAT(receipts_.breaks, IsEmpty());
    }
    EXPECT_EQ(receipts_.all.size(), 20u);
}

TEST_F(Http2Driver, LeavesAConnectionOnWhichEveryStreamIsReset) {
    open();
    std::uint32_t stream = 1;
    const auto reset = [&](int times) {
        for (int i = 0; i < times; ++i, stream += 2) {
            offer(stream, "x");
            pass(2ms);
            server().send(raw::rst_stream(stream, 2));
            pass(2ms);
        }
    };
    reset(15);
    offer(stream, "x");
    pass(2ms);
    answer(stream, "500");
    pass(2ms);
    stream += 2;
    reset(15);
    EXPECT_THAT(receipts_.breaks, IsEmpty());
    reset(1);
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_only_resets"));
    EXPECT_EQ(settled().back(), std::to_string(stream - 2) + " try_again http2_internal_error");
}

TEST_F(Http2Driver, GivesBackWhatWaitsForAStreamWhenTheServerGoesAway) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
    open();
    offer(1, "one");
    offer(2, "two");
    pass(5ms);
    server().send(raw::goaway(1, 0));
    pass(1ms);
    EXPECT_THAT(settled(), ElementsAre("2 broken http2_refused_stream"));
    answer(1, "200");
    pass(1ms);
    EXPECT_EQ(settled().back(), "1 acknowledged");
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_goaway"));
    EXPECT_EQ(server().of(raw::Type::headers).size(), 1u);
}

TEST_F(Http2Driver, CarriesAThousandBatchesAtOnceAndTakesAnswersInAnyOrder) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2'000}});
    make_session(1'000);
    open();
    for (Sequence first = 1; first <= 1'000; ++first) {
        offer(first, "batch " + std::to_string(first));
    }
    pass(5ms);
    ASSERT_EQ(server().of(raw::Type::headers).size(), 1'000u);
    for (std::uint32_t i = 1'000; i > 0; --i) {
        EXPECT_EQ(server().body(2 * i - 1), "batch " + std::to_string(i));
        answer(2 * i - 1, i % 2 == 0 ? "200" : "500");
    }
    pass(5ms);
    ASSERT_EQ(receipts_.all.size(), 1'000u);
    EXPECT_EQ(settled().front(), "1000 acknowledged");
    EXPECT_EQ(settled().back(), "1 try_again http_500");
    const auto acknowledged = std::count_if(receipts_.all.begin(), receipts_.all.end(), [](const auto& each) {
        return each.outcome.answer == driver::Answer::acknowledged;
    });
    EXPECT_EQ(acknowledged, 500);
}

TEST_F(Http2Driver, SettlesAThousandBatchesWhenTheConnectionGoes) {
    greeting_ = raw::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 500}});
    make_session(1'000);
    open();
    for (Sequence first = 1; first <= 1'000; ++first) {
        offer(first, "x");
    }
    pass(5ms);
    server().transport().reset();
    pass(5ms);
    ASSERT_EQ(receipts_.all.size(), 1'000u);
    EXPECT_EQ(std::count_if(receipts_.all.begin(), receipts_.all.end(),
                            [](const auto& each) { return each.outcome.sent == Instant{}; }),
              500)
        << "those that waited for a stream";
}

TEST_F(Http2Driver, ComplainsOfAServerThatSpeaksNonsense) {
    open();
    offer(1, "x");
    pass(2ms);
    server().send(raw::frame(raw::Type::data, 0, 0, "data on stream 0"));
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 broken http2_protocol_error"));
    EXPECT_THAT(receipts_.breaks, ElementsAre("http2_protocol_error"));
    EXPECT_EQ(server().of(raw::Type::goaway).size(), 1u);
}

TEST_F(Http2Driver, GivesUpOnOneAnswerWhoseHeadersHaveNoEnd) {
    open();
    offer(1, "one");
    offer(2, "two");
    pass(2ms);
    answer(1, "200", raw::Fields(600, {"x", "y"}));
    answer(3, "200");
    pass(2ms);
    EXPECT_THAT(settled(), ::testing::UnorderedElementsAre("1 try_again http2_too_long_headers", "2 acknowledged"));
}

TEST_F(Http2Driver, AnswersPings) {
    open();
    server().send(raw::ping("12345678"));
    pass(2ms);
    const auto pings = server().of(raw::Type::ping);
    ASSERT_EQ(pings.size(), 1u);
    EXPECT_EQ(pings[0].flags, raw::ack);
    EXPECT_EQ(pings[0].payload, "12345678");
}

TEST_F(Http2Driver, FailsToOpenInTimeWhenTheServerSaysNothing) {
    greeting_ = "";
    start_opening(now() + 50ms);
    pass(49ms);
    EXPECT_FALSE(opened_.has_value());
    pass(1ms);
    ASSERT_TRUE(opened_.has_value());
    EXPECT_EQ(cause_name(*opened_), "timed_out");
    EXPECT_THAT(receipts_.breaks, IsEmpty());

    greeting_ = raw::settings();
    open();
}

TEST_F(Http2Driver, FailsToOpenWhenItIsRefusedOrCutOff) {
    dialer_.refuse(1, boost::system::errc::make_error_code(boost::system::errc::connection_refused));
    start_opening(never);
    pass(5ms);
    ASSERT_TRUE(opened_.has_value());
    EXPECT_EQ(cause_name(*opened_), "refused");

    greeting_ = "";
    start_opening(never);
    pass(2ms);
    server().transport().close();
    pass(5ms);
    ASSERT_TRUE(opened_.has_value());
    EXPECT_EQ(cause_name(*opened_), "closed");

    greeting_ = "HTTP/1.1 400 Bad Request\r\n\r\n";
    start_opening(never);
    pass(5ms);
    ASSERT_TRUE(opened_.has_value());
    EXPECT_EQ(cause_name(*opened_), "http2_not_http2");

    greeting_ = "SSH-2.0-OpenSSH_9.2\r\n";
    start_opening(never);
    pass(5ms);
    ASSERT_TRUE(opened_.has_value());
    EXPECT_EQ(cause_name(*opened_), "http2_protocol_error");

    greeting_ = raw::settings();
    open();
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, SaysGoodbyeAndWaitsForTheOtherSide) {
    open();
    offer(1, "x");
    pass(2ms);
    bool closed = false;
    tasks_.spawn(close_into(*session_, now() + 1s, closed));
    pass(5ms);
    EXPECT_THAT(settled(), ElementsAre("1 broken cancelled"));
    EXPECT_FALSE(closed);
    EXPECT_EQ(server().of(raw::Type::goaway).size(), 1u);
    EXPECT_EQ(cause_name(server().end), "closed");
    server().transport().close();
    pass(1ms);
    EXPECT_TRUE(closed);
    EXPECT_THAT(receipts_.breaks, IsEmpty());
}

TEST_F(Http2Driver, ClosesAtTheDeadlineWhenTheOtherSideStays) {
    open();
    bool closed = false;
    tasks_.spawn(close_into(*session_, now() + 1s, closed));
    pass(999ms);
    EXPECT_FALSE(closed);
    pass(1ms);
    EXPECT_TRUE(closed);
}

TEST_F(Http2Driver, MayBeDestroyedByWhoHearsOfAnAnswerOrABreak) {
    open();
    offer(1, "x");
    offer(2, "y");
    pass(2ms);
    receipts_.on_settled = [&](Sequence, const driver::Outcome&) { session_.reset(); };
    answer(1, "200");
    answer(3, "200");
    pass(2ms);
    EXPECT_THAT(settled(), ElementsAre("1 acknowledged"));

    receipts_.on_settled = nullptr;
    make_session(1);
    open();
    receipts_.on_broken = [&] { session_.reset(); };
    server().transport().reset();
    pass(2ms);
    EXPECT_THAT(receipts_.breaks, ElementsAre("reset"));
}

TEST_F(Http2Driver, OffersAgainFromWithinAnAnswer) {
    open();
    receipts_.on_settled = [&](Sequence first, const driver::Outcome&) {
        if (first < 5) {
            offer(first + 1, "next");
        }
    };
    offer(1, "x");
    for (std::uint32_t stream = 1; stream <= 9; stream += 2) {
        pass(1ms);
        answer(stream, "200");
        pass(1ms);
    }
    EXPECT_EQ(receipts_.all.size(), 5u);
    EXPECT_EQ(receipts_.all[4].outcome.answered - receipts_.all[0].outcome.answered, 8ms);
}

TEST(Http2Kind, SaysWhatItIs) {
    const auto http2 = kind();
    EXPECT_EQ(http2.name, "http2");
    EXPECT_EQ(http2.scheme, "http");
    EXPECT_EQ(nlohmann::json::parse(http2.options_schema).at("type"), "object");
    EXPECT_EQ(http2.traits(nlohmann::json::object()).native, wire::Encoding::json);
}

}  // namespace
}  // namespace portillon::drivers::http2
