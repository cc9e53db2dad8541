#include "http2/server_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http2/error.h"
#include "http2/session.h"

namespace portillon::http2 {

namespace {

// HPACK's dynamic table of our answers: a quarter of the default, enough for the headers that repeat.
constexpr std::uint32_t answer_table_bytes = 1'024;

constexpr std::size_t most_header_lists =
    4;  // times the largest accepted size, read to the end so that an answer can be sent

// Flow-control windows are credit, not memory: the listener limits what it gathers.
constexpr std::int32_t stream_window_bytes = 256 << 10;
constexpr std::int32_t connection_window_bytes = 1 << 20;

// Frames that advance no request (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, DATA without data): so many of them beyond
// what the requests explain are a flood. Frames of unknown types are ignored at no other cost.
constexpr std::uint32_t most_idle_frames = 10'000;
constexpr std::uint32_t idle_frames_of_a_request = 16;

const nghttp2_option* server_option() {
    static const OptionPointer option = [] {
        constexpr std::uint64_t unlimited = std::uint64_t{1} << 62;
        auto made = new_option();
        nghttp2_option_set_no_closed_streams(made.get(), 1);  // kept for priorities only, which we do not honour
        nghttp2_option_set_max_deflate_dynamic_table_size(made.get(), answer_table_bytes);
        nghttp2_option_set_stream_reset_rate_limit(made.get(), unlimited, 0);  // see Events::reset()
        return made;
    }();
    return option.get();
}

}  // namespace

struct ServerConnection::Callbacks {
    static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        self.header_bytes_ = 0;
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            Exchange& exchange = self.events_.begun();
            exchange.stream_ = frame->hd.stream_id;
            exchange.sent_bytes_ = 0;
            exchange.told_bytes_ = 0;
            exchange.reply_.clear();
            exchange.answer_ = Exchange::Answer::none;
            nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, &exchange);
        }
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        self.header_bytes_ += header_bytes(text_of(name, name_size), text_of(value, value_size));
        if (self.header_bytes_ > most_header_lists * self.header_list_bytes_) {
            // A few bytes may decompress to megabytes (a HPACK bomb): a client that merely errs does not get here.
            self.cause_ = Error::flooded;
            self.end(Error::enhance_your_calm);
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
        Exchange* exchange = self.exchange_of(frame->hd.stream_id);
        if (exchange != nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST &&
            self.header_bytes_ <= self.header_list_bytes_) {
            self.events_.header(*exchange, text_of(name, name_size), text_of(value, value_size));
        }
        return 0;
    }

    static int frame_begun(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        const bool is_data = head->type == NGHTTP2_DATA;
        if (head->type == NGHTTP2_RST_STREAM) {
            self.events_.reset();
        } else if (is_data ? head->length == 0 && (head->flags & NGHTTP2_FLAG_END_STREAM) == 0
                           : head->type != NGHTTP2_HEADERS && head->type != NGHTTP2_CONTINUATION) {
            self.count_idle_frame();
        }
        return 0;
    }

    static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        if (frame->hd.type == NGHTTP2_SETTINGS) {
            if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 && !std::exchange(self.greeted_, true)) {
                self.events_.greeted();
            }
            return 0;
        }
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
            return 0;
        }
        Exchange* exchange = self.exchange_of(frame->hd.stream_id);
        if (exchange == nullptr) {
            return 0;
        }
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            self.events_.headers_end(
                *exchange, self.header_bytes_ <= self.header_list_bytes_ ? HeaderList::whole : HeaderList::too_large);
        }
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            self.count_request();
            self.events_.request_end(*exchange);
        }
        return 0;
    }

    static int data_received(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                             std::size_t size, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        if (Exchange* exchange = self.exchange_of(stream)) {
            self.count_request();
            self.events_.body(*exchange, std::as_bytes(std::span(bytes, size)));
        }
        return 0;
    }

    // A client whose GOAWAY names its own streams (grpc-go, when it closes a channel) gets nghttp2's complaint, but it
    // is not counted as an error: the client is leaving.
    static int frame_refused(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        self.forgiving_ = true;
        self.left_ = self.left_ || (frame->hd.type == NGHTTP2_GOAWAY && frame->hd.stream_id == 0);
        return 0;
    }

    static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        if (frame->hd.type == NGHTTP2_RST_STREAM) {
            self.forgiving_ = true;
        } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && !self.left_) {
            self.cause_ = error_from_wire(frame->goaway.error_code);
        }
        return 0;
    }

    static int stream_closed(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        if (Exchange* exchange = self.exchange_of(stream)) {
            exchange->stream_ = 0;
            self.events_.closed(*exchange);
        }
        return 0;
    }

    static void submit_trailers(nghttp2_session* session, const Exchange& exchange) {
        std::vector<Header> own;
        for (const auto& [name, value] : exchange.own_trailers_) {
            own.push_back({name, value, Header::Value::varies});
        }
        const NameValues trailers(own.empty() ? exchange.trailers_ : std::span<const Header>(own));
        nghttp2_submit_trailer(session, exchange.stream_, trailers.begin(), trailers.size());
    }

    // Tells nghttp2 how much of the reply may be sent (NGHTTP2_DATA_FLAG_NO_COPY); send_reply() writes it. DEFERRED: an
    // open response has nothing to send now; add() asks again. With trailers the stream does not end with the data.
    static ssize_t read_reply(nghttp2_session* session, std::int32_t stream, std::uint8_t*, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source*, void* user) {
        const Exchange* exchange = static_cast<ServerConnection*>(user)->exchange_of(stream);
        if (exchange == nullptr) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        const std::size_t left = exchange->reply_.size() - exchange->sent_bytes_;
        const bool open = exchange->answer_ == Exchange::Answer::open;
        if (left == 0 && open) {
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (left <= room && !open) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
            if (!exchange->trailers_.empty() || !exchange->own_trailers_.empty()) {
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                submit_trailers(session, *exchange);
            }
        }
        return static_cast<ssize_t>(std::min(left, room));
    }

    static int send_reply(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_header, std::size_t size,
                          nghttp2_data_source*, void* user) {
        auto& self = *static_cast<ServerConnection*>(user);
        Exchange* exchange = self.exchange_of(frame->hd.stream_id);
        check(exchange != nullptr, "a reply without its exchange");
        constexpr std::size_t frame_header_bytes = 9;
        append(*self.out_, frame_header, frame_header_bytes);
        const auto from = exchange->reply_.begin() + static_cast<std::ptrdiff_t>(exchange->sent_bytes_);
        self.out_->insert(self.out_->end(), from, from + static_cast<std::ptrdiff_t>(size));
        exchange->sent_bytes_ += size;
        if (exchange->answer_ == Exchange::Answer::open && exchange->sent_bytes_ == exchange->reply_.size()) {
            exchange->told_bytes_ += exchange->sent_bytes_;
            exchange->sent_bytes_ = 0;
            exchange->reply_.clear();
        }
        return 0;
    }

    static const nghttp2_session_callbacks* all() {
        static const CallbacksPointer callbacks = [] {
            auto made = new_callbacks();
            nghttp2_session_callbacks_set_on_begin_headers_callback(made.get(), begin_headers);
            nghttp2_session_callbacks_set_on_header_callback(made.get(), header);
            nghttp2_session_callbacks_set_on_begin_frame_callback(made.get(), frame_begun);
            nghttp2_session_callbacks_set_on_frame_recv_callback(made.get(), frame_received);
            nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made.get(), frame_refused);
            nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made.get(), data_received);
            nghttp2_session_callbacks_set_on_frame_send_callback(made.get(), frame_sent);
            nghttp2_session_callbacks_set_on_stream_close_callback(made.get(), stream_closed);
            nghttp2_session_callbacks_set_send_data_callback(made.get(), send_reply);
            return made;
        }();
        return callbacks.get();
    }
};

void ServerConnection::Free::operator()(nghttp2_session* session) const {
    nghttp2_session_del(session);
}

ServerConnection::ServerConnection(Events& events, const ServerLimits& limits)
    : events_(events), header_list_bytes_(limits.header_list_bytes) {
    nghttp2_session* made = nullptr;
    check(nghttp2_session_server_new2(&made, Callbacks::all(), this, server_option()) == 0, "out of memory");
    session_.reset(made);
    const std::array<nghttp2_settings_entry, 3> settings{{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_list_bytes},
    }};
    check(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0 &&
              nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, connection_window_bytes) == 0,
          "out of memory");
}

ServerConnection::~ServerConnection() = default;

// nghttp2 ignores frames for a stream that it has forgotten, and it forgets at once (server_option). By the standard
// they are an error (RFC 9113, 5.1 and 5.1.1), unless we reset the stream. So a suspicious head cuts the input: nghttp2
// first reads everything before it, and is then asked whether the stream still exists.
error_code ServerConnection::receive(std::span<const std::byte> bytes) {
    auto rest = bytes;
    while (const auto head = heads_.next(rest)) {
        if (forgiving_ || !names_again(*head)) {
            continue;
        }
        const std::size_t end_of_head = bytes.size() - rest.size();
        const auto before = bytes.first(end_of_head - std::min(end_of_head, FrameHeads::head_bytes));
        if (const error_code error = take(before)) {
            return error;
        }
        bytes = bytes.subspan(before.size());
        if (!forgiving_ && nghttp2_session_find_stream(session_.get(), head->stream) == nullptr) {
            end(head->type == NGHTTP2_DATA ? Error::stream_closed : Error::protocol_error);
            return {};
        }
    }
    return take(bytes);
}

error_code ServerConnection::take(std::span<const std::byte> bytes) {
    const error_code error = feed(*session_, bytes);
    if (error && cause_ != Error::flooded) {
        cause_ = error;
    }
    return error ? cause_ : error;
}

// Whether the client sends more for a stream that it has used before and perhaps ended: nghttp2 knows, once it has read
// what came before. The fast path is the usual case, the parts of one request one after the other.
bool ServerConnection::names_again(const FrameHeads::Head& head) {
    const bool ends = (head.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (head.type == NGHTTP2_RST_STREAM) {
        last_is_open_ = last_is_open_ && head.stream != last_stream_;
        return false;
    }
    if (head.type == NGHTTP2_HEADERS && head.stream > last_stream_) {
        last_stream_ = head.stream;
        last_is_open_ = !ends;
        return false;
    }
    if (head.type != NGHTTP2_HEADERS && head.type != NGHTTP2_DATA) {
        return false;
    }
    if (head.stream == last_stream_ && last_is_open_) {
        last_is_open_ = !ends;
        return false;
    }
    return head.stream % 2 == 1 && head.stream <= last_stream_;
}

bool ServerConnection::wants_to_write() const {
    return nghttp2_session_want_write(session_.get()) != 0;
}

error_code ServerConnection::pull(std::vector<std::byte>& out) {
    out_ = &out;
    const error_code error = empty(*session_, out);
    out_ = nullptr;
    return error;
}

Exchange* ServerConnection::exchange_of(std::int32_t stream) const {
    return static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session_.get(), stream));
}

void ServerConnection::respond(Exchange& exchange, std::span<const Header> headers, std::span<const std::byte> body,
                               std::span<const Header> trailers) {
    check(exchange.answer_ == Exchange::Answer::none, "an exchange is answered once");
    exchange.answer_ = Exchange::Answer::given;
    exchange.reply_.assign(body.begin(), body.end());
    exchange.trailers_ = trailers;
    exchange.own_trailers_.clear();
    const NameValues values(headers);
    nghttp2_data_provider reply{.source = {}, .read_callback = Callbacks::read_reply};
    nghttp2_submit_response(session_.get(), exchange.stream_, values.begin(), values.size(),
                            body.empty() ? nullptr : &reply);
}

void ServerConnection::open_response(Exchange& exchange, std::span<const Header> headers) {
    check(exchange.answer_ == Exchange::Answer::none, "an exchange is answered once");
    exchange.answer_ = Exchange::Answer::open;
    const NameValues values(headers);
    nghttp2_data_provider reply{.source = {}, .read_callback = Callbacks::read_reply};
    nghttp2_submit_response(session_.get(), exchange.stream_, values.begin(), values.size(), &reply);
}

void ServerConnection::add(Exchange& exchange, std::span<const std::byte> piece) {
    check(exchange.answer_ == Exchange::Answer::open, "a piece of a response that is not open");
    exchange.reply_.insert(exchange.reply_.end(), piece.begin(), piece.end());
    nghttp2_session_resume_data(session_.get(), exchange.stream_);
}

void ServerConnection::close_response(Exchange& exchange, std::span<const Header> trailers) {
    check(exchange.answer_ == Exchange::Answer::open, "the end of a response that is not open");
    exchange.answer_ = Exchange::Answer::given;
    exchange.trailers_ = {};
    exchange.own_trailers_.clear();
    for (const Header& trailer : trailers) {
        exchange.own_trailers_.emplace_back(trailer.name, trailer.value);
    }
    if (exchange.sent_bytes_ == exchange.reply_.size() && !trailers.empty()) {
        // An empty DATA frame would wait for the peer's flow-control window, so the trailers are sent alone; the data
        // source goes with the stream.
        Callbacks::submit_trailers(session_.get(), exchange);
        exchange.own_trailers_.clear();
    } else {
        nghttp2_session_resume_data(session_.get(), exchange.stream_);
    }
}

void ServerConnection::want_body(Exchange& exchange) {
    constexpr std::array<Header, 1> headers{{{":status", "100"}}};
    const NameValues values(headers);
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, exchange.stream_, nullptr, values.begin(), values.size(),
                           nullptr);
}

void ServerConnection::give_up(Exchange& exchange) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, exchange.stream_, NGHTTP2_NO_ERROR);
}

void ServerConnection::go_away() {
    forgiving_ = true;
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
}

void ServerConnection::end(Error complaint) {
    nghttp2_session_terminate_session(session_.get(), static_cast<std::uint32_t>(complaint));
}

void ServerConnection::count_idle_frame() {
    if (++idle_frames_ == most_idle_frames) {
        end(Error::enhance_your_calm);
    }
}

void ServerConnection::count_request() {
    idle_frames_ = idle_frames_ > idle_frames_of_a_request ? idle_frames_ - idle_frames_of_a_request : 0;
}

bool ServerConnection::finished() const {
    return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

}  // namespace portillon::http2
