#include "run/admin_client.h"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "net/http1.h"
#include "net/tcp.h"

namespace portillon::run {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// The answer to reconcile is the largest: it lists every exception of a run.
constexpr std::uint64_t max_answer_bytes = 1ULL << 30;
constexpr std::size_t most_unparsed_bytes = 64 << 10;

AdminClient::Answer no_answer(const net::Located& at, error_code error) {
    if (error == boost::asio::error::timed_out) {
        error = beast::error::timeout;  // the message of the other, "Connection timed out", sounds like TCP's own
    }
    AdminClient::Answer answer;
    answer.problem = fmt::format("no answer from the admin endpoint at {}: {}", net::describe(at), error.message());
    return answer;
}

std::string text_of(http::request<http::string_body> request) {
    std::ostringstream head;
    head << request.base();
    std::string text = std::move(request.body());
    text.insert(0, head.str());
    return text;
}

}  // namespace

AdminClient::AdminClient(net::Loop& loop, net::Located at, std::string token)
    : loop_(loop), at_(std::move(at)), token_(std::move(token)) {}

net::Task<AdminClient::Answer> AdminClient::call(std::string method, std::string path, nlohmann::json body,
                                                 Nanos patience) {
    const net::Located at = at_;
    const Instant deadline = loop_.now() + patience;
    net::Traffic traffic;
    net::TcpDialer dialer(loop_, net::routes_to(at), traffic);
    auto transport = dialer.dial(EquipmentId{1});
    error_code error = co_await transport->connect(deadline);
    if (error) {
        co_return no_answer(at, error);
    }
    net::ByteStream stream(loop_, std::move(transport), most_unparsed_bytes);
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(path);
    request.version(11);
    request.set(http::field::host, at.url.authority());
    request.set(http::field::connection, "close");
    if (!token_.empty()) {
        request.set(http::field::authorization, "Bearer " + token_);
    }
    if (!body.is_null()) {
        request.set(http::field::content_type, "application/json");
        request.body() = body.dump();
    }
    request.prepare_payload();
    const std::string text = text_of(std::move(request));
    error = co_await stream.send(std::as_bytes(std::span(text)), deadline);
    if (error) {
        co_return no_answer(at, error);
    }
    std::optional<http::response_parser<http::string_body>> parser;
    do {
        parser.emplace();
        parser->body_limit(max_answer_bytes);
        error = co_await net::read_message(stream, *parser, deadline);
        if (error) {
            co_return no_answer(at, error);
        }
    } while (parser->get().result_int() / 100 == 1);  // any number of interim answers (1xx) may come first
    Answer answer;
    answer.status = static_cast<int>(parser->get().result_int());
    answer.body = nlohmann::json::parse(parser->get().body(), nullptr, false);
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
