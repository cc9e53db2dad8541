#include <gmock/gmock.h>

#include "server/listeners/grpc/kind.h"
#include "server/listeners/over_http2/harness.h"
#include "wire/decode_error.h"
#include "wire/receipt.h"

namespace portillon::server::grpc {
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
    ASSERT_FALSE(wire::decode(raw::bytes_of(body).subspan(5), wire::Encoding::protobuf, receipt));
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
        {"other call", call({}, "/portillon.v1.Gate/Streams"), framed("x"), Disposition::accepted, "12",
         "unknown_call"},
        {"other service", call({}, "/other.Service/Deliver"), framed("x"), Disposition::accepted, "12", "unknown_call"},
        {"unknown encoding", call({{"grpc-encoding", "br"}}), framed("x", '\1'), Disposition::accepted, "12",
         "compressed"},
        {"not what it says", call({{"grpc-encoding", "gzip"}}), framed("x", '\1'), Disposition::accepted, "3",
         "malformed"},
        {"compressed, nobody said how", call(), framed("x", '\1'), Disposition::accepted, "3", "malformed"},
        {"unknown flag", call(), framed("x", '\2'), Disposition::accepted, "3", "malformed"},
        {"no message", call(), "", Disposition::accepted, "3", "malformed"},
        {"cut off", call(), framed("xyz").substr(0, 6), Disposition::accepted, "3", "malformed"},
        {"two messages", call(), framed("x") + framed("y"), Disposition::accepted, "3", "malformed"},
        {"bad time-out", call({{"grpc-timeout", "soon"}}), framed("x"), Disposition::accepted, "3", "malformed"},
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
    EXPECT_EQ(counted(figures_.refused), "unknown_call=2 compressed=1 malformed=7");
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
    EXPECT_EQ(client.field(1, "grpc-status"), "3");
    EXPECT_EQ(client.field(3, "grpc-status"), "3");
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

}  // namespace
}  // namespace portillon::server::grpc
