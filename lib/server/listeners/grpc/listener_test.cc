#include <gmock/gmock.h>
#include <zlib.h>

#include "server/listeners/grpc/kind.h"
#include "server/listeners/over_http2/harness.h"
#include "wire/decode_error.h"
#include "wire/grpc_frame.h"
#include "wire/grpc_retry_info.h"
#include "wire/receipt.h"

namespace portillon::server::listeners::grpc {
namespace {

using over_http2::FakeIngest;
using ::testing::ElementsAre;
namespace raw = portillon::http2::raw;

raw::Fields call(raw::Fields more = {}, const std::string& path = "/portillon.v1.Gate/Deliver",
                 const std::string& type = "application/grpc") {
    raw::Fields fields{{":method", "POST"}, {":scheme", "http"}, {":authority", "x"},
                       {":path", path},     {"te", "trailers"},  {"content-type", type}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

// Only a proxy that breaks trailers would leave it out (grpc/doc/PROTOCOL-HTTP2.md); there is none here.
raw::Fields without_te(raw::Fields fields) {
    std::erase_if(fields, [](const auto& field) { return field.first == "te"; });
    return fields;
}

const std::string stream_path = "/portillon.v1.Gate/Stream";

std::string framed(const std::string& message, char flag = '\0') {
    return flag + raw::number(message.size(), 4) + message;
}

class GrpcListener : public over_http2::ListenerHarness {
protected:
    GrpcListener() : ListenerHarness(kind()) {}

    static std::string request(std::uint32_t stream, const std::string& body, raw::Fields more = {}) {
        return raw::headers(stream, call(std::move(more))) + raw::data(stream, body, raw::end_stream);
    }
};

class GrpcStream : public GrpcListener {
protected:
    over_http2::ScriptedClient& begin_stream(raw::Fields more = {}) {
        auto& client = greet();
        client.send(raw::headers(1, call(std::move(more), stream_path)));
        settle();
        EXPECT_EQ(client.field(1, ":status"), "200");
        return client;
    }

    void decide(std::size_t index, Sequence first) {
        ingest_.decision.first = first;
        ingest_.decide(index);
        settle();
    }

    // The receipts of stream 1: "equipment/first answer retry_after_ms".
    static std::vector<std::string> receipts(const over_http2::ScriptedClient& client) {
        static constexpr const char* answers[] = {"acknowledged", "rejected", "throttled", "try_again"};
        std::vector<std::string> found;
        const std::string body = client.body(1);
        wire::GrpcFrameReader reader(1'000);
        reader.feed(bytes_of(body));
        while (const auto message = reader.next()) {
            wire::Receipt receipt;
            EXPECT_FALSE(wire::decode(message->body, wire::Encoding::protobuf, receipt));
            found.push_back(std::to_string(number_of(receipt.equipment)) + "/" + std::to_string(receipt.first) + " " +
                            answers[static_cast<int>(receipt.answer)]);
            if (receipt.retry_after_ms > 0) {
                found.back() += " " + std::to_string(receipt.retry_after_ms);
            }
        }
        EXPECT_TRUE(reader.at_boundary());
        return found;
    }
};

TEST_F(GrpcListener, AnswersACallWithAReceipt) {
    auto& client = greet();
    client.send(request(1, framed("a batch")));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("a batch"));
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.field(1, "content-type"), "application/grpc");
    EXPECT_EQ(client.field(1, "grpc-status"), "0");
    EXPECT_NE(client.frames.back().flags & raw::end_stream, 0);
    const std::string body = client.body(1);
    ASSERT_GT(body.size(), 5u);
    wire::Receipt receipt;
    ASSERT_FALSE(wire::decode(bytes_of(body).subspan(5), wire::Encoding::protobuf, receipt));
    EXPECT_EQ(receipt, (wire::Receipt{.equipment = EquipmentId{12}, .first = 9, .count = 60}));
    EXPECT_EQ(body.substr(0, 5), raw::number(body.size() - 5, 5));
}

TEST_F(GrpcListener, EndsCallsWithTheStatusThatFits) {
    struct Row {
        std::string name;
        raw::Fields head;
        std::string body;
        Disposition disposition;
        std::string status, message;
    };
    const std::vector<Row> rows{
        {"plus", call({}, "/portillon.v1.Gate/Deliver", "application/grpc+proto"), framed("x"), Disposition::accepted,
         "0", ""},
        {"no batch", call(), framed("x"), Disposition::malformed, "3", "decode_syntax"},
        {"refused", call(), framed("x"), Disposition::refused, "14", "busy"},
        {"failed", call(), framed("x"), Disposition::failed, "13", "failed"},
        {"rejected", call(), framed("x"), Disposition::rejected, "7", "rejected"},
        {"other call", call({}, "/portillon.v1.Gate/Streams"), framed("x"), Disposition::accepted, "12",
         "unknown_call"},
        {"other service", call({}, "/other.Service/Deliver"), framed("x"), Disposition::accepted, "12", "unknown_call"},
        {"unknown encoding", call({{"grpc-encoding", "br"}}), framed("x", '\1'), Disposition::accepted, "12",
         "compressed"},
        {"not what it says", call({{"grpc-encoding", "gzip"}}), framed("x", '\1'), Disposition::accepted, "13",
         "bad_compression"},
        {"compressed, nobody said how", call(), framed("x", '\1'), Disposition::accepted, "13", "bad_compression"},
        {"compressed as identity", call({{"grpc-encoding", "identity"}}), framed("x", '\1'), Disposition::accepted,
         "13", "bad_compression"},
        {"plain, though compression was announced", call({{"grpc-encoding", "gzip"}}), framed("x"),
         Disposition::accepted, "0", ""},
        {"no te", without_te(call()), framed("x"), Disposition::accepted, "0", ""},
        {"unknown flag", call(), framed("x", '\2'), Disposition::accepted, "13", "malformed"},
        {"no message", call(), "", Disposition::accepted, "12", "not_one_message"},
        {"cut off", call(), framed("xyz").substr(0, 6), Disposition::accepted, "13", "malformed"},
        {"two messages", call(), framed("x") + framed("y"), Disposition::accepted, "12", "not_one_message"},
        {"bad time-out", call({{"grpc-timeout", "soon"}}), framed("x"), Disposition::accepted, "13", "malformed"},
        {"absurd length", call(), std::string("\0\xFF\xFF\xFF\xFFx", 6), Disposition::accepted, "8", "too_large"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        auto& client = greet();
        ingest_.decision = {row.disposition, {}, EquipmentId{12}, 9, 60};
        if (row.disposition == Disposition::malformed) {
            ingest_.decision.cause = wire::DecodeError::syntax;
        }
        client.send(raw::headers(1, row.head) + raw::data(1, row.body, raw::end_stream));
        settle();
        EXPECT_EQ(client.field(1, ":status").empty() ? "200" : client.field(1, ":status"), "200");
        EXPECT_EQ(client.field(1, "grpc-status"), row.status);
        EXPECT_EQ(client.field(1, "grpc-message"), row.message);
        EXPECT_EQ(client.end, "");
    }
    EXPECT_EQ(counted(figures_.refused),
              "unknown_call=2 compressed=1 bad_compression=3 malformed=3 not_one_message=2 too_large=1");
}

TEST_F(GrpcListener, AnswersWhoDoesNotSpeakGrpcInPlainHttp) {
    auto& client = greet();
    client.send(raw::headers(1, call({}, "/portillon.v1.Gate/Deliver", "text/plain"), raw::end_stream));
    client.send(raw::headers(3, call({}, "/portillon.v1.Gate/Deliver", "application/grpc-web"), raw::end_stream));
    client.send(raw::headers(5, {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}},
                             raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "415");
    EXPECT_EQ(client.field(3, ":status"), "415");
    EXPECT_EQ(client.field(5, ":status"), "405");
    EXPECT_EQ(client.field(5, "allow"), "POST");
    for (const std::uint32_t stream : {1u, 3u, 5u}) {
        EXPECT_EQ(client.field(stream, "content-type"), "text/plain");
        EXPECT_NE(client.body(stream).find("application/grpc"), std::string::npos) << client.body(stream);
    }
    client.send(raw::headers(7, {{":method", "HEAD"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}},
                             raw::end_stream));
    settle();
    EXPECT_EQ(client.field(7, ":status"), "405");
    EXPECT_EQ(client.body(7), "");
}

TEST_F(GrpcListener, RefusesWhatIsTooLarge) {
    limits_.packet_bytes = 100;
    auto& client = greet();
    client.send(request(1, framed(std::string(100, 'x'))));
    client.send(request(3, framed(std::string(101, 'x'))));
    settle();
    EXPECT_EQ(client.field(1, "grpc-status"), "0");
    EXPECT_EQ(client.field(3, "grpc-status"), "8");
    EXPECT_EQ(client.field(3, "grpc-message"), "too_large");
}

TEST_F(GrpcListener, GoesOnAfterARefusalOnTheSameConnection) {
    limits_.packet_bytes = 100;
    auto& client = greet();
    client.send(request(1, framed("x", '\1')) + request(3, framed("x") + framed("y")) +
                request(5, framed(std::string(200, 'x'))) + request(7, framed(std::string(100, 'x'))));
    settle();
    EXPECT_EQ(client.field(1, "grpc-status"), "13");
    EXPECT_EQ(client.field(3, "grpc-status"), "12");
    EXPECT_EQ(client.field(5, "grpc-status"), "8");
    EXPECT_EQ(client.field(7, "grpc-status"), "0");
}

TEST_F(GrpcListener, SaysWhenAnAnswerComesTooLate) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet();
    client.send(request(1, framed("x"), {{"grpc-timeout", "100m"}}));
    client.send(request(3, framed("y"), {{"grpc-timeout", "99999999H"}}));
    client.send(request(5, framed("z")));
    pass(100ms);
    ingest_.decide(0);
    settle();
    EXPECT_EQ(client.field(1, "grpc-status"), "0");
    client.send(request(7, framed("x"), {{"grpc-timeout", "100m"}}));
    pass(101ms);
    for (std::size_t i = 1; i <= 3; ++i) {
        ingest_.decide(i);
    }
    settle();
    EXPECT_EQ(client.field(3, "grpc-status"), "0");
    EXPECT_EQ(client.field(5, "grpc-status"), "0");
    EXPECT_EQ(client.field(7, "grpc-status"), "4");
}

TEST_F(GrpcListener, EndsACallThatIngestHoldsBeyondItsTime) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet();
    client.send(request(1, framed("x"), {{"grpc-timeout", "100m"}}) +
                request(3, framed("y"), {{"grpc-timeout", "5S"}}));
    pass(99ms);
    EXPECT_EQ(client.field(1, "grpc-status"), "");
    pass(2ms);
    EXPECT_EQ(client.field(1, "grpc-status"), "4") << "nobody has decided yet";
    ingest_.decide(0);
    settle();
    pass(4800ms);
    EXPECT_EQ(client.field(3, "grpc-status"), "");
    pass(200ms);
    EXPECT_EQ(client.field(3, "grpc-status"), "4");
    EXPECT_EQ(counted(figures_.refused), "late=2");
    EXPECT_EQ(client.end, "");
}

TEST_F(GrpcListener, SaysWhenToComeBackIfIngestDoes) {
    auto& client = greet();
    ingest_.decision = {Disposition::refused, {}, EquipmentId{12}, 9, 60, 1500ms};
    client.send(request(1, framed("x")));
    settle();
    EXPECT_EQ(client.field(1, "grpc-status"), "8");
    EXPECT_EQ(client.field(1, "grpc-retry-pushback-ms"), "1500");
    EXPECT_EQ(wire::parse_retry_info(client.field(1, "grpc-status-details-bin")), 1500ms);
}

std::string gzipped(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST_F(GrpcListener, UnpacksMessagesWithinTheLimit) {
    limits_.packet_bytes = 1'000;
    auto& client = greet();
    const raw::Fields gzip{{"grpc-encoding", "gzip"}};
    const auto packed = [](std::size_t size) { return framed(gzipped(std::string(size, 'x')), '\1'); };
    client.send(request(1, packed(1'000), gzip) + request(3, packed(1'001), gzip) + request(5, framed("plain"), gzip) +
                request(7, packed(500'000), gzip) + request(9, framed("x", '\1'), {{"grpc-encoding", "zstd"}}));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre(std::string(1'000, 'x'), "plain"));
    EXPECT_EQ(client.field(1, "grpc-status"), "0");
    EXPECT_EQ(client.field(3, "grpc-status"), "8");
    EXPECT_EQ(client.field(5, "grpc-status"), "0");
    EXPECT_EQ(client.field(7, "grpc-status"), "8");
    EXPECT_EQ(client.field(9, "grpc-status"), "12");
    EXPECT_EQ(client.field(9, "grpc-accept-encoding"), "identity,deflate,gzip");
    client.send(raw::headers(11, call(gzip, stream_path)) + raw::data(11, packed(10) + framed("y") + packed(1'001)));
    settle();
    EXPECT_EQ(ingest_.bodies.size(), 4u);
    EXPECT_EQ(client.field(11, "grpc-status"), "8");
    EXPECT_EQ(client.end, "");
}

TEST_F(GrpcStream, AnswersEachMessageByItsReceiptInAnyOrder) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = begin_stream();
    client.send(raw::data(1, framed("one") + framed("two") + framed("three").substr(0, 7)));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("one", "two"));
    client.send(raw::data(1, framed("three").substr(7)));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("one", "two", "three"));
    EXPECT_EQ(client.body(1), "");
    decide(2, 61);
    decide(0, 1);
    EXPECT_THAT(receipts(client), ElementsAre("12/61 acknowledged", "12/1 acknowledged"));
    client.send(raw::data(1, "", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, "grpc-status"), "") << "one receipt is owed";
    decide(1, 31);
    EXPECT_THAT(receipts(client), ElementsAre("12/61 acknowledged", "12/1 acknowledged", "12/31 acknowledged"));
    EXPECT_EQ(client.field(1, "grpc-status"), "0");
    EXPECT_NE(client.frames.back().flags & raw::end_stream, 0);
    EXPECT_EQ(client.end, "");
    EXPECT_EQ(counted(figures_.refused), "");
}

TEST_F(GrpcStream, SaysNoInReceiptsThatNameTheBatch) {
    auto& client = begin_stream();
    const std::string batch = std::string("\x09") + std::string(8, '\1') + "\x10\x07\x18\x05\x22\x01x";
    ingest_.decision = {Disposition::malformed, wire::DecodeError::syntax, {}, 0, 0};
    client.send(raw::data(1, framed(batch)));
    settle();
    ingest_.decision = {Disposition::refused, {}, {}, 0, 0};
    client.send(raw::data(1, framed(batch)));
    settle();
    ingest_.decision.retry_after = 250ms;
    client.send(raw::data(1, framed(batch)));
    settle();
    EXPECT_THAT(receipts(client), ElementsAre("7/5 rejected", "7/5 try_again", "7/5 throttled 250"));
    EXPECT_EQ(client.field(1, "grpc-status"), "");
}

TEST_F(GrpcStream, EndsWithTheStatusThatFits) {
    limits_.packet_bytes = 100;
    restart();
    struct Row {
        std::string name, bytes, status;
        Disposition disposition = Disposition::accepted;
    };
    const std::vector<Row> rows{
        {"no batch", raw::data(1, framed("x")), "3", Disposition::malformed},
        {"busy, and no name", raw::data(1, framed("x")), "14", Disposition::refused},
        {"too large", raw::data(1, framed(std::string(101, 'x'))), "8"},
        {"absurd", raw::data(1, std::string("\0\xFF\xFF\xFF\xFF", 5)), "8"},
        {"unknown flag", raw::data(1, framed("x", '\3')), "13"},
        {"compressed, nobody said how", raw::data(1, framed("x", '\1')), "13"},
        {"cut off", raw::data(1, framed("xyz").substr(0, 6), raw::end_stream), "13"},
        {"nothing", raw::data(1, "", raw::end_stream), "0"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        ingest_.decision = {row.disposition, {}, {}, 0, 0};
        if (row.disposition == Disposition::malformed) {
            ingest_.decision.cause = wire::DecodeError::syntax;
        }
        auto& client = begin_stream();
        client.send(row.bytes);
        settle();
        EXPECT_EQ(client.field(1, "grpc-status"), row.status);
        const bool has_ended = row.name == "cut off" || row.name == "nothing";
        client.send((has_ended ? "" : raw::data(1, "more")) + raw::headers(3, call()) +
                    raw::data(3, framed("x"), raw::end_stream));
        settle();
        EXPECT_EQ(client.end, "");
    }
}

TEST_F(GrpcStream, EndsWithoutAWindow) {
    auto& client = connect();
    client.send(std::string(raw::preface) + raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) +
                raw::headers(1, call({}, stream_path), raw::end_stream) + raw::headers(3, call({}, stream_path)));
    settle();
    EXPECT_EQ(client.field(1, "grpc-status"), "0") << "trailers need none";
    client.send(raw::data(3, framed("x"), raw::end_stream));
    settle();
    EXPECT_EQ(client.field(3, "grpc-status"), "") << "the receipt comes first";
    client.send(raw::window_update(3, 100) + raw::window_update(1, 100));
    settle();
    EXPECT_EQ(client.field(3, "grpc-status"), "0");
    EXPECT_THAT(receipts(client), ::testing::IsEmpty());
    client.send(raw::headers(5, call({}, stream_path)));
    settle();
    listener_->stop();
    settle();
    EXPECT_EQ(client.field(5, "grpc-status"), "14");
    client.send(raw::rst_stream(5, 8));
    pass(2s);
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(GrpcStream, EndsAtItsDeadline) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = begin_stream({{"grpc-timeout", "2S"}});
    client.send(raw::data(1, framed("x")));
    pass(1999ms);
    EXPECT_EQ(client.field(1, "grpc-status"), "");
    pass(2ms);
    EXPECT_EQ(client.field(1, "grpc-status"), "4");
    decide(0, 1);
    EXPECT_EQ(client.body(1), "");
}

TEST_F(GrpcStream, LivesForAsLongAsItLikesButNotWithinAMessage) {
    auto& client = begin_stream();
    pass(1h);
    client.send(raw::data(1, framed("one") + framed("two").substr(0, 6)));
    settle();
    EXPECT_EQ(ingest_.bodies.size(), 1u);
    pass(29s);
    client.send(raw::data(1, "w"));
    pass(1s);
    EXPECT_EQ(client.field(1, "grpc-status"), "1");
    EXPECT_EQ(counted(figures_.refused), "unfinished=1");
    EXPECT_EQ(client.end, "");
}

TEST_F(GrpcStream, BoundsWhatAClientDoesNotRead) {
    auto& client = connect();
    client.send(std::string(raw::preface) + raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) +
                raw::headers(1, call({}, stream_path)));
    for (int i = 0; i < 40'000 && client.end.empty(); ++i) {
        client.send(raw::data(1, framed("x")));
        settle();
    }
    EXPECT_EQ(client.end, "closed");
    EXPECT_LT(ingest_.bodies.size(), 40'000u);
    EXPECT_EQ(counted(figures_.closed), "stalled=1");

    auto& quiet = connect();
    quiet.send(std::string(raw::preface) + raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) +
               raw::headers(1, call({}, stream_path)) + raw::data(1, framed("x")));
    settle();
    pass(29s);
    EXPECT_EQ(quiet.end, "");
    pass(1s);
    EXPECT_EQ(quiet.end, "closed");
    EXPECT_EQ(counted(figures_.closed), "stalled=2");
}

TEST_F(GrpcStream, BoundsUnfinishedMessagesOverAllStreamsOfAConnection) {
    limits_.packet_bytes = 100;
    restart();
    auto& client = greet();
    for (std::uint32_t stream = 1; stream <= 11; stream += 2) {
        client.send(raw::headers(stream, call({}, stream_path)) +
                    raw::data(stream, framed(std::string(90, 'x')).substr(0, 90)));
    }
    settle();
    EXPECT_EQ(client.field(7, "grpc-status"), "");
    EXPECT_EQ(client.field(9, "grpc-status"), "14");
    EXPECT_EQ(client.end, "");
}

TEST_F(GrpcStream, OwesNothingToWhoHasGone) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = begin_stream();
    client.send(raw::data(1, framed("one") + framed("two")));
    settle();
    client.send(raw::rst_stream(1, 8));
    settle();
    decide(0, 1);
    auto& other = begin_stream();
    other.transport().close();
    settle();
    decide(1, 2);
    EXPECT_EQ(client.body(1), "");
    EXPECT_EQ(client.end, "");
}

TEST_F(GrpcStream, EndsWithUnavailableWhenTheServerStopsAndNothingIsOwed) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& idle = begin_stream();
    auto& busy = begin_stream();
    busy.send(raw::data(1, framed("one")));
    settle();
    listener_->stop();
    settle();
    EXPECT_EQ(idle.field(1, "grpc-status"), "14");
    EXPECT_EQ(busy.field(1, "grpc-status"), "");
    busy.send(raw::data(1, framed("two")));
    settle();
    EXPECT_EQ(ingest_.bodies.size(), 1u);
    decide(0, 1);
    EXPECT_THAT(receipts(busy), ElementsAre("12/1 acknowledged"));
    EXPECT_EQ(busy.field(1, "grpc-status"), "14");
    busy.send(raw::data(1, "", raw::end_stream));
    idle.send(raw::data(1, "", raw::end_stream));
    pass(2s);
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(GrpcStream, IsIdleWhenItSaysNothingAndIsOwedNothing) {
    limits_.idle = 10s;
    restart();
    ingest_.mode = FakeIngest::Mode::later;
    auto& idle = begin_stream();
    auto& waits = begin_stream();
    waits.send(raw::data(1, framed("x")));
    pass(10s);
    EXPECT_EQ(idle.end, "closed");
    EXPECT_EQ(waits.end, "");
    EXPECT_EQ(counted(figures_.closed), "idle=1");
}

}  // namespace
}  // namespace portillon::server::listeners::grpc
