#include "http2/client_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http2/error.h"
#include "http2/session.h"

namespace portillon::http2 {

struct ClientConnection::Callbacks {
    static Request* request_of(nghttp2_session* session, std::int32_t stream) {
        return static_cast<Request*>(nghttp2_session_get_stream_user_data(session, stream));
    }

    static int begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) {
        static_cast<ClientConnection*>(user)->header_bytes_ = 0;
        return 0;
    }

    static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void* user) {
        auto& self = *static_cast<ClientConnection*>(user);
        self.header_bytes_ += header_bytes(text_of(name, name_size), text_of(value, value_size));
        Request* request = request_of(session, frame->hd.stream_id);
        if (self.header_bytes_ > self.header_list_bytes_) {
            if (request != nullptr) {
                request->fault_ = Request::Fault::too_long_headers;
            }
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets this stream alone
        }
        if (request != nullptr) {
            request->header(text_of(name, name_size), text_of(value, value_size));
        }
        return 0;
    }

    static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = *static_cast<ClientConnection*>(user);
        switch (frame->hd.type) {
            case NGHTTP2_SETTINGS:
                if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0 && !std::exchange(self.usable_, true)) {
                    self.events_.usable();
                }
                break;
            case NGHTTP2_GOAWAY:
                if (!self.cause_ || frame->goaway.error_code != NGHTTP2_NO_ERROR) {
                    self.cause_ = error_of_goaway(frame->goaway.error_code);
                }
                self.events_.going_away(text_of(frame->goaway.opaque_data, frame->goaway.opaque_data_len));
                break;
            case NGHTTP2_HEADERS:
            case NGHTTP2_DATA:
                if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
                    if (Request* request = request_of(session, frame->hd.stream_id)) {
                        self.complete(*request);
                    }
                }
                break;
            default:
                break;
        }
        return 0;
    }

    static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_HEADERS) {
            if (Request* request = request_of(session, frame->hd.stream_id)) {
                request->started();
            }
        } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
            static_cast<ClientConnection*>(user)->cause_ = error_from_wire(frame->goaway.error_code);
        }
        return 0;
    }

    static int stream_closed(nghttp2_session* session, std::int32_t stream, std::uint32_t number, void* user) {
        if (Request* request = request_of(session, stream)) {
            static_cast<ClientConnection*>(user)->forget(*request);
            request->failed(request->fault_ == Request::Fault::too_long_headers
                                ? make_error_code(Error::too_long_headers)
                                : error_from_wire(number));
        }
        return 0;
    }

    // NGHTTP2_DATA_FLAG_NO_COPY: nghttp2 only learns how much may be sent; send_body() writes the body into the output
    // itself, without a copy through nghttp2. DEFERRED: a call has no piece now; resume() asks again.
    static ssize_t read_body(nghttp2_session* session, std::int32_t stream, std::uint8_t*, std::size_t room,
                             std::uint32_t* flags, nghttp2_data_source*, void*) {
        Request* request = request_of(session, stream);
        if (request == nullptr) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        using Body = Request::Body;
        if (request->kind_ != Body::whole && request->sent_bytes_ == request->body_bytes_) {
            request->body_bytes_ = request->body_bytes();
            request->sent_bytes_ = 0;
        }
        const std::size_t left = request->body_bytes_ - request->sent_bytes_;
        if (left == 0 && request->kind_ == Body::pieces) {
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (left == 0 || (left <= room && request->kind_ == Body::whole)) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
        return static_cast<ssize_t>(std::min(left, room));
    }

    // Writes one DATA frame. A piece that fits the frame is encoded in place. One that the flow-control window cuts is
    // encoded once into `encoded_`, and the frames take their parts from there.
    static int send_body(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* frame_header,
                         std::size_t size, nghttp2_data_source*, void* user) {
        Request* request = request_of(session, frame->hd.stream_id);
        check(request != nullptr, "a body without its request");
        auto& out = *static_cast<ClientConnection*>(user)->out_;
        constexpr std::size_t frame_header_bytes = 9;
        append(out, frame_header, frame_header_bytes);
        const std::size_t at = out.size();
        out.resize(at + size);
        if (size == 0) {
            return 0;
        }
        const std::span<std::byte> place(out.data() + at, size);
        if (request->kind_ != Request::Body::whole && request->sent_bytes_ == 0) {
            request->piece_started();
        }
        if (size == request->body_bytes_) {
            request->write_body(place);
        } else {
            if (request->encoded_.empty()) {
                request->encoded_.resize(request->body_bytes_);
                request->write_body(request->encoded_);
            }
            std::copy_n(request->encoded_.begin() + static_cast<std::ptrdiff_t>(request->sent_bytes_), size,
                        place.begin());
        }
        request->sent_bytes_ += size;
        if (request->sent_bytes_ == request->body_bytes_) {
            request->encoded_ = {};
            request->piece_written();
        }
        return 0;
    }

    static int data_received(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                             std::size_t size, void*) {
        if (Request* request = request_of(session, stream)) {
            request->body(std::as_bytes(std::span(bytes, size)));
        }
        return 0;
    }

    static const nghttp2_session_callbacks* all() {
        static const CallbacksPointer callbacks = [] {
            auto made = new_callbacks();
            nghttp2_session_callbacks_set_on_begin_headers_callback(made.get(), begin_headers);
            nghttp2_session_callbacks_set_on_header_callback(made.get(), header);
            nghttp2_session_callbacks_set_on_frame_recv_callback(made.get(), frame_received);
            nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made.get(), data_received);
            nghttp2_session_callbacks_set_on_frame_send_callback(made.get(), frame_sent);
            nghttp2_session_callbacks_set_on_stream_close_callback(made.get(), stream_closed);
            nghttp2_session_callbacks_set_send_data_callback(made.get(), send_body);
            return made;
        }();
        return callbacks.get();
    }
};

void ClientConnection::Free::operator()(nghttp2_session* session) const {
    nghttp2_session_del(session);
}

ClientConnection::ClientConnection(Events& events, std::uint32_t header_list_bytes)
    : events_(events), header_list_bytes_(header_list_bytes) {
    nghttp2_session* made = nullptr;
    check(nghttp2_session_client_new(&made, Callbacks::all(), this) == 0, "out of memory");
    session_.reset(made);
    const std::array<nghttp2_settings_entry, 2> settings{{
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list_bytes},
    }};
    check(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0, "out of memory");
}

ClientConnection::~ClientConnection() = default;

error_code ClientConnection::receive(std::span<const std::byte> bytes) {
    look_for_late_answers(bytes);
    const bool speaks_http1 = !usable_ && text_of(bytes).starts_with("HTTP/1");
    const error_code error = speaks_http1 ? make_error_code(Error::not_http2) : feed(*session_, bytes);
    if (error) {
        cause_ = error;
    }
    return error;
}

bool ClientConnection::wants_to_write() const {
    return nghttp2_session_want_write(session_.get()) != 0;
}

error_code ClientConnection::pull(std::vector<std::byte>& out) {
    out_ = &out;
    const error_code error = empty(*session_, out);
    out_ = nullptr;
    return error;
}

error_code ClientConnection::submit(Request& request, std::span<const Header> headers) {
    return submit(request, headers, Request::Body::whole);
}

error_code ClientConnection::call(Request& request, std::span<const Header> headers) {
    return submit(request, headers, Request::Body::pieces);
}

error_code ClientConnection::submit(Request& request, std::span<const Header> headers, Request::Body kind) {
    const NameValues values(headers);
    request.kind_ = kind;
    request.fault_ = Request::Fault::none;
    request.encoded_ = {};
    request.body_bytes_ = kind == Request::Body::whole ? request.body_bytes() : 0;
    request.sent_bytes_ = 0;
    const bool has_body = kind == Request::Body::pieces || request.body_bytes_ > 0;
    nghttp2_data_provider body{.source = {}, .read_callback = Callbacks::read_body};
    const auto stream = nghttp2_submit_request(session_.get(), nullptr, values.begin(), values.size(),
                                               has_body ? &body : nullptr, &request);
    if (stream < 0) {
        return stream == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE ? Error::no_streams_left : Error::internal_error;
    }
    request.stream_ = stream;
    return {};
}

void ClientConnection::cancel(Request& request) {
    const auto stream = request.stream_;
    forget(request);
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void ClientConnection::resume(Request& call) {
    nghttp2_session_resume_data(session_.get(), call.stream_);  // no effect unless it was out of pieces
}

void ClientConnection::end(Request& call) {
    call.kind_ = Request::Body::ending;
    resume(call);
}

void ClientConnection::ping() {
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
}

void ClientConnection::go_away() {
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
}

bool ClientConnection::finished() const {
    return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
}

// nghttp2 ignores the frames of closed streams and reports none of them.
void ClientConnection::look_for_late_answers(std::span<const std::byte> bytes) {
    while (const auto head = heads_.next(bytes)) {
        const bool ends_answer = (head->type == NGHTTP2_HEADERS || head->type == NGHTTP2_DATA) &&
                                 (head->flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (ends_answer && Callbacks::request_of(session_.get(), head->stream) == nullptr) {
            events_.answered_late();
        }
    }
}

void ClientConnection::forget(Request& request) {
    check(request.stream_ != 0, "a request that is not under way");
    const int found = nghttp2_session_set_stream_user_data(session_.get(), request.stream_, nullptr);
    check(found == 0, "a request whose stream is gone");
    request.stream_ = 0;
    request.encoded_ = {};
}

void ClientConnection::complete(Request& request) {
    const auto stream = request.stream_;
    const bool unsent = request.sent_bytes_ < request.body_bytes_ || request.kind_ == Request::Body::pieces;
    forget(request);
    if (unsent) {  // answered before it had read all: the rest is useless (RFC 9113, 8.1)
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    }
    request.answered();
}

}  // namespace portillon::http2
