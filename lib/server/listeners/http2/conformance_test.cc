// A server's answers to what RFC 9113 and RFC 7541 forbid, section by section; the cases of the public suite h2spec are
// among them. nghttp2 is milder than the standard where one stream's window overflows (6.9.2), and uses another error
// code for a padded frame without the length of its padding (6.1).

#include <gmock/gmock.h>

#include <fmt/format.h>

#include "server/listeners/http2/kind.h"
#include "server/listeners/over_http2/harness.h"

namespace portillon::server::listeners::http2 {
namespace {

namespace raw = portillon::http2::raw;
using raw::Type;

const raw::Fields post_fields{
    {":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/v1/validations"}};

raw::Fields with(raw::Fields fields, const raw::Fields& more) {
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

std::string whole(std::uint32_t stream, const raw::Fields& fields = post_fields) {
    return raw::headers(stream, fields, raw::end_stream);
}

class Http2Conformance : public over_http2::ListenerHarness {
protected:
    Http2Conformance() : ListenerHarness(kind()) {}

    // "goaway PROTOCOL_ERROR", "reset 1 STREAM_CLOSED", "closed", or "lives" if a request after it is served.
    std::string answer_to(const std::string& bytes) {
        static constexpr const char* names[] = {"NO_ERROR",           "PROTOCOL_ERROR",   "INTERNAL_ERROR",
                                                "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
                                                "FRAME_SIZE_ERROR",   "REFUSED_STREAM",   "CANCEL",
                                                "COMPRESSION_ERROR",  "CONNECT_ERROR",    "ENHANCE_YOUR_CALM"};
        auto& client = greet();
        client.send(bytes);
        settle();
        for (const auto& frame : client.frames) {
            if (frame.type == Type::goaway) {
                EXPECT_EQ(client.end, "closed");
                return fmt::format("goaway {}", names[frame.u32(4)]);
            }
        }
        if (!client.end.empty()) {
            return "closed";
        }
        for (const auto& frame : client.frames) {
            if (frame.type == Type::rst_stream) {
                return fmt::format("reset {} {}", frame.stream, names[frame.u32(0)]);
            }
        }
        client.send(raw::headers(101, post_fields) + raw::data(101, "x", raw::end_stream));
        settle();
        EXPECT_EQ(client.field(101, ":status"), "200");
        return "lives";
    }
};

TEST_F(Http2Conformance, AnswersWhatIsForbiddenAsTheStandardSays) {
    struct Row {
        std::string section, what, bytes, answer;
    };
    const std::string open = raw::headers(1, post_fields);
    const std::string part = raw::frame(Type::headers, 0, 1, raw::block(post_fields));
    const std::string with_te =
        raw::headers(1, with(post_fields, {{"te", "trailers"}})) + raw::data(1, "x", raw::end_stream);
    const std::vector<Row> rows{
        {"4.1", "an unknown type", raw::frame(static_cast<Type>(0x16), 0xFF, 0, "12345678"), "lives"},
        {"4.1", "unknown flags", raw::frame(Type::ping, 0xFE, 0, "12345678"), "lives"},
        {"4.1", "the reserved bit", raw::frame(Type::ping, 0, 0x80000000, "12345678"), "lives"},
        {"4.2", "DATA of 2^14 bytes", open + raw::data(1, std::string(1 << 14, 'x'), raw::end_stream), "lives"},
        {"4.2", "DATA that is too large", open + raw::data(1, std::string((1 << 14) + 1, 'x')),
         "goaway FRAME_SIZE_ERROR"},
        {"4.2", "HEADERS that are too large", raw::frame(Type::headers, 4, 1, std::string((1 << 14) + 1, 'x')),
         "goaway FRAME_SIZE_ERROR"},
        {"4.3", "no header block", raw::frame(Type::headers, 4, 1, "\xFF\xFF\xFF\xFF"), "goaway COMPRESSION_ERROR"},
        {"4.3", "PRIORITY within a header block", part + raw::frame(Type::priority, 0, 1, std::string(5, '\0')),
         "goaway PROTOCOL_ERROR"},
        {"4.3", "HEADERS of another stream within one", part + whole(3), "goaway PROTOCOL_ERROR"},
        {"4.3", "an unknown type within one", part + raw::frame(static_cast<Type>(0x16), 0, 0, ""),
         "goaway PROTOCOL_ERROR"},
        {"5.1", "DATA of an idle stream", raw::data(1, "x", raw::end_stream), "goaway PROTOCOL_ERROR"},
        {"5.1", "RST_STREAM of an idle stream", raw::rst_stream(1, 8), "goaway PROTOCOL_ERROR"},
        {"5.1", "WINDOW_UPDATE of an idle stream", raw::window_update(1, 100), "goaway PROTOCOL_ERROR"},
        {"5.1", "CONTINUATION of an idle stream", raw::frame(Type::continuation, 4, 1, raw::block(post_fields)),
         "goaway PROTOCOL_ERROR"},
        {"5.1", "PRIORITY of an idle stream", raw::frame(Type::priority, 0, 1, std::string("\0\0\0\0\1", 5)), "lives"},
        {"5.1", "DATA after the request's end", whole(1) + raw::data(1, "x", raw::end_stream), "goaway STREAM_CLOSED"},
        {"5.1", "HEADERS after the request's end", whole(1) + whole(1), "goaway STREAM_CLOSED"},
        {"5.1", "CONTINUATION after the request's end", whole(1) + raw::frame(Type::continuation, 4, 1, ""),
         "goaway PROTOCOL_ERROR"},
        {"5.1", "PRIORITY after the request's end",
         whole(1) + raw::frame(Type::priority, 0, 1, std::string("\0\0\0\0\1", 5)), "lives"},
        {"5.1", "DATA after RST_STREAM", open + raw::rst_stream(1, 8) + raw::data(1, "x", raw::end_stream),
         "goaway STREAM_CLOSED"},
        {"5.1", "HEADERS after RST_STREAM", open + raw::rst_stream(1, 8) + whole(1), "goaway PROTOCOL_ERROR"},
        {"5.1", "DATA after RST_STREAM of an earlier stream",
         open + whole(3) + raw::rst_stream(1, 8) + raw::data(1, "x"), "goaway STREAM_CLOSED"},
        {"5.1", "requests whose parts are mixed",
         open + raw::headers(3, post_fields) + raw::data(1, "x") + raw::data(3, "y") +
             raw::data(1, "x", raw::end_stream) + raw::headers(3, {{"x", "y"}}, raw::end_stream),
         "lives"},
        {"5.1", "CONTINUATION after RST_STREAM",
         open + raw::rst_stream(1, 8) + raw::frame(Type::continuation, 4, 1, ""), "goaway PROTOCOL_ERROR"},
        {"5.1", "WINDOW_UPDATE after RST_STREAM", open + raw::rst_stream(1, 8) + raw::window_update(1, 1), "lives"},
        {"5.1", "RST_STREAM after RST_STREAM", open + raw::rst_stream(1, 8) + raw::rst_stream(1, 8), "lives"},
        {"5.3.1", "HEADERS that depend on themselves",
         raw::frame(Type::headers, 0x25, 1, raw::number(1, 4) + '\x10' + raw::block(post_fields)),
         "goaway PROTOCOL_ERROR"},
        {"5.3.1", "PRIORITY that depends on itself",
         open + raw::frame(Type::priority, 0, 1, raw::number(1, 4) + '\x10'), "goaway PROTOCOL_ERROR"},
        {"5.5", "an unknown type of a stream", open + raw::frame(static_cast<Type>(0x16), 0, 1, "x"), "lives"},
        {"5.1.1", "an even stream", whole(2), "goaway PROTOCOL_ERROR"},
        {"5.1.1", "a smaller stream", whole(5) + whole(3), "goaway PROTOCOL_ERROR"},
        {"5.1.1", "streams left out", whole(5) + whole(9), "lives"},
        {"6.1", "DATA of stream 0", raw::data(0, "x"), "goaway PROTOCOL_ERROR"},
        {"6.1", "padding beyond the frame",
         open + raw::frame(Type::data, 8, 1,
                           "\x06"
                           "12345"),
         "goaway PROTOCOL_ERROR"},
        {"6.1", "padding", open + raw::frame(Type::data, 9, 1, std::string("\3x\0\0\0", 5)), "lives"},
        {"6.1", "padding as long as the frame", open + raw::frame(Type::data, 8, 1, std::string("\4\0\0\0", 4)),
         "goaway PROTOCOL_ERROR"},
        {"6.1", "padded DATA without a length of padding", open + raw::frame(Type::data, 8, 1, ""),
         "goaway PROTOCOL_ERROR"},
        {"6.2", "HEADERS with padding and priority",
         raw::frame(Type::headers, 0x2D, 1,
                    '\2' + raw::number(0, 4) + '\x10' + raw::block(post_fields) + std::string(2, '\0')),
         "lives"},
        {"6.2", "HEADERS of stream 0", raw::headers(0, post_fields), "goaway PROTOCOL_ERROR"},
        {"6.2", "padding beyond the frame", raw::frame(Type::headers, 12, 1, "\xFF" + raw::block(post_fields)),
         "goaway PROTOCOL_ERROR"},
        {"6.3", "PRIORITY of stream 0", raw::frame(Type::priority, 0, 0, std::string(5, '\0')),
         "goaway PROTOCOL_ERROR"},
        {"6.3", "PRIORITY of 4 bytes", open + raw::frame(Type::priority, 0, 1, std::string(4, '\0')),
         "goaway FRAME_SIZE_ERROR"},
        {"6.4", "RST_STREAM of stream 0", raw::rst_stream(0, 8), "goaway PROTOCOL_ERROR"},
        {"6.4", "an unknown error", open + raw::rst_stream(1, 0xFF), "lives"},
        {"6.4", "RST_STREAM of 3 bytes", open + raw::frame(Type::rst_stream, 0, 1, "123"), "goaway FRAME_SIZE_ERROR"},
        {"6.5", "an acknowledgement that says something", raw::frame(Type::settings, 1, 0, std::string(6, '\0')),
         "goaway FRAME_SIZE_ERROR"},
        {"6.5", "SETTINGS of a stream", raw::frame(Type::settings, 0, 1, ""), "goaway PROTOCOL_ERROR"},
        {"6.5", "SETTINGS of 3 bytes", raw::frame(Type::settings, 0, 0, "123"), "goaway FRAME_SIZE_ERROR"},
        {"6.5", "an acknowledgement of nothing", raw::settings_ack() + raw::settings_ack(), "goaway PROTOCOL_ERROR"},
        {"6.5.2", "ENABLE_PUSH of 2", raw::settings({{2, 2}}), "goaway PROTOCOL_ERROR"},
        {"6.5.2", "a window above 2^31-1", raw::settings({{4, 0x80000000}}), "goaway FLOW_CONTROL_ERROR"},
        {"6.5.2", "frames below 2^14", raw::settings({{5, 16'383}}), "goaway PROTOCOL_ERROR"},
        {"6.5.2", "frames above 2^24-1", raw::settings({{5, 1 << 24}}), "goaway PROTOCOL_ERROR"},
        {"6.5.2", "an unknown setting", raw::settings({{0xFF, 1}}), "lives"},
        {"6.5.3", "settings that change each other", raw::settings({{4, 100}, {4, 1}}), "lives"},
        {"6.6", "PUSH_PROMISE",
         open + raw::frame(Type::push_promise, 4, 1, raw::number(2, 4) + raw::block(post_fields)),
         "goaway PROTOCOL_ERROR"},
        {"6.7", "PING of a stream", raw::frame(Type::ping, 0, 1, "12345678"), "goaway PROTOCOL_ERROR"},
        {"6.7", "PING of 6 bytes", raw::frame(Type::ping, 0, 0, "123456"), "goaway FRAME_SIZE_ERROR"},
        {"6.7", "an answer to no PING", raw::ping("12345678", raw::ack), "lives"},
        {"6.8", "GOAWAY of a stream", raw::frame(Type::goaway, 0, 1, std::string(8, '\0')), "goaway PROTOCOL_ERROR"},
        {"6.8", "GOAWAY of 7 bytes", raw::frame(Type::goaway, 0, 0, std::string(7, '\0')), "goaway FRAME_SIZE_ERROR"},
        {"6.8", "GOAWAY with nothing under way", raw::goaway(0, 0), "closed"},
        {"7", "GOAWAY for an unknown error", raw::goaway(0, 0xFF), "closed"},
        {"6.9", "a window update of 0", raw::window_update(0, 0), "goaway PROTOCOL_ERROR"},
        {"6.9", "a stream's window update of 0", open + raw::window_update(1, 0), "goaway PROTOCOL_ERROR"},
        {"6.9", "WINDOW_UPDATE of 3 bytes", raw::frame(Type::window_update, 0, 0, "123"), "goaway FRAME_SIZE_ERROR"},
        {"6.9.1", "the connection's window above 2^31-1",
         raw::window_update(0, 0x7FFFFFFF) + raw::window_update(0, 0x7FFFFFFF), "goaway FLOW_CONTROL_ERROR"},
        {"6.9.1", "a stream's window above 2^31-1",
         open + raw::window_update(1, 0x7FFFFFFF) + raw::window_update(1, 0x7FFFFFFF), "reset 1 FLOW_CONTROL_ERROR"},
        {"6.9.2", "a stream's window above 2^31-1 by SETTINGS",
         open + raw::window_update(1, 0x7FFFFFFF - 65'535) + raw::settings({{4, 65'536}}),
         "reset 1 FLOW_CONTROL_ERROR"},
        {"6.10", "CONTINUATION of stream 0", part + raw::frame(Type::continuation, 4, 0, ""), "goaway PROTOCOL_ERROR"},
        {"6.10", "CONTINUATION of another stream", part + raw::frame(Type::continuation, 4, 3, ""),
         "goaway PROTOCOL_ERROR"},
        {"6.10", "CONTINUATION after the end", open + raw::frame(Type::continuation, 4, 1, ""),
         "goaway PROTOCOL_ERROR"},
        {"6.10", "CONTINUATION of nothing", open + raw::data(1, "x") + raw::frame(Type::continuation, 4, 1, ""),
         "goaway PROTOCOL_ERROR"},
        {"6.10", "CONTINUATION after a CONTINUATION that ended",
         part + raw::frame(Type::continuation, 4, 1, "") + raw::frame(Type::continuation, 4, 1, ""),
         "goaway PROTOCOL_ERROR"},
        {"6.10", "DATA instead of CONTINUATION", part + raw::data(1, "x"), "goaway PROTOCOL_ERROR"},
        {"6.10", "several CONTINUATIONs",
         part + raw::frame(Type::continuation, 0, 1, "") + raw::frame(Type::continuation, 4, 1, "") +
             raw::data(1, "x", raw::end_stream),
         "lives"},
        {"8.1", "HEADERS within a body", open + raw::data(1, "x") + raw::headers(1, {{"x", "y"}}),
         "reset 1 PROTOCOL_ERROR"},
        {"8.1", "trailers", open + raw::data(1, "x") + raw::headers(1, {{"x", "y"}}, raw::end_stream), "lives"},
        {"8.1", "an upper-case name among trailers",
         open + raw::data(1, "x") + raw::headers(1, {{"X", "y"}}, raw::end_stream), "reset 1 PROTOCOL_ERROR"},
        {"8.2", "an empty name", whole(1, with(post_fields, {{"", "y"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.2", "an upper-case name", whole(1, with(post_fields, {{"X-Name", "y"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.2", "a name with a space", whole(1, with(post_fields, {{"x name", "y"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.2.1", "a value with a line break", whole(1, with(post_fields, {{"x", "a\nb"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.2.2", "connection", whole(1, with(post_fields, {{"connection", "keep-alive"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.2.2", "transfer-encoding", whole(1, with(post_fields, {{"transfer-encoding", "chunked"}})),
         "reset 1 PROTOCOL_ERROR"},
        {"8.2.2", "te: trailers", with_te, "lives"},
        {"8.2.2", "te: trailers, deflate", whole(1, with(post_fields, {{"te", "trailers, deflate"}})),
         "reset 1 PROTOCOL_ERROR"},
        {"8.3", "an unknown pseudo-header", whole(1, with(post_fields, {{":test", "ok"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.3", "a response's pseudo-header", whole(1, with(post_fields, {{":status", "200"}})),
         "reset 1 PROTOCOL_ERROR"},
        {"8.3", "a pseudo-header after the others",
         whole(1, {{":method", "POST"}, {":scheme", "http"}, {"x", "y"}, {":path", "/"}}), "reset 1 PROTOCOL_ERROR"},
        {"8.3", "a pseudo-header among trailers",
         open + raw::data(1, "x") + raw::headers(1, {{":method", "POST"}}, raw::end_stream), "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "no :method", whole(1, {{":scheme", "http"}, {":path", "/"}}), "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "no :scheme", whole(1, {{":method", "POST"}, {":path", "/"}}), "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "no :path", whole(1, {{":method", "POST"}, {":scheme", "http"}}), "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "an empty :path", whole(1, {{":method", "POST"}, {":scheme", "http"}, {":path", ""}}),
         "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "two :method", whole(1, with(post_fields, {{":method", "POST"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "two :scheme", whole(1, with(post_fields, {{":scheme", "http"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.3.1", "two :path", whole(1, with(post_fields, {{":path", "/"}})), "reset 1 PROTOCOL_ERROR"},
        {"8.1.1", "a length that is no number", whole(1, with(post_fields, {{"content-length", "-1"}})),
         "reset 1 PROTOCOL_ERROR"},
        {"8.1.1", "a body shorter than it says",
         raw::headers(1, with(post_fields, {{"content-length", "2"}})) + raw::data(1, "x", raw::end_stream),
         "reset 1 PROTOCOL_ERROR"},
        {"8.1.1", "a body longer than it says",
         raw::headers(1, with(post_fields, {{"content-length", "1"}})) + raw::data(1, "x") +
             raw::data(1, "x", raw::end_stream),
         "reset 1 PROTOCOL_ERROR"},
        {"8.1.1", "two lengths", whole(1, with(post_fields, {{"content-length", "1"}, {"content-length", "2"}})),
         "reset 1 PROTOCOL_ERROR"},
        {"7541 2.3.3", "index 0", raw::frame(Type::headers, 5, 1, "\x80"), "goaway COMPRESSION_ERROR"},
        {"7541 2.3.3", "an index beyond the tables", raw::frame(Type::headers, 5, 1, raw::block(post_fields) + "\xBE"),
         "goaway COMPRESSION_ERROR"},
        {"7541 4.2", "a table size after a header", raw::frame(Type::headers, 5, 1, raw::block(post_fields) + "\x20"),
         "goaway COMPRESSION_ERROR"},
        {"7541 5.2", "padding of more than 7 bits",
         raw::frame(Type::headers, 5, 1,
                    raw::block(post_fields) + std::string("\0\x85\xF2\xB2\x4A\x84\xFF\x84\x49\x50\x9F\xFF", 12)),
         "goaway COMPRESSION_ERROR"},
        {"7541 5.1", "an integer without end",
         raw::frame(Type::headers, 5, 1, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), "goaway COMPRESSION_ERROR"},
        {"7541 5.2", "padding of zeros",
         raw::frame(Type::headers, 5, 1,
                    raw::block(post_fields) + std::string("\0\x85\xF2\xB2\x4A\x84\xFF\x83\x49\x50\x90", 11)),
         "goaway COMPRESSION_ERROR"},
        {"7541 5.2", "the end-of-string symbol",
         raw::frame(
             Type::headers, 5, 1,
             raw::block(post_fields) + std::string("\0\x85\xF2\xB2\x4A\x84\xFF\x87\x49\x51\xFF\xFF\xFF\xFA\x7F", 15)),
         "goaway COMPRESSION_ERROR"},
        {"7541 5.2", "a text longer than the block",
         raw::frame(Type::headers, 5, 1, raw::block(post_fields) + std::string("\0\5ab", 4)),
         "goaway COMPRESSION_ERROR"},
        {"7541 6.3", "a table above the limit",
         raw::frame(Type::headers, 5, 1, "\x3F\xE1\xFF\x03" + raw::block(post_fields)), "goaway COMPRESSION_ERROR"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(answer_to(row.bytes), row.answer) << row.section << ": " << row.what;
    }
}

// RFC 9113, 3.4: anything but the preface, however much of it is right.
TEST_F(Http2Conformance, TalksOnlyToWhoSaysThePreface) {
    const std::string preface(raw::preface);
    for (const std::string& bytes :
         {std::string("INVALID CONNECTION PREFACE\r\n\r\n"), preface.substr(0, 23) + "x" + raw::settings(),
          preface + raw::headers(1, post_fields), preface + raw::ping("12345678"), preface + raw::settings_ack()}) {
        auto& client = connect();
        client.send(bytes);
        settle();
        EXPECT_EQ(client.end, "closed") << bytes;
        EXPECT_EQ(client.field(1, ":status"), "") << bytes;
    }
    EXPECT_EQ(counted(figures_.closed), "malformed=5");
}

// 5.1: also for a stream that was answered and forgotten, in pieces of any size. Frames on a stream that we have reset
// may still have been under way.
TEST_F(Http2Conformance, RemembersWhichStreamsTheClientHasEnded) {
    const auto ends_with = [&](const std::string& bytes, std::uint32_t error) {
        for (const std::size_t size : {std::size_t{1}, bytes.size()}) {
            auto& client = greet();
            client.send(whole(1) + raw::headers(3, post_fields) + raw::data(3, "x", raw::end_stream));
            settle();
            EXPECT_EQ(client.field(3, ":status"), "200");
            for (std::size_t at = 0; at < bytes.size(); at += size) {
                client.send(bytes.substr(at, size));
                settle();
            }
            EXPECT_EQ(client.end, "closed");
            ASSERT_EQ(client.count(Type::goaway), 1u);
            EXPECT_EQ(client.frames.back().u32(4), error);
        }
    };
    ends_with(raw::data(3, "x", raw::end_stream), 5);
    ends_with(raw::data(1, ""), 5);
    ends_with(whole(3), 1);
    ends_with(whole(1), 1);
    EXPECT_EQ(counted(figures_.closed), "malformed=8");

    limits_.packet_bytes = 10;
    restart();
    auto& client = greet();
    client.send(raw::headers(1, post_fields) + raw::data(1, std::string(11, 'x')) + raw::data(1, std::string(60, 'x')));
    settle();
    ASSERT_EQ(client.count(Type::rst_stream), 1u);
    client.send(raw::data(1, "x") + raw::headers(1, {{"x", "y"}}, raw::end_stream) + whole(3) + raw::data(1, "x"));
    settle();
    EXPECT_EQ(client.end, "");
    EXPECT_EQ(client.field(3, ":status"), "200") << "the next one is served";
}

// RFC 7541, 4.2: if we announced a smaller table, the client's next header block would have to begin with an update of
// its size; many clients never send one.
TEST_F(Http2Conformance, TakesHeadersOfClientsThatNeverSpeakOfTables) {
    auto& client = greet();
    client.send(raw::settings_ack() +
                raw::frame(Type::headers, raw::end_headers, 1, raw::block(post_fields).substr(3)) +
                raw::data(1, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.end, "");
}

// 5.1.2: a stream above the limit is refused if the client may not have known the limit; otherwise it is a protocol
// error.
TEST_F(Http2Conformance, HoldsClientsToItsStreams) {
    limits_.streams = 2;
    restart();
    ingest_.mode = over_http2::FakeIngest::Mode::later;
    for (const bool knows : {false, true}) {
        auto& client = greet();
        client.send((knows ? raw::settings_ack() : std::string()) + raw::headers(1, post_fields) +
                    raw::headers(3, post_fields) + raw::headers(5, post_fields));
        settle();
        if (knows) {
            EXPECT_EQ(client.end, "closed");
            EXPECT_EQ(client.count(Type::goaway), 1u);
        } else {
            ASSERT_EQ(client.count(Type::rst_stream), 1u);
            EXPECT_EQ(client.end, "");
        }
        for (const auto& frame : client.frames) {
            EXPECT_TRUE(frame.type != Type::goaway || frame.u32(4) == 1) << "PROTOCOL_ERROR";
            EXPECT_TRUE(frame.type != Type::rst_stream || (frame.stream == 5 && frame.u32(0) == 7)) << "REFUSED_STREAM";
        }
    }
}

// 6.8: a client that has sent GOAWAY still gets the answers to its requests.
TEST_F(Http2Conformance, AnswersWhatIsUnderWayAfterGoaway) {
    ingest_.mode = over_http2::FakeIngest::Mode::later;
    auto& client = greet();
    client.send(raw::headers(1, post_fields) + raw::data(1, "x", raw::end_stream) + raw::goaway(0, 0xFF) +
                raw::ping("12345678"));
    settle();
    EXPECT_EQ(client.end, "");
    EXPECT_EQ(client.count(Type::ping), 1u);
    ingest_.decide(0);
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.end, "closed");
    EXPECT_EQ(counted(figures_.closed), "");
}

// grpc-go names the last stream of its own; what counts is that it leaves.
TEST_F(Http2Conformance, DoesNotCountAGoodbyeThatNamesAStreamOfTheClient) {
    auto& client = greet();
    client.send(raw::headers(1, post_fields) + raw::data(1, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    client.send(raw::goaway(1, 0));
    settle();
    EXPECT_EQ(client.end, "closed");
    EXPECT_EQ(counted(figures_.closed), "");
    pass(2s);
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(Http2Conformance, FollowsSettingsThatChangeWhileItAnswers) {
    auto& client = connect();
    client.send(std::string(raw::preface) + raw::settings({{4, 30}}) + raw::headers(1, post_fields) +
                raw::data(1, "x", raw::end_stream));
    settle();
    const std::string receipt = R"({"equipment":12,"first":9,"count":60})";
    EXPECT_EQ(client.body(1), receipt.substr(0, 30));
    client.send(raw::settings({{4, 10}}));  // the window is now 20 below zero
    client.send(raw::window_update(1, 20));
    settle();
    EXPECT_EQ(client.body(1), receipt.substr(0, 30));
    client.send(raw::window_update(1, 2));
    settle();
    EXPECT_EQ(client.body(1), receipt.substr(0, 32));
    client.send(raw::settings({{4, 100}, {1, 0}, {5, 20'000}, {3, 7}}));
    settle();
    EXPECT_EQ(client.body(1), receipt);
    client.send(raw::headers(3, post_fields) + raw::data(3, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(3, ":status"), "200");
    EXPECT_EQ(client.count(Type::settings), 1u + 3u) << "its own, and three acknowledgements";
}

}  // namespace
}  // namespace portillon::server::listeners::http2
