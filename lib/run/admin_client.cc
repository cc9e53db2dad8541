#include "run/admin_client.h"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace portillon::run {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace asio = boost::asio;

using Stream = beast::basic_stream<asio::ip::tcp, net::Executor>;

// Reconciling a big run names every exception.
constexpr std::uint64_t max_answer_bytes = 1ULL << 30;

AdminClient::Answer no_answer(const net::Endpoint& at, const error_code& error) {
    AdminClient::Answer answer;
    answer.problem =
        fmt::format("no answer from the admin endpoint at {}: {}", net::format_endpoint(at), error.message());
    return answer;
}

}  // namespace

AdminClient::AdminClient(net::Loop& loop, net::Endpoint at, std::string token)
    : loop_(loop), at_(std::move(at)), token_(std::move(token)) {}

net::Task<AdminClient::Answer> AdminClient::call(std::string method, std::string path, nlohmann::json body,
                                                 Nanos patience) {
    const net::Endpoint at = at_;
    Stream stream(loop_.executor());
    stream.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(patience));
    error_code error;
    co_await stream.async_connect(at, asio::redirect_error(net::use_task, error));
    if (error) {
        co_return no_answer(at, error);
    }
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(path);
    request.version(11);
    request.set(http::field::host, net::format_endpoint(at));
    request.set(http::field::connection, "close");
    if (!token_.empty()) {
        request.set(http::field::authorization, "Bearer " + token_);
    }
    if (!body.is_null()) {
        request.set(http::field::content_type, "application/json");
        request.body() = body.dump();
    }
    request.prepare_payload();
    co_await http::async_write(stream, request, asio::redirect_error(net::use_task, error));
    if (error) {
        co_return no_answer(at, error);
    }
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(max_answer_bytes);
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(net::use_task, error));
    if (error) {
        co_return no_answer(at, error);
    }
    Answer answer;
    answer.status = static_cast<int>(parser.get().result_int());
    answer.body = nlohmann::json::parse(parser.get().body(), nullptr, false);
    if (answer.body.is_discarded()) {
        answer.body = nullptr;
    }
    if (!answer.ok()) {
        const std::string said = answer.body.is_object() ? answer.body.value("error", "") : "";
        answer.problem =
            fmt::format("{} {} answered {}{}", method, path, answer.status, said.empty() ? "" : ": " + said);
    }
    co_return answer;
}

}  // namespace portillon::run
