#pragma once

// One connection of a listener over HTTP/2: its requests, what it may keep waiting and for how long, and its end.

#include <memory>
#include <span>
#include <string_view>

#include "base/list.h"
#include "base/timers.h"
#include "http2/server_connection.h"
#include "net/loop.h"
#include "net/transport.h"
#include "server/ingest.h"
#include "server/listeners/over_http2/dialect.h"
#include "server/listeners/over_http2/request.h"

namespace portillon::server::listeners::over_http2 {

class Listener;

class Connection final : private net::Transport::Reader,
                         private net::Deferred,
                         private Alarm,
                         private portillon::http2::ServerConnection::Events {
public:
    Connection(Listener& listener, std::unique_ptr<net::Transport> transport, const Ticket& ticket);
    ~Connection() override;

    // Ingest's decision on a request, or on a message of a stream. No effect if the request was cancelled meanwhile.
    void decided(const Ticket& ticket, const Decision& decision);

    void close_abruptly();  // ends at once
    void stop();            // takes no new requests, and ends once those under way are answered

private:
    // leaving: our side has ended, and the other side's end is awaited.
    enum class State : std::uint8_t { greeting, serving, stalled, leaving };

    void received(std::span<const std::byte> bytes) override;
    void ended(const error_code&) override;
    void drained() override;
    void run() override;
    void ring(Instant now) override;
    void greeted() override;
    portillon::http2::Exchange& begun() override;
    void header(portillon::http2::Exchange&, std::string_view name, std::string_view value) override;
    void headers_end(portillon::http2::Exchange& exchange,
                     portillon::http2::ServerConnection::HeaderList list) override;
    void body(portillon::http2::Exchange& exchange, std::span<const std::byte> piece) override;
    void request_end(portillon::http2::Exchange& exchange) override;
    void closed(portillon::http2::Exchange& exchange) override;
    void reset() override;

    // The progress of a request.
    void drop(Request& request, std::span<const std::byte> piece);
    void take_messages(Request& request, std::span<const std::byte> piece);
    void take_message(Request& request, const Message& message);
    void answer_message(Request& request, const Decision& decision);
    void finish_if_settled(Request& request);
    Ticket ticket_of(const Request& request) const;
    std::size_t most_body_bytes() const;
    std::size_t most_gathered_bytes() const;
    void count_gathered(Request& request, std::size_t bytes);
    void forget_body(Request& request);
    void give_back(Request& request);

    // Answers.
    void refuse(Request& request, Refusal refusal);
    void respond(Request& request, const Reply& reply);
    void close(Request& request, std::span<const portillon::http2::Header> trailers);

    // Deadlines.
    void look_after_requests(Instant now);
    void look_after(Request& request, Instant now);
    void await_written(Request& request);
    void await_rest(Request& request);
    void await_bytes();
    void ring_by(Instant at);

    void complain(std::string_view cause);
    error_code flush();
    void leave(std::string_view cause);

    Listener& listener_;
    std::unique_ptr<net::Transport> transport_;
    portillon::http2::ServerConnection connection_;
    Ticket ticket_;
    RequestHead* head_ = nullptr;         // of the request whose header list is being read
    std::span<const std::byte> message_;  // of a stream, while ingest is asked about it
    Instant last_byte_{};
    std::size_t gathered_bytes_ = 0;  // of bodies and messages that have not ended yet
    List<Request> requests_;          // under way
    Instant resets_since_{};
    std::uint32_t resets_ = 0;
    std::string_view complaint_;
    State state_ = State::greeting;
    enum class Service : std::uint8_t { open, stopping } service_ = Service::open;
};

}  // namespace portillon::server::listeners::over_http2
