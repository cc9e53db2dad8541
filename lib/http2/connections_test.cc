// The two ends against each other, without a transport between them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>

#include "http2/client_connection.h"
#include "http2/error.h"
#include "http2/frame_heads.h"
#include "http2/server_connection.h"

namespace portillon::http2 {
namespace {

using ::testing::ElementsAre;

class TextRequest final : public Request {
public:
    TextRequest(std::string name, std::string body, std::vector<std::string>& log)
        : name_(std::move(name)), body_(std::move(body)), log_(log) {}

    std::size_t body_bytes() const override { return body_.size(); }
    void write_body(std::span<std::byte> out) const override {
        ++written;
        std::memcpy(out.data(), body_.data(), body_.size());
    }
    void started() override { log_.push_back(name_ + " started"); }
    void header(std::string_view name, std::string_view value) override {
        log_.push_back(name_ + " " + std::string(name) + ": " + std::string(value));
    }
    void answered() override { log_.push_back(name_ + " answered"); }
    void failed(const error_code& cause) override { log_.push_back(name_ + " failed: " + cause.message()); }

    mutable int written = 0;

private:
    std::string name_, body_;
    std::vector<std::string>& log_;
};

struct TextExchange final : Exchange {
    std::string path, body;
    bool complete = false;
};

class Connections : public ::testing::Test, public ClientConnection::Events, public ServerConnection::Events {
protected:
    static constexpr Header post[] = {{":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/p"}};
    static constexpr Header ok[] = {{":status", "200"}};

    void start(const ServerLimits& limits = {}) {
        client_.reset(new ClientConnection(*this, 16 << 10));
        server_.reset(new ServerConnection(*this, limits));
        exchange();
    }

    // Runs until neither side has anything to send.
    void exchange() {
        std::vector<std::byte> bytes;
        do {
            bytes.clear();
            ASSERT_FALSE(client_->pull(bytes));
            upward_bytes_ += bytes.size();
            const bool spoke = !bytes.empty();
            ASSERT_FALSE(server_->receive(bytes));
            bytes.clear();
            ASSERT_FALSE(server_->pull(bytes));
            ASSERT_FALSE(client_->receive(bytes));
            if (!spoke && bytes.empty()) {
                return;
            }
        } while (true);
    }

    TextRequest& request(const std::string& name, const std::string& body) {
        requests_.emplace_back(name, body, log_);
        EXPECT_FALSE(client_->submit(requests_.back(), post));
        return requests_.back();
    }

    void usable() override { log_.push_back("usable"); }
    void going_away(std::string_view words) override {
        log_.push_back(words.empty() ? "going away" : "going away: " + std::string(words));
    }
    void answered_late() override { log_.push_back("answered late"); }
    void greeted() override { log_.push_back("greeted"); }
    Exchange& begun() override { return exchanges_.emplace_back(); }
    void header(Exchange& exchange, std::string_view name, std::string_view value) override {
        if (name == ":path") {
            static_cast<TextExchange&>(exchange).path = value;
        }
    }
    void headers_end(Exchange&, ServerConnection::HeaderList) override {}
    void body(Exchange& exchange, std::span<const std::byte> piece) override {
        static_cast<TextExchange&>(exchange).body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
    void request_end(Exchange& exchange) override { static_cast<TextExchange&>(exchange).complete = true; }
    void closed(Exchange&) override { ++closed_; }
    void reset() override {}

    std::vector<std::string> log_;
    std::deque<TextRequest> requests_;
    std::deque<TextExchange> exchanges_;
    int closed_ = 0;
    std::size_t upward_bytes_ = 0;
    std::unique_ptr<ClientConnection> client_;
    std::unique_ptr<ServerConnection> server_;
};

TEST_F(Connections, CarryARequestAndItsAnswer) {
    start();
    request("a", "hello");
    exchange();
    ASSERT_EQ(exchanges_.size(), 1u);
    EXPECT_EQ(exchanges_[0].path, "/p");
    EXPECT_EQ(exchanges_[0].body, "hello");
    EXPECT_TRUE(exchanges_[0].complete);
    const std::string reply = "fine";
    server_->respond(exchanges_[0], ok, std::as_bytes(std::span(reply)));
    exchange();
    EXPECT_THAT(log_, ElementsAre("greeted", "usable", "a started", "a :status: 200", "a answered"));
    EXPECT_EQ(closed_, 1);
}

TEST_F(Connections, CarryTrailers) {
    static constexpr Header trailers[] = {{"grpc-status", "0"}};
    start();
    request("a", "hello");
    exchange();
    server_->respond(exchanges_[0], ok, std::as_bytes(std::span("x", 1)), trailers);
    exchange();
    EXPECT_THAT(log_,
                ElementsAre("greeted", "usable", "a started", "a :status: 200", "a grpc-status: 0", "a answered"));
}

TEST_F(Connections, WriteABodyOnceHoweverOftenItWaits) {
    start();
    const std::string large(3 << 20, 'x');
    auto& sent = request("a", large);
    exchange();
    ASSERT_EQ(exchanges_.size(), 1u);
    EXPECT_EQ(exchanges_[0].body, large);
    EXPECT_EQ(sent.written, 1);
}

TEST_F(Connections, QueueWhatIsAboveTheLimitOfStreams) {
    start({.streams = 2});
    for (int i = 0; i < 5; ++i) {
        request(std::to_string(i), "body");
    }
    exchange();
    EXPECT_EQ(exchanges_.size(), 2u);
    for (std::size_t i = 0; i < exchanges_.size(); ++i) {
        server_->respond(exchanges_[i], ok, {});
        exchange();
    }
    EXPECT_EQ(exchanges_.size(), 5u);
    EXPECT_EQ(log_.back(), "4 answered");
    EXPECT_EQ(closed_, 5);
}

TEST_F(Connections, CancelWhatWaitsForAStreamAndWhatHasOne) {
    start({.streams = 1});
    auto& open = request("open", "body");
    auto& waiting = request("waiting", "body");
    request("last", "body");
    exchange();
    client_->cancel(waiting);
    client_->cancel(open);
    exchange();
    EXPECT_EQ(exchanges_.size(), 2u);
    EXPECT_EQ(closed_, 1);
    EXPECT_EQ(log_.back(), "last started");
    server_->respond(exchanges_[1], ok, {});
    exchange();
    EXPECT_EQ(log_.back(), "last answered");
}

TEST_F(Connections, FinishAfterGoodbyeWhenAllIsAnswered) {
    start();
    request("a", "body");
    exchange();
    server_->go_away();
    exchange();
    EXPECT_EQ(log_.back(), "going away");
    EXPECT_FALSE(server_->finished());
    EXPECT_FALSE(client_->finished());
    server_->respond(exchanges_[0], ok, {});
    exchange();
    EXPECT_EQ(log_.back(), "a answered");
    EXPECT_TRUE(server_->finished());
    EXPECT_TRUE(client_->finished());
    EXPECT_EQ(client_->cause(), make_error_code(Error::goaway));
    EXPECT_FALSE(server_->cause());
}

TEST_F(Connections, SendRepeatedHeadersShortAndKeepVaryingOnesOutOfTheTables) {
    start();
    request("first", "");
    exchange();
    const auto before = upward_bytes_;
    request("second", "");
    exchange();
    EXPECT_LE(upward_bytes_ - before, 9u + 4 + 9) << "one byte a header, and a SETTINGS acknowledgement at most";
}

TEST(FrameHeads, AreFoundInPiecesOfAnySize) {
    std::string bytes(24, 'p');  // the preface
    bytes += std::string("\0\0\5\1\4\x80\0\0\3hello", 14) + std::string("\0\0\0\4\1\0\0\0\0", 9) +
             std::string("\0\1\0\0\0\0\1\2\3", 9) + std::string(256, '\1') + std::string("\0\0\1\6\0", 5);
    for (const std::size_t size : {1, 2, 8, 9, 10, 33, 1'000}) {
        FrameHeads heads;
        std::vector<std::string> found;
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            auto piece = std::as_bytes(std::span(bytes)).subspan(at, std::min(size, bytes.size() - at));
            while (const auto head = heads.next(piece)) {
                found.push_back(std::to_string(head->type) + " " + std::to_string(head->flags) + " " +
                                std::to_string(head->stream));
            }
            EXPECT_TRUE(piece.empty());
        }
        EXPECT_THAT(found, ElementsAre("1 4 3", "4 1 0", "0 0 66051")) << size;
    }
}

TEST(Http2Error, HasANameForReports) {
    EXPECT_EQ(cause_name(error_from_wire(7)), "http2_refused_stream");
    EXPECT_EQ(cause_name(error_from_wire(13)), "http2_http_1_1_required");
    EXPECT_EQ(cause_name(error_from_wire(14)), "http2_unknown");
    EXPECT_EQ(cause_name(error_from_wire(0x1000)), "http2_unknown") << "our own numbers do not come from the wire";
    EXPECT_TRUE(error_from_wire(0)) << "a stream reset with NO_ERROR is no answer";
    EXPECT_EQ(cause_name(error_from_wire(0)), "http2_no_error");
    EXPECT_EQ(cause_name(error_of_status(503)), "http_503");
}

}  // namespace
}  // namespace portillon::http2
