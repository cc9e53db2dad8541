#include "server/admin/http_server.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>
#include <vector>

#include "net/task_group.h"

namespace portillon::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Stream = beast::basic_stream<asio::ip::tcp, net::Executor>;
using HttpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, net::Executor>;
using Answer = http::response<http::string_body>;
using Parser = http::request_parser<http::string_body>;

Answer answer_of(AdminAnswer content) {
    Answer answer;
    answer.version(11);
    answer.result(content.status);
    answer.set(http::field::content_type, "application/json");
    answer.body() = std::move(content.body);
    return answer;
}

Answer refusal(http::status status, const std::string& why) {
    return answer_of({static_cast<unsigned>(status), "{\"error\":\"" + why + "\"}"});
}

// In a time that does not tell how much of the token was right.
bool same(std::string_view a, std::string_view b) {
    unsigned char difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

struct HttpServer::Core {
    Core(net::Loop& owner, std::string required, Respond responding, const HttpLimits& limited)
        : loop(owner),
          token(std::move(required)),
          respond(std::move(responding)),
          limits(limited),
          acceptor(owner.executor()),
          tasks(owner) {}

    net::Task<void> accept_all() {
        while (acceptor.is_open()) {
            error_code error;
            auto socket = co_await acceptor.async_accept(asio::redirect_error(net::use_task, error));
            if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
                break;
            }
            if (error) {  // no descriptors, most likely: the next try a little later
                net::Wakeup pause(loop);
                co_await pause.until(loop.now() + 100ms);
                continue;
            }
            if (streams.size() < limits.connections) {
                tasks.spawn(serve(*streams.emplace_back(std::make_unique<Stream>(std::move(socket)))));
            }
        }
    }

    net::Task<void> serve(Stream& stream) {
        beast::flat_buffer buffer;
        while (co_await serve_one(stream, buffer)) {
        }
        error_code ignored;
        stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
        std::erase_if(streams, [&](const auto& each) { return each.get() == &stream; });
    }

    // True if another request may follow on this connection.
    net::Task<bool> serve_one(Stream& stream, beast::flat_buffer& buffer) {
        Parser parser;
        parser.header_limit(limits.header_bytes);
        parser.body_limit(std::uint64_t{0} - 1);  // set when the target is known
        error_code error;
        stream.expires_after(limits.idle);
        co_await http::async_read_header(stream, buffer, parser, asio::redirect_error(net::use_task, error));
        if (error == http::error::end_of_stream || error == beast::error::timeout || !stream.socket().is_open()) {
            co_return false;
        }
        stream.expires_after(limits.request);
        if (error) {
            co_return co_await send(stream, refusal(http::status::bad_request, "not an HTTP request"), Then::close);
        }
        const std::string target(view(parser.get().target()));
        if (const auto refused = forbidden(parser.get())) {
            co_return co_await send(stream, refusal(*refused, "not for you"), Then::close);
        }
        const std::uint64_t most_bytes = most_body_bytes(target);
        parser.body_limit(most_bytes);  // meets chunks; an announced length has been let through already
        if (parser.content_length().value_or(0) > most_bytes) {
            co_return co_await send(stream, refusal(http::status::payload_too_large, "the body is too large"),
                                    Then::close);
        }
        if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
            Answer go_on(http::status::continue_, 11);
            co_await http::async_write(stream, go_on, asio::redirect_error(net::use_task, error));
        }
        co_await http::async_read(stream, buffer, parser, asio::redirect_error(net::use_task, error));
        if (error == http::error::body_limit) {
            co_return co_await send(stream, refusal(http::status::payload_too_large, "the body is too large"),
                                    Then::close);
        }
        if (error) {
            co_return false;
        }
        auto request = parser.release();
        const Then then = request.keep_alive() ? Then::keep : Then::close;
        stream.expires_never();  // what is asked for may take its time
        // Named: g++ 12 destroys some temporaries of a co_await twice.
        AdminRequest asked{std::string(view(request.method_string())), target, std::move(request.body())};
        AdminAnswer content = co_await respond(std::move(asked));
        co_return co_await send(stream, answer_of(std::move(content)), then);
    }

    // Pages of a browser have no business here, whatever host name they call this address by.
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

    net::Task<bool> send(Stream& stream, Answer answer, Then then) {
        if (!stream.socket().is_open()) {
            co_return false;
        }
        answer.keep_alive(then == Then::keep);
        answer.prepare_payload();
        error_code error;
        stream.expires_after(limits.request);
        co_await http::async_write(stream, answer, asio::redirect_error(net::use_task, error));
        co_return !error && then == Then::keep;
    }

    void close() {
        error_code ignored;
        acceptor.close(ignored);
        for (const auto& stream : streams) {
            stream->close();
        }
    }

    net::Loop& loop;
    std::string token;
    Respond respond;
    HttpLimits limits;
    HttpAcceptor acceptor;
    std::vector<std::unique_ptr<Stream>> streams;
    net::TaskGroup tasks;
};

HttpServer::HttpServer(net::Loop& loop, std::string token, Respond respond, HttpLimits limits)
    : core_(std::make_unique<Core>(loop, std::move(token), std::move(respond), limits)) {}

HttpServer::~HttpServer() = default;

error_code HttpServer::listen(const net::Endpoint& at) {
    error_code error;
    auto& acceptor = core_->acceptor;
    acceptor.open(at.protocol(), error);
    if (!error) {
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(at, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (!error) {
        core_->tasks.spawn(core_->accept_all());
    }
    return error;
}

net::Endpoint HttpServer::at() const {
    error_code ignored;
    return core_->acceptor.local_endpoint(ignored);
}

net::Task<void> HttpServer::stopped() {
    core_->close();
    co_await core_->tasks.join();
}

}  // namespace portillon::server
