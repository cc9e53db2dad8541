#include "run/admin_client.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "net/byte_stream.h"
#include "net/task_group.h"
#include "net/tcp.h"

namespace portillon::run {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Makes one call to a server that reads the request and then sends `script`, over TCP on one loop.
struct AdminScene {
    enum class Then : std::uint8_t { ends, waits };

    AdminScene() {
        EXPECT_FALSE(acceptor.listen(*net::parse_endpoint("127.0.0.1:0")));
        at = acceptor.at();
    }

    const AdminClient::Answer& call(std::string words, Then next = Then::ends, Nanos patience = 1h) {
        script = std::move(words);
        then = next;
        tasks.spawn(ask(*this, patience));
        loop.run();
        return answer;
    }

    static net::Task<void> ask(AdminScene& scene, Nanos patience) {
        AdminClient client(scene.loop, net::located(net::url_of("http", scene.at), scene.at), "secret");
        nlohmann::json body{{"asked", std::string(100'000, 'x')}};
        scene.answer = co_await client.call("POST", "/v1/runs", std::move(body), patience);
        if (scene.peer) {
            scene.peer->close();
        }
        while (scene.tasks.running() > 1) {
            co_await scene.heard_out.until(never);
        }
        scene.loop.stop();
    }

    static net::Task<void> play(AdminScene& scene) {
        const std::string& script = scene.script;
        net::ByteStream& peer = *scene.peer;
        error_code error;
        while (!error && !scene.heard.ends_with("\"}")) {
            error = co_await peer.read_more(never);
            const auto bytes = peer.buffered();
            scene.heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            peer.consume(bytes.size());
        }
        error = co_await peer.send(bytes_of(script), never);
        if (scene.then == Then::ends) {
            peer.shut();
        }
        while (!error) {
            error = co_await peer.read_more(never);
        }
        scene.heard_out.wake();
    }

    MonotonicClock clock;
    net::Loop loop{clock};
    net::Traffic traffic;
    net::TaskGroup tasks{loop};
    net::Wakeup heard_out{loop};
    std::unique_ptr<net::ByteStream> peer;
    net::Acceptor acceptor{loop, traffic, [this](std::unique_ptr<net::Transport> transport) {
                               peer = std::make_unique<net::ByteStream>(loop, std::move(transport), 1 << 16);
                               tasks.spawn(play(*this));
                           }};
    net::Endpoint at;
    std::string script, heard;
    Then then = Then::ends;
    AdminClient::Answer answer;
};

TEST(AdminClient, AsksWithABodyAndATokenAndTakesTheAnswer) {
    AdminScene scene;
    const auto& answer =
        scene.call("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{\"run\": 7}", AdminScene::Then::waits);
    EXPECT_TRUE(answer.ok()) << answer.problem;
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.problem, "");
    EXPECT_EQ(answer.body["run"], 7);
    EXPECT_THAT(scene.heard, StartsWith("POST /v1/runs HTTP/1.1\r\n"));
    EXPECT_THAT(scene.heard, HasSubstr("\r\nAuthorization: Bearer secret\r\n"));
    EXPECT_THAT(scene.heard, HasSubstr("\r\nContent-Length: 100012\r\n"));
    EXPECT_THAT(scene.heard, EndsWith("xxx\"}"));
}

TEST(AdminClient, TakesALongAnswerThatEndsWithTheConnection) {
    AdminScene scene;
    const auto& answer = scene.call("HTTP/1.0 200 OK\r\n\r\n[\"" + std::string(5'000'000, 'x') + "\"]");
    EXPECT_TRUE(answer.ok()) << answer.problem;
    EXPECT_EQ(answer.body[0].get<std::string>().size(), 5'000'000u);
}

TEST(AdminClient, TakesAnAnswerInChunks) {
    AdminScene scene;
    const auto& answer =
        scene.call("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n",
                   AdminScene::Then::waits);
    EXPECT_EQ(answer.body, nlohmann::json({1, 2}));
}

TEST(AdminClient, WaitsForTheAnswerBehindInterimOnes) {
    AdminScene scene;
    const auto& answer = scene.call(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        AdminScene::Then::waits);
    EXPECT_EQ(answer.status, 200) << answer.problem;
    EXPECT_EQ(answer.body, nlohmann::json::array());
}

TEST(AdminClient, SaysWhyItWasRefused) {
    AdminScene scene;
    const auto& answer = scene.call("HTTP/1.1 409 Conflict\r\nContent-Length: 17\r\n\r\n{\"error\":\"known\"}");
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.problem, "POST /v1/runs answered 409: known");
}

TEST(AdminClient, SaysWhyNoAnswerCame) {
    const auto problem = [](const std::string& script) {
        AdminScene scene;
        const auto& answer = scene.call(script);
        EXPECT_EQ(answer.status, 0);
        EXPECT_THAT(answer.problem, StartsWith("no answer from the admin endpoint at http://127.0.0.1:"));
        return answer.problem.substr(answer.problem.rfind(": ") + 2);
    };
    EXPECT_EQ(problem(""), "end of stream");
    EXPECT_EQ(problem("HTTP/1.1 200"), "partial message");
    EXPECT_EQ(problem("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"), "partial message");
    EXPECT_EQ(problem("220 smtp ready\r\n\r\n"), "bad version");
}

TEST(AdminClient, SaysThatNobodyListens) {
    AdminScene scene;
    scene.acceptor.stop();
    EXPECT_THAT(scene.call("").problem, EndsWith(": Connection refused"));
}

TEST(AdminClient, GivesUpWhenItsPatienceEnds) {
    AdminScene scene;
    const auto& answer = scene.call("HTTP/1.1 200 OK\r\n", AdminScene::Then::waits, 20ms);
    EXPECT_EQ(answer.status, 0);
    EXPECT_THAT(answer.problem, EndsWith(": The socket was closed due to a timeout"));
}

}  // namespace
}  // namespace portillon::run
