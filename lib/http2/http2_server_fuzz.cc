// Any bytes from a client. The first byte chooses the size of the pieces into which the rest is cut; its highest bit
// says that preface and SETTINGS have been sent already.

#include <array>
#include <cstdint>
#include <deque>

#include "base/check.h"
#include "http2/raw_frames.h"
#include "http2/server_connection.h"

namespace {

using namespace portillon;

struct CheckedExchange final : http2::Exchange {
    bool headers_ended = false;
    bool streams = false;
    bool ended = false;
    bool over = false;
};

// Answers a third of the requests at their end, a third when asked to, and a third piece by piece from the start.
class Answering final : public http2::ServerConnection::Events {
public:
    http2::ServerConnection* connection = nullptr;

    void answer_the_rest() {
        for (auto& exchange : exchanges_) {
            if (exchange.ended && !exchange.over && !exchange.streams && !connection->responded(exchange)) {
                answer(exchange);
            }
        }
    }

    void greeted() override { check(!std::exchange(greeted_, true), "greeted once"); }
    http2::Exchange& begun() override { return exchanges_.emplace_back(); }
    void header(http2::Exchange& exchange, std::string_view name, std::string_view value) override {
        check(!of(exchange).headers_ended && !of(exchange).over, "headers come first");
        header_bytes_ += http2::header_bytes(name, value);
    }
    void headers_end(http2::Exchange& exchange, http2::ServerConnection::HeaderList list) override {
        check(!std::exchange(of(exchange).headers_ended, true), "headers end once");
        if (exchanges_.size() % 3 == 2) {
            static constexpr std::array<http2::Header, 1> headers{{{":status", "200"}}};
            connection->open_response(exchange, headers);
            open_ = &exchange;
            of(exchange).streams = true;
        }
        check(list == http2::ServerConnection::HeaderList::too_large || header_bytes_ <= 4'096 * exchanges_.size(),
              "what is too large is said to be");
    }
    void body(http2::Exchange& exchange, std::span<const std::byte> bytes) override {
        if (&exchange == open_) {
            connection->add(exchange, bytes);
        }
        check(of(exchange).headers_ended && !of(exchange).ended && !of(exchange).over, "a body after its headers");
    }
    void request_end(http2::Exchange& exchange) override {
        check(of(exchange).headers_ended && !std::exchange(of(exchange).ended, true), "a request ends once");
        if (&exchange == open_) {
            open_ = nullptr;
            static constexpr std::array<http2::Header, 1> trailers{{{"grpc-status", "0"}}};
            connection->close_response(exchange, trailers);
        } else if (!of(exchange).streams && exchanges_.size() % 3 == 0) {
            answer(of(exchange));
        }
    }
    void closed(http2::Exchange& exchange) override {
        check(!std::exchange(of(exchange).over, true), "closed once");
        open_ = &exchange == open_ ? nullptr : open_;
    }
    void reset() override {}

private:
    static CheckedExchange& of(http2::Exchange& exchange) { return static_cast<CheckedExchange&>(exchange); }

    void answer(CheckedExchange& exchange) {
        static constexpr std::array<http2::Header, 1> headers{{{":status", "200"}}};
        static constexpr std::array<http2::Header, 1> trailers{{{"grpc-status", "0"}}};
        static constexpr std::array<std::byte, 100> reply{};
        connection->respond(exchange, headers, reply, trailers);
    }

    std::deque<CheckedExchange> exchanges_;
    http2::Exchange* open_ = nullptr;
    std::size_t header_bytes_ = 0;
    bool greeted_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    Answering events;
    http2::ServerConnection connection(events, {.streams = 10, .header_list_bytes = 4'096});
    events.connection = &connection;
    if ((bytes[0] & 0x80) != 0) {
        const auto greeting = std::string(http2::raw::preface) + http2::raw::settings();
        check(!connection.receive(bytes_of(greeting)), "a greeting is no error");
    }
    std::vector<std::byte> out;
    auto rest = std::as_bytes(std::span(bytes + 1, size - 1));
    const std::size_t piece_bytes = std::size_t{1} + (bytes[0] & 0x7F) * 16;
    bool failed = static_cast<bool>(connection.pull(out));
    while (!rest.empty() && !failed && !connection.finished()) {
        const auto piece = rest.first(std::min(piece_bytes, rest.size()));
        rest = rest.subspan(piece.size());
        failed = connection.receive(piece) || connection.pull(out);
        if (!failed) {
            events.answer_the_rest();
            failed = static_cast<bool>(connection.pull(out));
        }
    }
    return 0;
}
