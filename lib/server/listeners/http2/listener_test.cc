#include <gmock/gmock.h>

#include "server/listeners/http2/kind.h"
#include "server/listeners/over_http2/harness.h"
#include "wire/decode_error.h"

namespace portillon::server::listeners::http2 {
namespace {

using over_http2::FakeIngest;
using over_http2::ScriptedClient;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace raw = portillon::http2::raw;

raw::Fields post(const std::string& path = "/v1/validations", raw::Fields more = {}) {
    raw::Fields fields{{":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {":path", path}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

// A connection to a peer that does not read: written bytes stay unsent until the test says otherwise.
class StuckTransport final : public net::Transport {
public:
    struct State {
        Reader* reader = nullptr;
        std::size_t unsent = 0;
        enum class Reading : std::uint8_t { on, paused } reading = Reading::on;
        std::string end;
    };
    explicit StuckTransport(State& state) : state_(state) {}
    ~StuckTransport() override { state_.reader = nullptr; }
    net::Task<error_code> connect(Instant) override { co_return error_code{}; }
    void start(Reader& reader) override { state_.reader = &reader; }
    void write(std::span<const std::byte> bytes) override { state_.unsent += bytes.size(); }
    std::size_t unsent() const override { return state_.unsent; }
    void pause() override { state_.reading = State::Reading::paused; }
    void resume() override { state_.reading = State::Reading::on; }
    void shut() override { state_.end = "shut"; }
    void close() override { state_.end = "closed"; }
    void reset() override { state_.end = "reset"; }

private:
    State& state_;
};

class Http2Listener : public over_http2::ListenerHarness {
protected:
    Http2Listener() : ListenerHarness(kind()) {}

    static std::string request(std::uint32_t stream, const std::string& body) {
        return raw::headers(stream, post()) + raw::data(stream, body, raw::end_stream);
    }
};

TEST_F(Http2Listener, AnswersAPostWithAReceipt) {
    auto& client = greet();
    client.send(request(1, R"({"run"})"));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre(R"({"run"})"));
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.body(1), R"({"equipment":12,"first":9,"count":60})");
    EXPECT_EQ(client.field(1, "content-length"), std::to_string(client.body(1).size()));
    EXPECT_EQ(client.field(1, "content-type"), "application/json");
}

TEST_F(Http2Listener, GathersABodyFromPieces) {
    auto& client = greet();
    const std::string whole = std::string(raw::headers(1, post())) + raw::data(1, "abc") + raw::data(1, "") +
                              raw::data(1, "def") + raw::data(1, "g", raw::end_stream);
    for (const char byte : whole) {
        client.send(std::string(1, byte));
        settle();
    }
    EXPECT_THAT(ingest_.bodies, ElementsAre("abcdefg"));
    EXPECT_EQ(client.field(1, ":status"), "200");
}

TEST_F(Http2Listener, AnswersByMethodPathAndDecision) {
    struct Row {
        raw::Fields head;
        Decision decision;
        std::string status, body;
        std::size_t ingested;
    };
    const Decision accepted = ingest_.decision;
    const Decision malformed{Disposition::malformed, wire::DecodeError::syntax, {}, 0, 0};
    const Decision refused{Disposition::refused, {}, EquipmentId{12}, 9, 60};
    const std::string receipt = R"({"equipment":12,"first":9,"count":60})";
    const auto get = [](const std::string& path) {
        return raw::Fields{{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", path}};
    };
    const std::vector<Row> rows{
        {post(), accepted, "200", receipt, 1},
        {post("/v1/validations/12"), accepted, "200", receipt, 1},
        {post("/v1/validations?x=1"), accepted, "200", receipt, 1},
        {post(), malformed, "400", R"({"error":"decode_syntax"})", 1},
        {post(), refused, "503", R"({"error":"busy"})", 1},
        {post(), {Disposition::failed, {}, EquipmentId{12}, 9, 60}, "500", R"({"error":"failed"})", 1},
        {post(), {Disposition::rejected, {}, EquipmentId{12}, 9, 60}, "403", R"({"error":"rejected"})", 1},
        {post(), {Disposition::ignored, {}, EquipmentId{12}, 9, 60}, "", "", 1},
        {post(), {Disposition::muted, {}, EquipmentId{12}, 9, 60}, "", "", 1},
        {post("/"), accepted, "404", R"({"error":"not_found"})", 0},
        {post("/v1/validationsx"), accepted, "404", R"({"error":"not_found"})", 0},
        {post("/" + std::string(5'000, 'x')), accepted, "404", R"({"error":"not_found"})", 0},
        {get("/"), accepted, "404", R"({"error":"not_found"})", 0},
        {get("/v1/validations"), accepted, "405", R"({"error":"wrong_method"})", 0},
        {post("/v1/validations", {{"content-length", "99999999"}}), accepted, "413", R"({"error":"too_large"})", 0},
    };
    for (const Row& row : rows) {
        auto& client = greet();
        ingest_.bodies.clear();
        ingest_.decision = row.decision;
        const bool has_length = row.status == "413";
        client.send(raw::headers(1, row.head) + (has_length ? "" : raw::data(1, "x", raw::end_stream)));
        settle();
        EXPECT_EQ(client.field(1, ":status"), row.status);
        EXPECT_EQ(client.body(1), row.body);
        EXPECT_EQ(ingest_.bodies.size(), row.ingested);
        EXPECT_EQ(client.end, "");
    }
    EXPECT_EQ(counted(figures_.refused), "not_found=4 wrong_method=1 too_large=1");
    EXPECT_EQ(counted(figures_.closed), "");
}

TEST_F(Http2Listener, AnswersLaterAndInAnyOrder) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet();
    client.send(request(1, "one") + request(3, "three") + request(5, "five"));
    settle();
    EXPECT_EQ(client.count(raw::Type::headers), 0u);
    ingest_.decide(2);
    settle();
    EXPECT_EQ(client.field(5, ":status"), "200");
    EXPECT_EQ(client.field(1, ":status"), "");
    ingest_.decide(0);
    ingest_.decide(1);
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.field(3, ":status"), "200");
}

TEST_F(Http2Listener, ForgetsAnswersThatNobodyWaitsForAnyMore) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& first = greet();
    first.send(request(1, "one") + request(3, "three"));
    settle();
    first.send(raw::rst_stream(1, 8));
    settle();
    ingest_.decide(0);
    settle();
    EXPECT_EQ(first.field(1, ":status"), "");
    first.transport().close();
    settle();
    EXPECT_EQ(listener_->connections(), 0u);
    auto& second = greet();  // in the same place
    second.send(request(1, "a") + request(3, "b"));
    settle();
    ingest_.decide(1);
    settle();
    EXPECT_EQ(second.field(3, ":status"), "") << "the answer was another connection's";
    ingest_.decide(3);
    settle();
    EXPECT_EQ(second.field(3, ":status"), "200");
}

TEST_F(Http2Listener, RefusesABodyAboveTheLimitBeforeItsEnd) {
    limits_.packet_bytes = 10;
    auto& client = greet();
    client.send(raw::headers(1, post()) + raw::data(1, "0123456789"));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "");
    client.send(raw::data(1, "x"));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "413");
    client.send(raw::data(1, std::string(39, 'x')));
    settle();
    EXPECT_EQ(client.count(raw::Type::rst_stream), 0u) << "many a client wants to say all before it listens";
    client.send(raw::data(1, "xx"));
    settle();
    ASSERT_EQ(client.count(raw::Type::rst_stream), 1u) << "but not for ever";
    EXPECT_EQ(client.frames.back().u32(0), 0u);
    client.send(request(3, "0123456789"));
    settle();
    EXPECT_EQ(client.field(3, ":status"), "200");
    EXPECT_EQ(counted(figures_.refused), "too_large=1");
}

TEST_F(Http2Listener, SaysWhyBeforeItGivesUpABodyFarAboveTheLimit) {
    limits_.packet_bytes = 10;
    auto& client = greet();
    client.send(raw::headers(1, post()) + raw::data(1, std::string(11, 'x')) + raw::data(1, std::string(60, 'x')));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "413");
    ASSERT_EQ(client.count(raw::Type::rst_stream), 1u);
    EXPECT_EQ(client.frames.back().u32(0), 0u);
}

TEST_F(Http2Listener, BoundsWhatAConnectionLeavesUnfinished) {
    limits_.packet_bytes = 10;
    auto& client = greet();
    for (std::uint32_t stream = 1; stream <= 11; stream += 2) {
        client.send(raw::headers(stream, post()) + raw::data(stream, "12345678"));
    }
    settle();
    EXPECT_EQ(client.field(9, ":status"), "");
    EXPECT_EQ(client.field(11, ":status"), "503");
    EXPECT_EQ(counted(figures_.refused), "too_much=1");
    client.send(raw::data(1, "", raw::end_stream) + raw::rst_stream(3, 8) + request(13, "12345678"));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.field(13, ":status"), "200");
}

TEST_F(Http2Listener, RefusesAHeaderListAboveTheLimit) {
    limits_.header_list_bytes = 1'000;
    auto& client = greet();
    client.send(raw::headers(1, post("/v1/validations", {{"x-long", std::string(900, 'x')}})) +
                raw::data(1, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "431");
    client.send(request(3, "x"));
    settle();
    EXPECT_EQ(client.field(3, ":status"), "200");
    EXPECT_EQ(counted(figures_.refused), "headers_too_large=1");
}

TEST_F(Http2Listener, RefusesStreamsAboveTheLimit) {
    limits_.streams = 2;
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet();
    client.send(request(1, "a") + request(3, "b") + request(5, "c"));  // it may not have heard of the limit yet
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("a", "b"));
    ASSERT_EQ(client.frames.back().type, raw::Type::rst_stream);
    EXPECT_EQ(client.frames.back().stream, 5u);
    EXPECT_EQ(client.frames.back().u32(0), 7u) << "REFUSED_STREAM";
    client.send(raw::settings_ack() + request(7, "d"));  // now it has
    settle();
    EXPECT_EQ(client.end, "closed");
    EXPECT_EQ(counted(figures_.closed), "malformed=1");
}

TEST_F(Http2Listener, RefusesConnectionsAboveTheLimit) {
    limits_.connections = 2;
    greet();
    greet();
    auto& third = connect();
    settle();
    EXPECT_EQ(third.end, "reset");
    EXPECT_EQ(listener_->connections(), 2u);
    EXPECT_EQ(counted(figures_.closed), "too_many_connections=1");
    clients_[0]->transport().close();
    settle();
    EXPECT_EQ(listener_->connections(), 1u);
    EXPECT_EQ(greet().end, "");
}

TEST_F(Http2Listener, ClosesWhoDoesNotGreetInTime) {
    limits_.first_byte = 2s;
    auto& silent = connect();
    auto& slow = connect();
    slow.send(std::string(raw::preface));
    auto& good = greet();
    pass(1999ms);
    EXPECT_EQ(silent.end, "");
    pass(1ms);
    EXPECT_EQ(silent.end, "closed");
    EXPECT_EQ(slow.end, "closed") << "its SETTINGS are missing";
    EXPECT_EQ(good.end, "");
    EXPECT_EQ(counted(figures_.closed), "no_first_byte=2");
    pass(2s);
    EXPECT_EQ(listener_->connections(), 1u);
}

TEST_F(Http2Listener, ClosesWhoIsIdleButNotWhoWaitsForAnAnswer) {
    limits_.idle = 10s;
    ingest_.mode = FakeIngest::Mode::later;
    auto& idle = greet();
    auto& waits = greet();
    auto& busy = greet();
    waits.send(request(1, "x"));
    pass(6s);
    busy.send(raw::ping("12345678"));
    pass(4s);
    EXPECT_EQ(idle.end, "closed");
    EXPECT_EQ(idle.count(raw::Type::goaway), 1u);
    EXPECT_EQ(waits.end, "");
    EXPECT_EQ(busy.end, "");
    pass(6s);
    EXPECT_EQ(busy.end, "closed");
    EXPECT_EQ(waits.end, "");
    EXPECT_EQ(counted(figures_.closed), "idle=2");
}

TEST_F(Http2Listener, ClosesAConnectionThatSpeaksNonsenseAlone) {
    auto& good = greet();
    const std::vector<std::string> nonsense{
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        std::string(24, '\0'),
        std::string(raw::preface) + raw::data(0, "on stream 0"),
        std::string(raw::preface) + raw::settings() + raw::headers(2, post()),
        std::string(raw::preface) + raw::settings() +
            raw::frame(raw::Type::headers, raw::end_headers, 1, "\xFF\xFF\xFF"),
        std::string(raw::preface) + raw::settings() + raw::frame(raw::Type::ping, 0, 0, "short"),
        std::string(raw::preface) + raw::settings() + raw::number(0xFFFFFF, 3) + std::string(6, '\0'),
    };
    for (const auto& bytes : nonsense) {
        auto& client = connect();
        client.send(bytes);
        settle();
        EXPECT_EQ(client.end, "closed");
    }
    EXPECT_EQ(counted(figures_.closed), "malformed=7");
    pass(2s);
    EXPECT_EQ(listener_->connections(), 1u);
    good.send(request(1, "x"));
    settle();
    EXPECT_EQ(good.field(1, ":status"), "200");
}

// A client that reads bytes, not frames, as one that speaks HTTP/1.1.
class TextClient final : private net::Transport::Reader {
public:
    explicit TextClient(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
    }
    void send(std::string_view bytes) { transport_->write(bytes_of(bytes)); }
    std::string text, end;

private:
    void received(std::span<const std::byte> bytes) override { text += text_of(bytes); }
    void ended(const error_code& cause) override { end = cause_name(cause); }
    std::unique_ptr<net::Transport> transport_;
};

TEST_F(Http2Listener, TellsWhoSpeaksHttp1InItsOwnWords) {
    const auto answer_to = [&](std::string_view request) {
        auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
        TextClient client(std::move(ends.client));
        listener_->accepted(std::move(ends.server));
        settle();
        EXPECT_EQ(client.text, "") << "it has not said yet what it speaks";
        client.send(request);
        settle();
        EXPECT_EQ(client.end, "closed");
        return client.text;
    };
    for (const auto* request :
         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD / HTTP/1.0\r\n\r\n",
          "POST /v1/validations HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
          "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: 2\r\n\r\n{}"}) {
        const auto answer = answer_to(request);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 505 HTTP Version Not Supported\r\n")) << answer;
        EXPECT_NE(answer.find("--http2-prior-knowledge"), answer.npos) << answer;
    }
    EXPECT_EQ(answer_to("INVALID CONNECTION PREFACE\r\n\r\n").find("HTTP/1.1"), std::string::npos);
    EXPECT_EQ(counted(figures_.closed), "malformed=4");
    pass(2s);
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(Http2Listener, ResetsOnlyTheStreamOfARequestThatIsWrong) {
    auto& client = greet();
    client.send(raw::headers(1, {{":method", "POST"}, {":scheme", "http"}}, raw::end_stream));
    client.send(raw::headers(3, post("/v1/validations", {{"content-length", "5"}})) +
                raw::data(3, "four", raw::end_stream));
    client.send(request(5, "x"));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("x"));
    EXPECT_EQ(client.count(raw::Type::rst_stream), 2u);
    EXPECT_EQ(client.field(5, ":status"), "200");
    EXPECT_EQ(client.end, "");
}

TEST_F(Http2Listener, LetsAClientsWindowHoldAnAnswerBack) {
    auto& client = connect();
    client.send(std::string(raw::preface) + raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) +
                request(1, "x"));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.body(1), "");
    client.send(raw::window_update(1, 10));
    settle();
    EXPECT_EQ(client.body(1).size(), 10u);
    client.send(raw::window_update(1, 1'000));
    settle();
    EXPECT_EQ(client.body(1), R"({"equipment":12,"first":9,"count":60})");
}

TEST_F(Http2Listener, DismissesWhoIsThereAndTakesWhoComes) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet();
    client.send(request(1, "x"));
    settle();
    listener_->dismiss(Listener::Parting::with_goodbye);
    settle();
    EXPECT_EQ(client.count(raw::Type::goaway), 1u);
    EXPECT_EQ(client.end, "");
    ingest_.decide(0);
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    EXPECT_EQ(client.end, "closed");
    auto& next = greet();
    listener_->dismiss(Listener::Parting::without_a_word);
    settle();
    EXPECT_EQ(next.count(raw::Type::goaway), 0u);
    EXPECT_EQ(next.end, "closed");
    EXPECT_EQ(greet().end, "");
}

TEST_F(Http2Listener, SaysWhenToComeBackIfIngestDoes) {
    auto& client = greet();
    ingest_.decision = {Disposition::refused, {}, EquipmentId{12}, 9, 60, 1500ms};
    client.send(request(1, "x"));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "503");
    EXPECT_EQ(client.field(1, "retry-after"), "2");
}

TEST_F(Http2Listener, AsksForABodyThatWaitsToBeAskedFor) {
    auto& client = greet();
    client.send(raw::headers(1, post("/v1/validations", {{"expect", "100-continue"}})));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "100");
    client.send(raw::data(1, "x", raw::end_stream));
    settle();
    EXPECT_EQ(client.field(1, ":status"), "200");
    client.send(raw::headers(3, post("/elsewhere", {{"expect", "100-continue"}})));
    settle();
    EXPECT_EQ(client.field(3, ":status"), "404") << "it is not asked for what is refused";
    EXPECT_EQ(client.count(raw::Type::headers), 3u);
    client.send(raw::headers(5, post("/v1/validations", {{"expect", "100-Continue"}})));
    settle();
    EXPECT_EQ(client.field(5, ":status"), "100") << "in any case (RFC 9110, 10.1.1)";
}

TEST_F(Http2Listener, AnswersMethodsAndEncodingsAsHttpSays) {
    struct Row {
        std::string method, path;
        raw::Fields more;
        std::string status, header, value;
    };
    const std::vector<Row> rows{
        {"HEAD", "/v1/validations", {}, "405", "allow", "POST"},
        {"GET", "/v1/validations", {}, "405", "allow", "POST"},
        {"OPTIONS", "/v1/validations", {}, "405", "allow", "POST"},
        {"HEAD", "/", {}, "404", "allow", ""},
        {"POST", "/v1/validations", {{"content-encoding", "gzip"}}, "415", "accept-encoding", "identity"},
        {"POST", "/v1/validations", {{"content-encoding", "identity"}}, "200", "accept-encoding", ""},
        {"POST", "/v1/validations", {{"content-encoding", "Identity"}}, "200", "accept-encoding", ""},
        {"HEAD", "/v1/validations", {}, "405", "content-length", "24"},
        {"POST", "/v1/validations", {{"content-type", "application/x-protobuf"}}, "200", "allow", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.method + " " + row.path);
        auto& client = greet();
        raw::Fields fields{{":method", row.method}, {":scheme", "http"}, {":authority", "x"}, {":path", row.path}};
        fields.insert(fields.end(), row.more.begin(), row.more.end());
        client.send(raw::headers(1, fields, raw::end_stream));
        settle();
        EXPECT_EQ(client.field(1, ":status"), row.status);
        EXPECT_EQ(client.field(1, row.header), row.value);
        EXPECT_EQ(client.body(1).empty(), row.method == "HEAD");
        EXPECT_EQ(client.end, "");
    }
}

TEST_F(Http2Listener, DoesNotWaitForEverForTheRestOfARequest) {
    auto& client = greet();
    client.send(raw::headers(1, post()));
    for (int second = 0; second < 30; ++second) {
        EXPECT_EQ(client.field(1, ":status"), "");
        client.send(raw::data(1, "x"));
        pass(1s);
    }
    EXPECT_EQ(client.field(1, ":status"), "408");
    EXPECT_EQ(counted(figures_.refused), "unfinished=1");
    EXPECT_EQ(client.end, "");
    pass(30s);
    EXPECT_EQ(client.count(raw::Type::rst_stream), 1u) << "nor to drop it";
    client.send(request(3, "x"));
    settle();
    EXPECT_EQ(client.field(3, ":status"), "200");

    auto& slow = greet();
    const std::string head = raw::headers(1, post("/v1/validations", {{"x-long", std::string(200, 'x')}}));
    for (int second = 0; second < 30; ++second) {
        EXPECT_EQ(slow.end, "");
        slow.send(head.substr(static_cast<std::size_t>(second), 1));
        pass(1s);
    }
    EXPECT_EQ(slow.end, "") << "its header list begins with the tenth byte";
    pass(10s);
    EXPECT_EQ(slow.end, "closed");
    EXPECT_EQ(counted(figures_.closed), "unfinished=1");
}

TEST_F(Http2Listener, ClosesWhoNeverOpensItsWindow) {
    const auto greeting = std::string(raw::preface) + raw::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
    auto& shut = connect();
    auto& slow = connect();
    shut.send(greeting + request(1, "x") + request(3, "y"));
    slow.send(greeting + request(1, "x"));
    for (int i = 0; i < 6; ++i) {
        pass(29'000ms / 6);
        slow.send(raw::window_update(1, 1));
        settle();
    }
    EXPECT_EQ(shut.end, "");
    pass(2s);
    EXPECT_EQ(shut.end, "closed");
    EXPECT_EQ(slow.end, "") << "it reads, however slowly";
    EXPECT_EQ(counted(figures_.closed), "stalled=1");
}

TEST_F(Http2Listener, HoldsThousandsOfIdleConnections) {
    for (int i = 0; i < 3'000; ++i) {
        greet();
    }
    auto& busy = greet();
    pass(1h);
    busy.send(request(1, "x"));
    settle();
    EXPECT_EQ(busy.field(1, ":status"), "200");
    EXPECT_EQ(listener_->connections(), 3'001u);
    EXPECT_EQ(counted(figures_.closed), "");
}

TEST_F(Http2Listener, ReadsNoMoreFromWhoDoesNotReadItsAnswers) {
    using Reading = StuckTransport::State::Reading;
    StuckTransport::State peer;
    listener_->accepted(std::make_unique<StuckTransport>(peer));
    const auto say = [&](const std::string& bytes) {
        peer.reader->received(bytes_of(bytes));
        settle();
    };
    say(std::string(raw::preface) + raw::settings());
    std::uint32_t stream = 1;
    while (peer.reading == Reading::on && stream < 100'000) {
        say(request(stream, "x"));
        stream += 2;
    }
    EXPECT_EQ(peer.reading, Reading::paused);
    const auto unsent = peer.unsent;
    EXPECT_GT(unsent, 256u << 10);
    EXPECT_LT(unsent, (256u << 10) + 1'000);

    peer.unsent = 0;
    peer.reader->drained();
    settle();
    EXPECT_EQ(peer.reading, Reading::on);
    EXPECT_EQ(listener_->connections(), 1u);

    while (peer.reading == Reading::on) {
        say(request(stream, "x"));
        stream += 2;
    }
    pass(30s);
    EXPECT_EQ(peer.end, "reset");
    EXPECT_EQ(listener_->connections(), 0u);
    EXPECT_EQ(counted(figures_.closed), "stalled=1");
}

TEST_F(Http2Listener, StopsWhenWhatIsUnderWayIsAnswered) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& busy = greet();
    auto& quiet = greet();
    auto& silent = connect();
    busy.send(request(1, "x"));
    settle();
    listener_->stop();
    settle();
    EXPECT_EQ(quiet.count(raw::Type::goaway), 1u);
    EXPECT_EQ(quiet.end, "closed");
    EXPECT_EQ(silent.end, "closed");
    EXPECT_EQ(busy.end, "");
    busy.send(request(3, "too late"));
    settle();
    EXPECT_THAT(ingest_.bodies, ElementsAre("x"));
    EXPECT_EQ(connect().transport().unsent(), 0u);
    settle();
    EXPECT_EQ(clients_.back()->end, "reset");
    ingest_.decide(0);
    settle();
    EXPECT_EQ(busy.field(1, ":status"), "200");
    EXPECT_EQ(busy.end, "closed");
    pass(1s);
    EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(Http2Listener, MayBeDestroyedWithRequestsUnderWay) {
    ingest_.mode = FakeIngest::Mode::later;
    auto& client = greet();
    client.send(request(1, "x") + raw::headers(3, post()) + raw::data(3, "part"));
    settle();
    listener_.reset();
    settle();
    EXPECT_EQ(client.end, "closed");
}

}  // namespace
}  // namespace portillon::server::listeners::http2
