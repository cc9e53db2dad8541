#include "server/listeners/over_http2/listener.h"

#include <utility>

#include "base/check.h"
#include "http2/error.h"
#include "http2/server_connection.h"

namespace portillon::server::over_http2 {

namespace {

constexpr std::size_t most_unsent_bytes = 256 << 10;  // more, and we read no more from who does not read our answers
constexpr Nanos stall_patience = 30s;                 // with one that does not read at all
constexpr Nanos farewell_patience = 1s;               // for the other side to end, once we have
constexpr std::size_t most_kept_capacity = 64 << 10;  // of a body's buffer, between two requests
constexpr std::size_t most_unread_factor = 4;         // of the largest size, read and dropped after a refusal
constexpr std::size_t unfinished_bodies = 4;          // of the largest size, that one connection may have

std::string_view cause_of(const error_code& error) {
    return error == portillon::http2::make_error_code(portillon::http2::Error::flooded) ||
                   error == portillon::http2::make_error_code(portillon::http2::Error::enhance_your_calm)
               ? "flooded"
               : "malformed";
}

}  // namespace

// A request and its body, as far as it has come.
struct Upload final : portillon::http2::Exchange {
    std::vector<std::byte> body;
    Instant deadline = never;
    std::size_t unread_bytes = 0;
    Upload* next = nullptr;  // of its connection's
    Upload* previous = nullptr;
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
        listener_.loop_.later(*this);
    }

    ~Connection() override {
        while (uploads_ != nullptr) {
            give_back(*uploads_);
        }
    }

    void decided(const Ticket& ticket, const Decision& decision) {
        auto* upload = static_cast<Upload*>(connection_.exchange_of(static_cast<std::int32_t>(ticket.exchange)));
        if (upload == nullptr || state_ == State::leaving) {
            return;  // it was cancelled meanwhile
        }
        const auto timeliness = listener_.loop_.now() > upload->deadline ? Timeliness::late : Timeliness::in_time;
        respond(*upload, listener_.dialect_->reply(decision, timeliness));
        listener_.loop_.later(*this);
    }

    void stop() {
        if (state_ == State::greeting) {
            leave({});
        } else if (state_ != State::leaving) {
            connection_.go_away();
            listener_.loop_.later(*this);
        }
    }

private:
    enum class State : std::uint8_t { greeting, serving, stalled, leaving };

    void received(std::span<const std::byte> bytes) override {
        if (state_ == State::leaving) {
            return;
        }
        last_byte_ = listener_.loop_.now();
        if (const error_code error = connection_.receive(bytes)) {
            flush();
            leave(cause_of(error));
        } else if (connection_.wants_to_write() || connection_.finished()) {
            listener_.loop_.later(*this);
        }
    }

    void ended(const error_code&) override { listener_.remove(ticket_.connection); }

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
            leave(cause ? cause_of(cause) : std::string_view{});
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
                if (uploads_ == nullptr && now - last_byte_ >= listener_.limits_.idle) {
                    connection_.go_away();
                    flush();
                    leave("idle");
                } else {
                    await_bytes();
                }
                break;
            case State::stalled:
                listener_.figures_.closed.add("stalled");
                transport_->reset();
                listener_.remove(ticket_.connection);
                break;
            case State::leaving:
                listener_.remove(ticket_.connection);
                break;
        }
    }

    void greeted() override {
        state_ = State::serving;
        cancel();
        await_bytes();
    }

    portillon::http2::Exchange& begun() override {
        head_.clear();
        Upload* upload = listener_.take_upload().release();  // until give_back()
        upload->previous = nullptr;
        upload->next = std::exchange(uploads_, upload);
        if (upload->next != nullptr) {
            upload->next->previous = upload;
        }
        return *upload;
    }

    void header(portillon::http2::Exchange&, std::string_view name, std::string_view value) override {
        head_.note(name, value);
    }

    void headers_end(portillon::http2::Exchange& exchange,
                     portillon::http2::ServerConnection::HeaderList list) override {
        auto& upload = static_cast<Upload&>(exchange);
        auto judgement = listener_.dialect_->judge(head_);
        if (list == portillon::http2::ServerConnection::HeaderList::too_large) {
            judgement.refusal = Refusal::headers_too_large;
        } else if (judgement.refusal == Refusal::none && head_.content_length > most_body_bytes()) {
            judgement.refusal = Refusal::too_large;
        }
        if (judgement.refusal != Refusal::none) {
            refuse(upload, judgement.refusal);
        } else if (judgement.patience < never - listener_.loop_.now()) {
            upload.deadline = listener_.loop_.now() + judgement.patience;
        }
    }

    void body(portillon::http2::Exchange& exchange, std::span<const std::byte> piece) override {
        auto& upload = static_cast<Upload&>(exchange);
        if (connection_.responded(upload)) {
            // Many a client wants to say all before it listens (curl 7.88 fails when it is cut short).
            const std::size_t most = most_unread_factor * most_body_bytes();
            const bool enough = upload.unread_bytes <= most && upload.unread_bytes + piece.size() > most;
            upload.unread_bytes += piece.size();
            if (enough) {
                connection_.give_up(upload);
            }
            return;
        }
        if (upload.body.size() + piece.size() > most_body_bytes()) {
            refuse(upload, Refusal::too_large);
        } else if (gathered_bytes_ + piece.size() > unfinished_bodies * most_body_bytes()) {
            refuse(upload, Refusal::too_much);
        } else {
            upload.body.insert(upload.body.end(), piece.begin(), piece.end());
            gathered_bytes_ += piece.size();
        }
    }

    void request_end(portillon::http2::Exchange& exchange) override {
        auto& upload = static_cast<Upload&>(exchange);
        if (connection_.responded(upload)) {
            return;
        }
        const Message message = listener_.dialect_->message(upload.body);
        if (message.refusal != Refusal::none) {
            refuse(upload, message.refusal);
            return;
        }
        auto ticket = ticket_;
        ticket.exchange = static_cast<std::uint64_t>(upload.stream());
        listener_.ingest_.arrived(message.bytes, listener_, ticket);
        forget_body(upload);
    }

    void closed(portillon::http2::Exchange& exchange) override {
        auto& upload = static_cast<Upload&>(exchange);
        forget_body(upload);
        give_back(upload);
    }

    void give_back(Upload& upload) {
        (upload.previous != nullptr ? upload.previous->next : uploads_) = upload.next;
        if (upload.next != nullptr) {
            upload.next->previous = upload.previous;
        }
        listener_.give_back(std::unique_ptr<Upload>(&upload));
    }

    std::size_t most_body_bytes() const { return listener_.limits_.packet_bytes + listener_.dialect_->framing_bytes(); }

    void forget_body(Upload& upload) {
        gathered_bytes_ -= upload.body.size();
        upload.body.clear();
    }

    void refuse(Upload& upload, Refusal refusal) {
        forget_body(upload);
        listener_.figures_.refused.add(name_of(refusal));
        respond(upload, listener_.dialect_->refuse(refusal));
    }

    void respond(Upload& upload, const Reply& reply) {
        connection_.respond(upload, reply.headers, reply.body, reply.trailers);
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

    void await_bytes() {
        const auto& limits = listener_.limits_;
        if (limits.idle > 0s) {
            const Instant now = listener_.loop_.now();
            const Instant due = last_byte_ + limits.idle;
            listener_.loop_.timers().set(*this, due > now ? due : now + limits.idle);
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
    RequestHead head_;  // of the request whose header list is being read
    Instant last_byte_{};
    std::size_t gathered_bytes_ = 0;  // of bodies that have not come to their end
    Upload* uploads_ = nullptr;       // under way
    State state_ = State::greeting;
};

Listener::Listener(const ListenerContext& context, std::unique_ptr<Dialect> dialect)
    : loop_(context.loop),
      ingest_(context.ingest),
      limits_(context.limits),
      figures_(context.figures),
      dialect_(std::move(dialect)) {}

Listener::~Listener() {
    places_.clear();  // connections give back what they have
}

void Listener::accepted(std::unique_ptr<net::Transport> transport) {
    if (state_ == State::stopping || connections() >= limits_.connections) {
        figures_.closed.add(state_ == State::stopping ? "stopping" : "too_many_connections");
        transport->reset();
        return;
    }
    if (free_places_.empty()) {
        free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
        places_.emplace_back();
    }
    const std::uint32_t place = free_places_.back();
    free_places_.pop_back();
    places_[place].connection =
        std::make_unique<Connection>(*this, std::move(transport), Ticket{place, places_[place].generation, 0});
}

void Listener::stop() {
    state_ = State::stopping;
    for (Place& place : places_) {
        if (place.connection) {
            place.connection->stop();
        }
    }
}

void Listener::decided(const Ticket& ticket, const Decision& decision) {
    check(ticket.connection < places_.size(), "a ticket that was never given");
    Place& place = places_[ticket.connection];
    if (place.connection && place.generation == ticket.generation) {
        place.connection->decided(ticket, decision);
    }
}

void Listener::remove(std::uint32_t place) {
    ++places_[place].generation;
    free_places_.push_back(place);
    const auto gone = std::move(places_[place].connection);
}

std::unique_ptr<Upload> Listener::take_upload() {
    if (free_uploads_.empty()) {
        return std::make_unique<Upload>();
    }
    auto upload = std::move(free_uploads_.back());
    free_uploads_.pop_back();
    return upload;
}

void Listener::give_back(std::unique_ptr<Upload> upload) {
    upload->deadline = never;
    upload->unread_bytes = 0;
    upload->body.clear();
    if (upload->body.capacity() > most_kept_capacity) {
        upload->body = {};
    }
    free_uploads_.push_back(std::move(upload));
}

}  // namespace portillon::server::over_http2
