// Clients that send frames which cost us work to no purpose: each gets ENHANCE_YOUR_CALM, or another fitting error,
// loses only its own connection, and is counted.

#include <gmock/gmock.h>

#include "server/listeners/http2/kind.h"
#include "server/listeners/over_http2/harness.h"

namespace portillon::server::listeners::http2 {
namespace {

namespace raw = portillon::http2::raw;

const raw::Fields flood_post{
    {":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/v1/validations"}};

class Http2Floods : public over_http2::ListenerHarness {
protected:
    Http2Floods() : ListenerHarness(kind()) {}

    // Sends the frame `times` times in pieces of some kilobytes, while the connection lives; another client is served
    // meanwhile.
    void flood(const std::string& name, const std::string& frame, std::size_t times, const std::string& before = {}) {
        SCOPED_TRACE(name);
        auto& other = greet();
        auto& client = greet();
        client.send(before);
        std::string piece;
        for (std::size_t i = 0; i < times && client.end.empty(); ++i) {
            piece += frame;
            if (piece.size() > 4'000 || i + 1 == times) {
                client.send(std::exchange(piece, {}));
                settle();
            }
        }
        EXPECT_EQ(client.end, "closed");
        ASSERT_EQ(client.count(raw::Type::goaway), 1u);
        EXPECT_EQ(client.frames.back().u32(4), 11u) << "ENHANCE_YOUR_CALM";
        other.send(raw::headers(1, flood_post) + raw::data(1, "x", raw::end_stream));
        settle();
        EXPECT_EQ(other.field(1, ":status"), "200");
        pass(2s);
        EXPECT_EQ(other.end, "");
    }
};

TEST_F(Http2Floods, EndTheConnectionOfFramesThatBringNothing) {
    const std::size_t times = 11'000;
    flood("PING", raw::ping("12345678"), times);
    flood("PING that answers nothing", raw::ping("12345678", raw::ack), times);
    flood("SETTINGS", raw::settings(), times);
    flood("SETTINGS with a value", raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 5}}), times);
    flood("PRIORITY", raw::frame(raw::Type::priority, 0, 3, std::string(5, '\0')), times);
    flood("WINDOW_UPDATE", raw::window_update(0, 1), times);
    flood("empty DATA", raw::data(1, ""), times, raw::headers(1, flood_post));
    EXPECT_EQ(counted(figures_.closed), "flooded=7");
}

TEST_F(Http2Floods, AreNoneWhenAConnectionIsKeptAliveForDays) {
    auto& client = greet();
    for (int i = 0; i < 11'000; ++i) {
        client.send(raw::ping("12345678"));
        pass(10s);
    }
    EXPECT_EQ(client.end, "");
    client.send(raw::headers(1, flood_post) + raw::data(1, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
}

TEST_F(Http2Floods, EndTheConnectionOfManyResets) {
    auto& client = greet();
    ingest_.mode = over_http2::FakeIngest::Mode::later;
    std::uint32_t stream = 1;
    for (; stream < 10'000 && client.end.empty(); stream += 2) {
        client.send(raw::headers(stream, flood_post) + raw::data(stream, "x", raw::end_stream) +
                    raw::rst_stream(stream, 8));
        settle();
    }
    EXPECT_EQ(client.end, "closed");
    EXPECT_EQ(stream / 2, 1'001u);
    EXPECT_EQ(client.frames.back().u32(4), 11u);
    EXPECT_EQ(counted(figures_.closed), "flooded=1");
}

TEST_F(Http2Floods, AreNoneWhenAFewHundredRequestsASecondAreGivenUp) {
    auto& client = greet();
    ingest_.mode = over_http2::FakeIngest::Mode::later;
    std::uint32_t stream = 1;
    for (int second = 0; second < 60; ++second) {
        for (std::uint32_t i = 0; i < limits_.streams; ++i, stream += 2) {
            client.send(raw::headers(stream, flood_post) + raw::data(stream, "x", raw::end_stream) +
                        raw::rst_stream(stream, 8));
        }
        pass(1s);
    }
    EXPECT_EQ(client.end, "");
    EXPECT_EQ(ingest_.bodies.size(), 60 * limits_.streams);
}

TEST_F(Http2Floods, AreNoneWhenEveryRequestBringsSomeFrames) {
    auto& client = greet();
    for (std::uint32_t stream = 1; stream < 10'000; stream += 2) {
        client.send(raw::headers(stream, flood_post) + raw::ping("12345678") + raw::window_update(0, 100) +
                    raw::window_update(stream, 1) + raw::data(stream, "x", raw::end_stream));
        settle();
    }
    EXPECT_EQ(client.end, "");
    EXPECT_EQ(ingest_.bodies.size(), 5'000u);
}

TEST_F(Http2Floods, EndTheConnectionOfEndlessHeaders) {
    for (const std::string& field : {raw::block({{"x", std::string(100, 'x')}}), std::string()}) {
        auto& client = greet();
        client.send(raw::frame(raw::Type::headers, 0, 1, raw::block(flood_post)));
        for (int i = 0; i < 1'000 && client.end.empty(); ++i) {
            client.send(raw::frame(raw::Type::continuation, 0, 1, field));
            settle();
        }
        EXPECT_EQ(client.end, "closed");
        EXPECT_LT(client.transport().unsent(), 1u);
    }
    pass(2s);
    EXPECT_EQ(listener_->connections(), 0u);
    EXPECT_EQ(counted(figures_.closed), "malformed=2");
}

// A header of 900 bytes enters the table; 14,000 references of one byte each follow.
TEST_F(Http2Floods, DoNotUnpackHeadersWithoutEnd) {
    auto& client = greet();
    const std::string bomb = "\x40" + raw::literal("x") + raw::literal(std::string(900, 'x'));
    client.send(raw::frame(raw::Type::headers, raw::end_headers | raw::end_stream, 1,
                           raw::block(flood_post) + bomb + std::string(14'000, '\xBE')));
    settle();
    EXPECT_EQ(client.count(raw::Type::goaway), 1u);
    EXPECT_EQ(client.end, "closed");
    EXPECT_EQ(counted(figures_.closed), "flooded=1");
}

// A client that merely errs is answered, and its connection lives on.
TEST_F(Http2Floods, AnswerAListOfTwiceTheAllowedSize) {
    auto& client = greet();
    auto fields = flood_post;
    for (int i = 0; i < 2; ++i) {
        fields.emplace_back("x-" + std::to_string(i), std::string(15'000, 'x'));
    }
    const std::string block = raw::block(fields);
    client.send(raw::frame(raw::Type::headers, raw::end_stream, 1, block.substr(0, 16'000)) +
                raw::frame(raw::Type::continuation, raw::end_headers, 1, block.substr(16'000)));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "431");
    client.send(raw::headers(3, flood_post) + raw::data(3, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(3, ":status"), "200");
}

}  // namespace
}  // namespace portillon::server::listeners::http2
