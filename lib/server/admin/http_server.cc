#include "server/admin/http_server.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "net/http1.h"
#include "net/task_group.h"
#include "net/tcp.h"

namespace portillon::server::admin {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;

using Answer = http::response<http::string_body>;
using Parser = http::request_parser<http::string_body>;

// The limit on what a client sends while it is being answered.
constexpr std::size_t most_bytes_ahead = 64 << 10;

// The time for a client to read the last answer and to end: if we closed at once, its further bytes would make its
// kernel drop the answer (a reset).
constexpr Nanos farewell = 1s;

Answer answer_of(AdminAnswer content) {
    Answer answer;
    answer.version(11);
    answer.result(content.status);
    answer.set(http::field::content_type, "application/json");
    if (!content.allow.empty()) {
        answer.set(http::field::allow, content.allow);
    }
    answer.body() = std::move(content.body);
    return answer;
}

Answer refusal(http::status status, const std::string& why) {
    return answer_of({static_cast<unsigned>(status), "{\"error\":\"" + why + "\"}"});
}

// Compares in constant time, so that the time does not tell how much of the token was right.
bool same(std::string_view a, std::string_view b) {
    unsigned char difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

// Whether the error is the parser's, not the connection's.
bool is_of_http(const error_code& error) {
    return error.category() == make_error_code(http::error::end_of_stream).category();
}

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

// False alarm: g++ 12 inlines one of a large frame's own operators new and delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

struct HttpServer::Core {
    Core(net::Loop& owner, std::string required, Respond responding, const HttpLimits& limited)
        : loop(owner),
          token(std::move(required)),
          respond(std::move(responding)),
          limits(limited),
          acceptor(owner, traffic, [this](std::unique_ptr<net::Transport> transport) { take(std::move(transport)); }),
          tasks(owner) {}

    void take(std::unique_ptr<net::Transport> transport) {
        if (streams.size() < limits.connections) {
            auto stream = std::make_unique<net::ByteStream>(loop, std::move(transport), most_bytes_ahead);
            tasks.spawn(serve(*streams.emplace_back(std::move(stream))));
        }
    }

    net::Task<void> serve(net::ByteStream& stream) {
        bool another = true;
        while (another) {
            another = co_await serve_one(stream);
        }
        stream.shut();
        const Instant end = loop.now() + farewell;
        error_code over;
        while (!over) {
            stream.consume(stream.buffered().size());
            over = co_await stream.read_more(end);
        }
        std::erase_if(streams, [&](const auto& each) { return each.get() == &stream; });
    }

    // Returns true if another request may follow on this connection.
    net::Task<bool> serve_one(net::ByteStream& stream) {
        error_code error;
        if (stream.buffered().empty()) {
            error = co_await stream.read_more(loop.now() + limits.idle);
        }
        if (error) {
            co_return false;
        }
        const Instant deadline = loop.now() + limits.request;
        Parser parser;
        parser.header_limit(limits.header_bytes);
        parser.body_limit(std::uint64_t{0} - 1);  // replaced when the target is known
        error = co_await net::read_header(stream, parser, deadline);
        if (error && !is_of_http(error)) {
            co_return false;
        }
        if (error) {
            co_return co_await send(stream, http::verb::unknown,
                                    refusal(http::status::bad_request, "not an HTTP request"), Then::close);
        }
        const std::string target(view(parser.get().target()));
        const http::verb method = parser.get().method();
        if (const auto refused = forbidden(parser.get())) {
            co_return co_await send(stream, method, refusal(*refused, "not for you"), Then::close);
        }
        const std::uint64_t most_bytes = most_body_bytes(target);
        parser.body_limit(most_bytes);  // for chunked bodies; an announced length has been checked already
        if (parser.content_length().value_or(0) > most_bytes) {
            co_return co_await send(stream, method, refusal(http::status::payload_too_large, "the body is too large"),
                                    Then::close);
        }
        if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
            Answer go_on(http::status::continue_, 11);
            const bool goes_on = co_await say(stream, std::move(go_on));
            if (!goes_on) {
                co_return false;
            }
        }
        error = co_await net::read_message(stream, parser, deadline);
        if (error == http::error::body_limit) {
            co_return co_await send(stream, method, refusal(http::status::payload_too_large, "the body is too large"),
                                    Then::close);
        }
        if (error) {
            co_return false;
        }
        auto request = parser.release();
        const Then then = request.keep_alive() ? Then::keep : Then::close;
        // Named: g++ 12 destroys some temporaries of a co_await twice.
        const auto word = method == http::verb::head ? http::to_string(http::verb::get) : request.method_string();
        AdminRequest asked{std::string(view(word)), target, std::move(request.body())};
        AdminAnswer content = co_await respond(std::move(asked));  // may take a while
        co_return co_await send(stream, method, answer_of(std::move(content)), then);
    }

    // Refuses requests with an Origin header: a web page, perhaps by DNS rebinding.
    std::optional<http::status> forbidden(const Parser::value_type& request) const {
        if (request.count(http::field::origin) > 0) {
            return http::status::forbidden;
        }
        if (!token.empty() && !same(view(request[http::field::authorization]), "Bearer " + token)) {
            return http::status::unauthorized;
        }
        return std::nullopt;
    }

    enum class Then : std::uint8_t { close, keep };

    // Returns true if another request may follow.
    net::Task<bool> send(net::ByteStream& stream, http::verb asked, Answer answer, Then then) {
        answer.keep_alive(then == Then::keep);
        answer.prepare_payload();
        if (asked == http::verb::head) {
            answer.body().clear();  // RFC 9110, 9.3.2: like GET, with the same lengths, but without the body
        }
        const bool said = co_await say(stream, std::move(answer));
        if (!said) {
            co_return false;
        }
        co_return then == Then::keep;
    }

    net::Task<bool> say(net::ByteStream& stream, Answer answer) {
        std::ostringstream head;
        head << answer.base();
        std::string text = std::move(answer.body());
        text.insert(0, head.str());
        const error_code error = co_await stream.send(std::as_bytes(std::span(text)), loop.now() + limits.request);
        if (error) {
            stream.close();  // unread bytes are dropped
        }
        co_return !error;
    }

    void close() {
        acceptor.stop();
        for (const auto& stream : streams) {
            stream->close();
        }
    }

    net::Loop& loop;
    std::string token;
    Respond respond;
    HttpLimits limits;
    net::Traffic traffic;
    net::Acceptor acceptor;
    std::vector<std::unique_ptr<net::ByteStream>> streams;
    net::TaskGroup tasks;
};

HttpServer::HttpServer(net::Loop& loop, std::string token, Respond respond, HttpLimits limits)
    : core_(std::make_unique<Core>(loop, std::move(token), std::move(respond), limits)) {}

HttpServer::~HttpServer() = default;

error_code HttpServer::listen(const net::Endpoint& at) {
    return core_->acceptor.listen(at, net::Sharing::none);
}

net::Endpoint HttpServer::at() const {
    return core_->acceptor.at();
}

void HttpServer::serve(std::unique_ptr<net::Transport> transport) {
    core_->take(std::move(transport));
}

net::Task<void> HttpServer::stopped() {
    core_->close();
    co_await core_->tasks.join();
}

}  // namespace portillon::server::admin
