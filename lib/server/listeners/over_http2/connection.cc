#include "server/listeners/over_http2/connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "http2/error.h"
#include "server/listeners/over_http2/listener.h"

namespace portillon::server::listeners::over_http2 {

namespace {

constexpr std::size_t most_unsent_bytes = 256 << 10;  // back pressure: with more unsent answers the peer is not read
constexpr Nanos stall_patience = 30s;                 // with a peer that does not read at all
constexpr Nanos unfinished_patience = 30s;       // for an unfinished message to be completed, however slowly it comes
constexpr Nanos farewell_patience = 1s;          // for the other side to end, once we have
constexpr std::uint32_t resets_at_once = 1'000;  // a burst, which `streams` per second work off
constexpr std::size_t most_unread_factor = 4;    // times the largest body, read and dropped after a refusal
constexpr Nanos pause = 1s;                      // between two frames, after which the first is forgotten
constexpr std::size_t unfinished_bodies = 4;     // times the largest body, that one connection may have unfinished

// For people who try it with an HTTP/1.1 client, or ask for an upgrade, which RFC 9113 (3.1) has removed.
constexpr std::string_view http1_answer =
    "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    "Content-Type: text/plain\r\n"
    "Connection: close\r\n\r\n"
    "This is HTTP/2 with prior knowledge (curl --http2-prior-knowledge).\n";

bool is_http1(std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return text.find(" HTTP/1.") != text.npos;
}

std::string_view cause_of(const error_code& error) {
    return error == portillon::http2::make_error_code(portillon::http2::Error::flooded) ||
                   error == portillon::http2::make_error_code(portillon::http2::Error::enhance_your_calm)
               ? "flooded"
               : "malformed";
}

}  // namespace

Connection::Connection(Listener& listener, std::unique_ptr<net::Transport> transport, const Ticket& ticket)
    : listener_(listener),
      transport_(std::move(transport)),
      connection_(*this, {listener.limits_.streams, listener.limits_.header_list_bytes}),
      ticket_(ticket) {
    transport_->start(*this);
    listener_.loop_.timers().set(*this, listener_.loop_.now() + listener_.limits_.first_byte);
}  // our SETTINGS wait for the first bytes from the peer, which may be HTTP/1.1

Connection::~Connection() {
    while (!requests_.empty()) {
        give_back(requests_.front());
    }
    if (head_ != nullptr) {
        listener_.heads_.give_back(*head_);
    }
}

void Connection::decided(const Ticket& ticket, const Decision& decision) {
    auto* request = static_cast<Request*>(connection_.exchange_of(static_cast<std::int32_t>(ticket.exchange)));
    if (request == nullptr || state_ == State::leaving) {
        return;  // the request was cancelled meanwhile
    }
    if (request->messages) {
        request->messages->decided();
    }
    if (connection_.responded(*request)) {
        return;
    }
    if (!is_answered(decision.disposition)) {
        request->answer = Request::Answer::never;  // a request without an answer is for the client to give up
        finish_if_settled(*request);
    } else if (listener_.loop_.now() > request->deadline) {
        refuse(*request, Refusal::late);
    } else if (request->messages) {
        answer_message(*request, decision);
    } else {
        respond(*request, listener_.dialect_->reply(decision));
    }
    listener_.loop_.later(*this);
}

void Connection::close_abruptly() {
    if (state_ != State::leaving) {
        leave("fault");
    }
}

void Connection::stop() {
    if (state_ == State::greeting) {
        leave({});
    } else if (state_ != State::leaving) {
        service_ = Service::stopping;
        connection_.go_away();
        for (Request& request : requests_) {
            finish_if_settled(request);
        }
        listener_.loop_.later(*this);
    }
}

void Connection::received(std::span<const std::byte> bytes) {
    if (state_ == State::leaving) {
        return;
    }
    const Instant now = listener_.loop_.now();
    if (now - last_byte_ >= pause) {
        connection_.paused();
    }
    last_byte_ = now;
    if (const error_code error = connection_.receive(bytes)) {
        if (error == portillon::http2::make_error_code(portillon::http2::Error::not_http2) && is_http1(bytes)) {
            transport_->write(std::as_bytes(std::span(http1_answer)));
        } else {
            flush();
        }
        leave(cause_of(error));
    } else if (connection_.wants_to_write() || connection_.finished()) {
        listener_.loop_.later(*this);
    }
}

void Connection::ended(const error_code&) {
    listener_.connections_.remove(ticket_.connection);
}

void Connection::drained() {
    if (state_ == State::stalled) {
        state_ = State::serving;
        await_bytes();
        transport_->resume();
        listener_.loop_.later(*this);
    }
}

void Connection::run() {
    if (state_ == State::leaving || state_ == State::stalled) {
        return;
    }
    const error_code error = flush();
    if (error || connection_.finished()) {
        const error_code cause = error ? error : connection_.cause();
        leave(!complaint_.empty() ? complaint_ : cause ? cause_of(cause) : std::string_view{});
    } else if (transport_->unsent() > most_unsent_bytes) {
        state_ = State::stalled;
        transport_->pause();
        listener_.loop_.timers().set(*this, listener_.loop_.now() + stall_patience);
    }
}

void Connection::ring(Instant now) {
    switch (state_) {
        case State::greeting:
            leave("no_first_byte");
            break;
        case State::serving:
            look_after_requests(now);
            break;
        case State::stalled:
            listener_.figures_.closed.add("stalled");
            transport_->reset();
            listener_.connections_.remove(ticket_.connection);
            break;
        case State::leaving:
            listener_.connections_.remove(ticket_.connection);
            break;
    }
}

// The alarm's work while serving: applies each request's deadlines, then the limit on idleness, and sets the alarm for
// the earliest of what remains.
void Connection::look_after_requests(Instant now) {
    flush();
    Instant next = never;
    bool quiet = true;
    for (Request& request : requests_) {
        look_after(request, now);
        const Instant deadline = connection_.responded(request) ? never : request.deadline;
        next = std::min({next, deadline < never ? deadline + 1ns : never, request.read_until, request.written_until});
        quiet = quiet && request.messages && request.messages->is_quiet();
    }
    const Nanos idle = listener_.limits_.idle;
    if (idle > 0s && quiet && now - last_byte_ >= idle) {
        connection_.go_away();
        flush();
        leave("idle");
        return;
    }
    if (idle > 0s) {
        next = std::min(next, last_byte_ + idle > now ? last_byte_ + idle : now + idle);
    }
    if (next < never) {
        listener_.loop_.timers().set(*this, next);
    }
    listener_.loop_.later(*this);
}

// Three deadlines: the client's own (late), that for its message (`read_until`) and that for progress in sending the
// answer (`written_until`): it is extended whenever something was sent.
void Connection::look_after(Request& request, Instant now) {
    if (!connection_.responded(request) && now > request.deadline) {
        refuse(request, Refusal::late);
    }
    if (now >= request.read_until) {
        request.read_until = never;
        if (request.progress == Request::Progress::head) {
            complain("unfinished");  // header lists never interleave: nothing else can come
        } else if (!connection_.responded(request)) {
            refuse(request, Refusal::unfinished);
        } else if (connection_.unsent_bytes(request) == 0) {
            connection_.give_up(request);
        }
    }
    if (now >= request.written_until) {
        const std::size_t written = connection_.sent_bytes(request);
        if (connection_.unsent_bytes(request) == 0) {
            request.written_until = never;
        } else if (written > request.written_bytes) {
            request.written_bytes = written;
            request.written_until = now + stall_patience;
        } else {
            request.written_until = never;
            complain("stalled");
        }
    }
}

void Connection::greeted() {
    state_ = State::serving;
    cancel();
    await_bytes();
}

portillon::http2::Exchange& Connection::begun() {
    if (head_ == nullptr) {
        head_ = &listener_.heads_.take();
    }
    head_->clear();
    Request& request = listener_.requests_.take();
    requests_.push_front(request);
    request.read_until = listener_.loop_.now() + unfinished_patience;
    ring_by(request.read_until);
    return request;
}

void Connection::header(portillon::http2::Exchange&, std::string_view name, std::string_view value) {
    head_->note(name, value, listener_.dialect_->own_headers());
}

void Connection::headers_end(portillon::http2::Exchange& exchange,
                             portillon::http2::ServerConnection::HeaderList list) {
    auto& request = static_cast<Request&>(exchange);
    RequestHead& head = *std::exchange(head_, nullptr);
    auto judgement = listener_.dialect_->judge(head);
    request.progress = Request::Progress::open;
    if (list == portillon::http2::ServerConnection::HeaderList::too_large) {
        judgement.refusal = Refusal::headers_too_large;
    } else if (judgement.refusal == Refusal::none && head.content_length > most_body_bytes() &&
               judgement.manner == Manner::one_message) {
        judgement.refusal = Refusal::too_large;
    }
    const bool wants_to_be_asked = head.expects == RequestHead::Expects::to_be_asked;
    request.content = head.method == "HEAD" ? Request::Content::unwanted : Request::Content::wanted;
    listener_.heads_.give_back(head);
    if (judgement.refusal != Refusal::none) {
        refuse(request, judgement.refusal);
        return;
    }
    const Instant now = listener_.loop_.now();
    if (judgement.patience < never - now - 1ns) {
        request.deadline = now + judgement.patience;
        ring_by(request.deadline + 1ns);
    }
    request.coding = judgement.coding;
    if (wants_to_be_asked) {
        connection_.want_body(request);
    }
    if (judgement.manner == Manner::stream) {
        request.messages.emplace(listener_.dialect_->read_stream(judgement, listener_.limits_.packet_bytes));
        request.read_until = never;
        connection_.open_response(request, listener_.dialect_->stream_headers());
        finish_if_settled(request);
    }
}

void Connection::body(portillon::http2::Exchange& exchange, std::span<const std::byte> piece) {
    auto& request = static_cast<Request&>(exchange);
    if (connection_.responded(request)) {
        drop(request, piece);
    } else if (request.messages) {
        take_messages(request, piece);
    } else if (request.body.size() + piece.size() > most_body_bytes()) {
        refuse(request, Refusal::too_large);
    } else if (gathered_bytes_ + piece.size() > most_gathered_bytes()) {
        refuse(request, Refusal::too_much);
    } else {
        request.body.insert(request.body.end(), piece.begin(), piece.end());
        count_gathered(request, request.body.size());
    }
}

// After a refusal the body is read and dropped up to a limit, because many clients send all of it before they read
// (curl 7.88 fails when it is cut short).
void Connection::drop(Request& request, std::span<const std::byte> piece) {
    const std::size_t most = most_unread_factor * most_body_bytes();
    const bool enough = request.unread_bytes <= most && request.unread_bytes + piece.size() > most;
    request.unread_bytes += piece.size();
    if (enough) {
        request.read_until = listener_.loop_.now();  // after the answer has left, which this very read may cause
        ring_by(request.read_until);
    }
}

void Connection::take_messages(Request& request, std::span<const std::byte> piece) {
    if (service_ == Service::stopping) {
        return;  // the client sends them again elsewhere
    }
    MessageReader& messages = request.messages->reader();
    messages.feed(piece);
    while (const auto message = messages.next()) {
        request.read_until = never;
        take_message(request, *message);
        if (connection_.responded(request)) {
            return;
        }
    }
    if (messages.refusal() != Refusal::none) {
        refuse(request, messages.refusal());
        return;
    }
    count_gathered(request, messages.gathered_bytes());
    if (gathered_bytes_ > most_gathered_bytes()) {
        refuse(request, Refusal::too_much);
    } else if (messages.at_boundary()) {
        messages.trim();
    } else if (request.read_until == never) {
        request.read_until = listener_.loop_.now() + unfinished_patience;
        ring_by(request.read_until);
    }
}

void Connection::take_message(Request& request, const Message& message) {
    if (message.refusal != Refusal::none) {
        refuse(request, message.refusal);
        return;
    }
    request.messages->asked();
    message_ = message.bytes;
    listener_.ingest_.arrived(message.bytes, listener_, ticket_of(request));
    message_ = {};
}

void Connection::answer_message(Request& request, const Decision& decision) {
    const auto reply = listener_.dialect_->stream_reply(decision, message_);
    if (reply.empty()) {
        close(request, listener_.dialect_->stream_end(decision));
        return;
    }
    connection_.add(request, reply);
    await_written(request);
    if (connection_.unsent_bytes(request) > most_unsent_bytes) {
        complain("stalled");
    }
    finish_if_settled(request);
}

// Ends the response of a stream that owes no answer, once the stream has ended or we stop; and gives up a request that
// will never be answered, once we stop.
void Connection::finish_if_settled(Request& request) {
    if (!request.messages && request.answer == Request::Answer::never && service_ == Service::stopping) {
        connection_.give_up(request);
        return;
    }
    const bool ending = request.progress == Request::Progress::ended || service_ == Service::stopping;
    if (request.messages && ending && request.messages->is_settled() && !connection_.responded(request)) {
        const auto why = request.progress == Request::Progress::ended ? Refusal::none : Refusal::stopping;
        close(request, listener_.dialect_->stream_end(why));
    }
}

void Connection::request_end(portillon::http2::Exchange& exchange) {
    auto& request = static_cast<Request&>(exchange);
    request.progress = Request::Progress::ended;
    request.read_until = never;
    if (connection_.responded(request)) {
        return;
    }
    if (request.messages) {
        if (request.messages->reader().at_boundary()) {
            finish_if_settled(request);
        } else {
            refuse(request, Refusal::malformed);
        }
        return;
    }
    const Message message = listener_.dialect_->message(request.body, request.coding, listener_.limits_.packet_bytes);
    if (message.refusal != Refusal::none) {
        refuse(request, message.refusal);
        return;
    }
    listener_.ingest_.arrived(message.bytes, listener_, ticket_of(request));
    forget_body(request);
}

void Connection::closed(portillon::http2::Exchange& exchange) {
    auto& request = static_cast<Request&>(exchange);
    forget_body(request);
    give_back(request);
}

// A client that gives up all its streams once a second has a slow server; one that resets more attacks it (rapid reset,
// CVE-2023-44487).
void Connection::reset() {
    const Instant now = listener_.loop_.now();
    const std::uint32_t streams = listener_.limits_.streams;
    if (now - resets_since_ >= 1s) {
        const auto seconds = static_cast<std::uint64_t>((now - resets_since_) / 1s);
        resets_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(resets_, seconds * streams));
        resets_since_ = now;
    }
    if (++resets_ > std::max(resets_at_once, 2 * streams)) {
        complain("flooded");
    }
}

void Connection::give_back(Request& request) {
    requests_.erase(requests_.iterator_to(request));
    request.clear();
    listener_.requests_.give_back(request);
}

Ticket Connection::ticket_of(const Request& request) const {
    auto ticket = ticket_;
    ticket.exchange = static_cast<std::uint64_t>(request.stream());
    return ticket;
}

std::size_t Connection::most_body_bytes() const {
    return listener_.limits_.packet_bytes + listener_.dialect_->framing_bytes();
}

std::size_t Connection::most_gathered_bytes() const {
    return unfinished_bodies * most_body_bytes();
}

void Connection::count_gathered(Request& request, std::size_t bytes) {
    gathered_bytes_ += bytes - request.gathered_bytes;
    request.gathered_bytes = bytes;
}

void Connection::forget_body(Request& request) {
    count_gathered(request, 0);
    request.body.clear();
}

void Connection::refuse(Request& request, Refusal refusal) {
    forget_body(request);
    listener_.figures_.refused.add(name_of(refusal));
    if (request.messages) {
        close(request, listener_.dialect_->stream_end(refusal));
    } else {
        respond(request, listener_.dialect_->refuse(refusal));
    }
}

void Connection::respond(Request& request, const Reply& reply) {
    const bool has_content = request.content == Request::Content::wanted;
    connection_.respond(request, reply.headers, has_content ? reply.body : std::span<const std::byte>{},
                        reply.trailers);
    await_written(request);
    await_rest(request);
}

void Connection::close(Request& request, std::span<const portillon::http2::Header> trailers) {
    connection_.close_response(request, trailers);
    await_written(request);
    await_rest(request);
}

void Connection::await_written(Request& request) {
    if (request.written_until == never) {
        request.written_until = listener_.loop_.now() + stall_patience;
        request.written_bytes = connection_.sent_bytes(request);
        ring_by(request.written_until);
    }
}

void Connection::await_rest(Request& request) {
    if (request.progress != Request::Progress::ended) {
        request.read_until = listener_.loop_.now() + unfinished_patience;
        ring_by(request.read_until);
    }
}

// Ends this connection with the next flush; `cause` is what is counted.
void Connection::complain(std::string_view cause) {
    complaint_ = cause;
    connection_.end(portillon::http2::Error::enhance_your_calm);
    listener_.loop_.later(*this);
}

error_code Connection::flush() {
    auto& out = listener_.out_;
    out.clear();
    const error_code error = connection_.pull(out);
    if (!out.empty()) {
        transport_->write(out);
    }
    return error;
}

void Connection::ring_by(Instant at) {
    if (state_ == State::serving && (!armed() || at < Alarm::at())) {
        listener_.loop_.timers().set(*this, at);
    }
}

void Connection::await_bytes() {
    const auto& limits = listener_.limits_;
    if (limits.idle > 0s) {
        const Instant now = listener_.loop_.now();
        const Instant due = last_byte_ + limits.idle;
        listener_.loop_.timers().set(*this, due > now ? due : now + limits.idle);
    }
    if (!requests_.empty()) {
        ring_by(listener_.loop_.now());
    }
}

// Ends our side; the connection is removed when the other side has ended, too, or after a short wait.
void Connection::leave(std::string_view cause) {
    if (!cause.empty()) {
        listener_.figures_.closed.add(cause);
    }
    state_ = State::leaving;
    transport_->shut();
    listener_.loop_.timers().set(*this, listener_.loop_.now() + farewell_patience);
}

}  // namespace portillon::server::listeners::over_http2
