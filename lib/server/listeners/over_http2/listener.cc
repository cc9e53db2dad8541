#include "server/listeners/over_http2/listener.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/list.h"
#include "http2/error.h"
#include "http2/server_connection.h"
#include "wire/decode_error.h"

namespace portillon::server::over_http2 {

namespace {

constexpr std::size_t most_unsent_bytes = 256 << 10;  // more, and we read no more from who does not read our answers
constexpr Nanos stall_patience = 30s;                 // with one that does not read at all
constexpr Nanos unfinished_patience = 30s;            // with a message that was begun, however slowly it comes
constexpr Nanos farewell_patience = 1s;               // for the other side to end, once we have
constexpr std::uint32_t resets_at_once = 1'000;       // beside as many a second as there may be streams
constexpr std::size_t most_kept_capacity = 64 << 10;  // of a body's buffer, between two requests
constexpr std::size_t most_unread_factor = 4;         // of the largest size, read and dropped after a refusal
constexpr Nanos pause = 1s;                           // between two frames, after which the first is forgotten
constexpr std::size_t unfinished_bodies = 4;          // of the largest size, that one connection may have

// To people who try it with what speaks HTTP/1.1, or asks in it for an upgrade, which RFC 9113 (3.1) has given up.
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

// A request and its body, as far as it has come; or a stream of messages and the one that is coming.
struct Upload final : portillon::http2::Exchange, ListHook {  // in the list of its connection's
    std::vector<std::byte> body;
    std::optional<wire::GrpcFrameReader> messages;  // of a stream
    wire::MessageEncoding encoding{};
    enum class Request : std::uint8_t { head, open, ended } request = Request::head;
    enum class Answer : std::uint8_t { awaited, never } answer = Answer::awaited;
    enum class Content : std::uint8_t { wanted, unwanted } content = Content::wanted;  // of the answer: to HEAD, none
    std::uint32_t owed = 0;         // messages of a stream that ingest has not decided about
    Instant deadline = never;       // by the other side's word
    Instant read_until = never;     // its message, or its refused rest, is to be here
    Instant written_until = never;  // something more of its answer is to be gone
    std::size_t written_bytes = 0;  // of its answer, when that was set
    std::size_t gathered_bytes = 0;
    std::size_t unread_bytes = 0;
};

class Connection final : private net::Transport::Reader,
                         private net::Deferred,
                         private Alarm,
                         private portillon::http2::ServerConnection::Events {
public:
    Connection(Listener& listener, std::unique_ptr<net::Transport> transport, const Ticket& ticket)
        : listener_(listener),
          transport_(std::move(transport)),
          connection_(*this, {listener.limits_.streams, listener.limits_.header_list_bytes}),
          ticket_(ticket) {
        transport_->start(*this);
        listener_.loop_.timers().set(*this, listener_.loop_.now() + listener_.limits_.first_byte);
    }  // our SETTINGS wait for the first bytes, which are under way: they may be HTTP/1.1

    ~Connection() override {
        while (!uploads_.empty()) {
            give_back(uploads_.front());
        }
        if (head_ != nullptr) {
            listener_.heads_.give_back(*head_);
        }
    }

    void decided(const Ticket& ticket, const Decision& decision) {
        auto* upload = static_cast<Upload*>(connection_.exchange_of(static_cast<std::int32_t>(ticket.exchange)));
        if (upload == nullptr || state_ == State::leaving) {
            return;  // it was cancelled meanwhile
        }
        if (upload->messages) {
            --upload->owed;
        }
        if (connection_.responded(*upload)) {
            return;
        }
        if (!is_answered(decision.disposition)) {
            upload->answer = Upload::Answer::never;  // of a call: it is for the other side to give it up
            finish_if_settled(*upload);
        } else if (listener_.loop_.now() > upload->deadline) {
            refuse(*upload, Refusal::late);
        } else if (upload->messages) {
            answer_message(*upload, decision);
        } else {
            respond(*upload, listener_.dialect_->reply(decision));
        }
        listener_.loop_.later(*this);
    }

    void fall_silent() {
        if (state_ != State::leaving) {
            leave("fault");
        }
    }

    void stop() {
        if (state_ == State::greeting) {
            leave({});
        } else if (state_ != State::leaving) {
            service_ = Service::stopping;
            connection_.go_away();
            for (Upload& upload : uploads_) {
                finish_if_settled(upload);
            }
            listener_.loop_.later(*this);
        }
    }

private:
    enum class State : std::uint8_t { greeting, serving, stalled, leaving };

    void received(std::span<const std::byte> bytes) override {
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

    void ended(const error_code&) override { listener_.connections_.remove(ticket_.connection); }

    void drained() override {
        if (state_ == State::stalled) {
            state_ = State::serving;
            await_bytes();
            transport_->resume();
            listener_.loop_.later(*this);
        }
    }

    void run() override {
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

    void ring(Instant now) override {
        switch (state_) {
            case State::greeting:
                leave("no_first_byte");
                break;
            case State::serving:
                look_after_uploads(now);
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

    void look_after_uploads(Instant now) {
        flush();
        Instant next = never;
        bool quiet = true;
        for (Upload& upload : uploads_) {
            look_after(upload, now);
            const Instant deadline = connection_.responded(upload) ? never : upload.deadline;
            next = std::min({next, deadline < never ? deadline + 1ns : never, upload.read_until, upload.written_until});
            quiet = quiet && upload.messages && upload.owed == 0 && upload.messages->at_boundary();
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

    void look_after(Upload& upload, Instant now) {
        if (!connection_.responded(upload) && now > upload.deadline) {
            refuse(upload, Refusal::late);
        }
        if (now >= upload.read_until) {
            upload.read_until = never;
            if (upload.request == Upload::Request::head) {
                complain("unfinished");  // header lists never interleave: nothing else can come
            } else if (!connection_.responded(upload)) {
                refuse(upload, Refusal::unfinished);
            } else if (connection_.unsent_bytes(upload) == 0) {
                connection_.give_up(upload);
            }
        }
        if (now >= upload.written_until) {
            const std::size_t written = connection_.sent_bytes(upload);
            if (connection_.unsent_bytes(upload) == 0) {
                upload.written_until = never;
            } else if (written > upload.written_bytes) {
                upload.written_bytes = written;
                upload.written_until = now + stall_patience;
            } else {
                upload.written_until = never;
                complain("stalled");
            }
        }
    }

    void greeted() override {
        state_ = State::serving;
        cancel();
        await_bytes();
    }

    portillon::http2::Exchange& begun() override {
        if (head_ == nullptr) {
            head_ = &listener_.heads_.take();
        }
        head_->clear();
        Upload& upload = listener_.uploads_.take();
        uploads_.push_front(upload);
        upload.read_until = listener_.loop_.now() + unfinished_patience;
        ring_by(upload.read_until);
        return upload;
    }

    void header(portillon::http2::Exchange&, std::string_view name, std::string_view value) override {
        head_->note(name, value);
    }

    void headers_end(portillon::http2::Exchange& exchange,
                     portillon::http2::ServerConnection::HeaderList list) override {
        auto& upload = static_cast<Upload&>(exchange);
        RequestHead& head = *std::exchange(head_, nullptr);
        auto judgement = listener_.dialect_->judge(head);
        upload.request = Upload::Request::open;
        if (list == portillon::http2::ServerConnection::HeaderList::too_large) {
            judgement.refusal = Refusal::headers_too_large;
        } else if (judgement.refusal == Refusal::none && head.content_length > most_body_bytes() &&
                   judgement.manner == Manner::one_message) {
            judgement.refusal = Refusal::too_large;
        }
        const bool wants_to_be_asked = head.expects == RequestHead::Expects::to_be_asked;
        upload.content = head.method == "HEAD" ? Upload::Content::unwanted : Upload::Content::wanted;
        listener_.heads_.give_back(head);
        if (judgement.refusal != Refusal::none) {
            refuse(upload, judgement.refusal);
            return;
        }
        const Instant now = listener_.loop_.now();
        if (judgement.patience < never - now - 1ns) {
            upload.deadline = now + judgement.patience;
            ring_by(upload.deadline + 1ns);
        }
        upload.encoding = judgement.encoding;
        if (wants_to_be_asked) {
            connection_.want_body(upload);
        }
        if (judgement.manner == Manner::stream) {
            upload.messages.emplace(listener_.limits_.packet_bytes);
            upload.read_until = never;
            connection_.open_response(upload, listener_.dialect_->stream_headers());
            finish_if_settled(upload);
        }
    }

    void body(portillon::http2::Exchange& exchange, std::span<const std::byte> piece) override {
        auto& upload = static_cast<Upload&>(exchange);
        if (connection_.responded(upload)) {
            drop(upload, piece);
        } else if (upload.messages) {
            take_messages(upload, piece);
        } else if (upload.body.size() + piece.size() > most_body_bytes()) {
            refuse(upload, Refusal::too_large);
        } else if (gathered_bytes_ + piece.size() > most_gathered_bytes()) {
            refuse(upload, Refusal::too_much);
        } else {
            upload.body.insert(upload.body.end(), piece.begin(), piece.end());
            count_gathered(upload, upload.body.size());
        }
    }

    // Many a client wants to say all before it listens (curl 7.88 fails when it is cut short).
    void drop(Upload& upload, std::span<const std::byte> piece) {
        const std::size_t most = most_unread_factor * most_body_bytes();
        const bool enough = upload.unread_bytes <= most && upload.unread_bytes + piece.size() > most;
        upload.unread_bytes += piece.size();
        if (enough) {
            upload.read_until = listener_.loop_.now();  // after the answer has left, which may come from this very read
            ring_by(upload.read_until);
        }
    }

    void take_messages(Upload& upload, std::span<const std::byte> piece) {
        if (service_ == Service::stopping) {
            return;  // they are sent again elsewhere
        }
        auto& messages = *upload.messages;
        messages.feed(piece);
        while (const auto message = messages.next()) {
            upload.read_until = never;
            take_message(upload, *message);
            if (connection_.responded(upload)) {
                return;
            }
        }
        if (const error_code error = messages.error()) {
            refuse(upload, error == wire::make_error_code(wire::DecodeError::too_large) ? Refusal::too_large
                                                                                        : Refusal::malformed);
            return;
        }
        count_gathered(upload, messages.gathered_bytes());
        if (gathered_bytes_ > most_gathered_bytes()) {
            refuse(upload, Refusal::too_much);
        } else if (messages.at_boundary()) {
            messages.trim();
        } else if (upload.read_until == never) {
            upload.read_until = listener_.loop_.now() + unfinished_patience;
            ring_by(upload.read_until);
        }
    }

    void take_message(Upload& upload, const wire::GrpcMessage& framed) {
        const Message message =
            framed.compression == wire::Compression::plain
                ? Message{.bytes = framed.body}
                : listener_.dialect_->unpacked(framed, upload.encoding, listener_.limits_.packet_bytes);
        if (message.refusal != Refusal::none) {
            refuse(upload, message.refusal);
            return;
        }
        ++upload.owed;
        message_ = message.bytes;
        listener_.ingest_.arrived(message.bytes, listener_, ticket_of(upload));
        message_ = {};
    }

    void answer_message(Upload& upload, const Decision& decision) {
        const auto reply = listener_.dialect_->stream_reply(decision, message_);
        if (reply.empty()) {
            close(upload, listener_.dialect_->stream_end(decision));
            return;
        }
        connection_.add(upload, reply);
        await_written(upload);
        if (connection_.unsent_bytes(upload) > most_unsent_bytes) {
            complain("stalled");
        }
        finish_if_settled(upload);
    }

    // A stream that wants, or gets, no more than it has; and a call that gets nothing, once we stop.
    void finish_if_settled(Upload& upload) {
        if (!upload.messages && upload.answer == Upload::Answer::never && service_ == Service::stopping) {
            connection_.give_up(upload);
            return;
        }
        const bool ending = upload.request == Upload::Request::ended || service_ == Service::stopping;
        if (upload.messages && ending && upload.owed == 0 && !connection_.responded(upload)) {
            const auto why = upload.request == Upload::Request::ended ? Refusal::none : Refusal::stopping;
            close(upload, listener_.dialect_->stream_end(why));
        }
    }

    void request_end(portillon::http2::Exchange& exchange) override {
        auto& upload = static_cast<Upload&>(exchange);
        upload.request = Upload::Request::ended;
        upload.read_until = never;
        if (connection_.responded(upload)) {
            return;
        }
        if (upload.messages) {
            if (upload.messages->at_boundary()) {
                finish_if_settled(upload);
            } else {
                refuse(upload, Refusal::malformed);
            }
            return;
        }
        const Message message =
            listener_.dialect_->message(upload.body, upload.encoding, listener_.limits_.packet_bytes);
        if (message.refusal != Refusal::none) {
            refuse(upload, message.refusal);
            return;
        }
        listener_.ingest_.arrived(message.bytes, listener_, ticket_of(upload));
        forget_body(upload);
    }

    void closed(portillon::http2::Exchange& exchange) override {
        auto& upload = static_cast<Upload&>(exchange);
        forget_body(upload);
        give_back(upload);
    }

    // Who gives everything up once a second has a slow server; who does more attacks it (CVE-2023-44487).
    void reset() override {
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

    void give_back(Upload& upload) {
        uploads_.erase(uploads_.iterator_to(upload));
        listener_.give_back(upload);
    }

    Ticket ticket_of(const Upload& upload) const {
        auto ticket = ticket_;
        ticket.exchange = static_cast<std::uint64_t>(upload.stream());
        return ticket;
    }

    std::size_t most_body_bytes() const { return listener_.limits_.packet_bytes + listener_.dialect_->framing_bytes(); }
    std::size_t most_gathered_bytes() const { return unfinished_bodies * most_body_bytes(); }

    void count_gathered(Upload& upload, std::size_t bytes) {
        gathered_bytes_ += bytes - upload.gathered_bytes;
        upload.gathered_bytes = bytes;
    }

    void forget_body(Upload& upload) {
        count_gathered(upload, 0);
        upload.body.clear();
    }

    void refuse(Upload& upload, Refusal refusal) {
        forget_body(upload);
        listener_.figures_.refused.add(name_of(refusal));
        if (upload.messages) {
            close(upload, listener_.dialect_->stream_end(refusal));
        } else {
            respond(upload, listener_.dialect_->refuse(refusal));
        }
    }

    void respond(Upload& upload, const Reply& reply) {
        const bool has_content = upload.content == Upload::Content::wanted;
        connection_.respond(upload, reply.headers, has_content ? reply.body : std::span<const std::byte>{},
                            reply.trailers);
        await_written(upload);
        await_rest(upload);
    }

    void close(Upload& upload, std::span<const portillon::http2::Header> trailers) {
        connection_.close_response(upload, trailers);
        await_written(upload);
        await_rest(upload);
    }

    void await_written(Upload& upload) {
        if (upload.written_until == never) {
            upload.written_until = listener_.loop_.now() + stall_patience;
            upload.written_bytes = connection_.sent_bytes(upload);
            ring_by(upload.written_until);
        }
    }

    void await_rest(Upload& upload) {
        if (upload.request != Upload::Request::ended) {
            upload.read_until = listener_.loop_.now() + unfinished_patience;
            ring_by(upload.read_until);
        }
    }

    // Ends this connection with the next flush, and says why where it is counted.
    void complain(std::string_view cause) {
        complaint_ = cause;
        connection_.end(portillon::http2::Error::enhance_your_calm);
        listener_.loop_.later(*this);
    }

    error_code flush() {
        auto& out = listener_.out_;
        out.clear();
        const error_code error = connection_.pull(out);
        if (!out.empty()) {
            transport_->write(out);
        }
        return error;
    }

    void ring_by(Instant at) {
        if (state_ == State::serving && (!armed() || at < Alarm::at())) {
            listener_.loop_.timers().set(*this, at);
        }
    }

    void await_bytes() {
        const auto& limits = listener_.limits_;
        if (limits.idle > 0s) {
            const Instant now = listener_.loop_.now();
            const Instant due = last_byte_ + limits.idle;
            listener_.loop_.timers().set(*this, due > now ? due : now + limits.idle);
        }
        if (!uploads_.empty()) {
            ring_by(listener_.loop_.now());
        }
    }

    // Ends our side, and the connection once the other side has ended too, or is not worth waiting for.
    void leave(std::string_view cause) {
        if (!cause.empty()) {
            listener_.figures_.closed.add(cause);
        }
        state_ = State::leaving;
        transport_->shut();
        listener_.loop_.timers().set(*this, listener_.loop_.now() + farewell_patience);
    }

    Listener& listener_;
    std::unique_ptr<net::Transport> transport_;
    portillon::http2::ServerConnection connection_;
    Ticket ticket_;
    RequestHead* head_ = nullptr;         // of the request whose header list is being read
    std::span<const std::byte> message_;  // of a stream, while ingest is asked about it
    Instant last_byte_{};
    std::size_t gathered_bytes_ = 0;  // of messages that have not come to their end
    List<Upload> uploads_;            // under way
    Instant resets_since_{};
    std::uint32_t resets_ = 0;
    std::string_view complaint_;
    State state_ = State::greeting;
    enum class Service : std::uint8_t { open, stopping } service_ = Service::open;
};

Listener::Listener(const ListenerContext& context, std::unique_ptr<Dialect> dialect)
    : loop_(context.loop),
      ingest_(context.ingest),
      limits_(context.limits),
      figures_(context.figures),
      dialect_(std::move(dialect)) {}

Listener::~Listener() {
    connections_.clear();  // connections give back what they have
}

void Listener::accepted(std::unique_ptr<net::Transport> transport) {
    if (state_ == State::stopping || connections() >= limits_.connections) {
        figures_.closed.add(state_ == State::stopping ? "stopping" : "too_many_connections");
        transport->reset();
        return;
    }
    connections_.add(*this, std::move(transport));
}

void Listener::dismiss(Parting parting) {
    connections_.for_each([parting](Connection& connection) {
        parting == Parting::with_goodbye ? connection.stop() : connection.fall_silent();
    });
}

void Listener::stop() {
    state_ = State::stopping;
    connections_.for_each([](Connection& connection) { connection.stop(); });
}

void Listener::decided(const Ticket& ticket, const Decision& decision) {
    if (Connection* const connection = connections_.find(ticket)) {
        connection->decided(ticket, decision);
    }
}

void Listener::give_back(Upload& upload) {
    upload.messages.reset();
    upload.request = Upload::Request::head;
    upload.answer = Upload::Answer::awaited;
    upload.owed = 0;
    upload.deadline = upload.read_until = upload.written_until = never;
    upload.gathered_bytes = upload.unread_bytes = 0;
    upload.body.clear();
    if (upload.body.capacity() > most_kept_capacity) {
        upload.body = {};
    }
    uploads_.give_back(upload);
}

}  // namespace portillon::server::over_http2
