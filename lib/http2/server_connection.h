#pragma once

// The server's end of an HTTP/2 connection (RFC 9113, prior knowledge), without I/O: received bytes go in, bytes to
// send come out. Answers may come in any order and at any time. PING, SETTINGS and flow control are answered
// automatically; floods of them end the connection.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "http2/error.h"
#include "http2/frame_heads.h"
#include "http2/header.h"

struct nghttp2_session;

namespace portillon::http2 {

struct ServerLimits {
    std::uint32_t streams = 256;                 // SETTINGS_MAX_CONCURRENT_STREAMS
    std::uint32_t header_list_bytes = 16 << 10;  // SETTINGS_MAX_HEADER_LIST_SIZE, enforced
};

// One request and its answer. Made by the listener; it must not move until closed().
class Exchange {
public:
    std::int32_t stream() const { return stream_; }

protected:
    ~Exchange() = default;

private:
    friend class ServerConnection;
    std::int32_t stream_ = 0;
    std::size_t sent_bytes_ = 0;
    std::size_t told_bytes_ = 0;  // of earlier pieces of the reply
    std::vector<std::byte> reply_;
    std::span<const Header> trailers_;
    // Instead of trailers_: copies that wait for the window.
    std::vector<std::pair<std::string_view, std::string>> own_trailers_;
    enum class Answer : std::uint8_t { none, open, given } answer_ = Answer::none;
};

class ServerConnection {
public:
    enum class HeaderList : std::uint8_t { whole, too_large };

    class Events {
    public:
        virtual ~Events() = default;
        virtual void greeted() = 0;  // preface and SETTINGS have come
        virtual Exchange& begun() = 0;
        virtual void header(Exchange& exchange, std::string_view name, std::string_view value) = 0;
        virtual void headers_end(Exchange& exchange, HeaderList list) = 0;  // too_large: some headers were left out
        virtual void body(Exchange& exchange, std::span<const std::byte> piece) = 0;
        virtual void request_end(Exchange& exchange) = 0;
        virtual void closed(Exchange& exchange) = 0;  // answered to the end, or given up by either side; once
        // RST_STREAM came, for any stream. The owner, which has a clock, limits the rate: nghttp2 would use the
        // machine's clock, and would take a client whose requests time out for an attacker (1,000 at once, then 33 a
        // second).
        virtual void reset() = 0;
    };

    // Events are called from within receive() and pull(); from there respond() is allowed, destroying the connection is
    // not. The destructor calls closed() for no exchange.
    ServerConnection(Events& events, const ServerLimits& limits);
    ~ServerConnection();
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    // An error is final. Other violations by the peer show in finished().
    error_code receive(std::span<const std::byte> bytes);
    // The peer has sent nothing for a while: the frames that it sent before, perhaps to keep the connection alive, are
    // no flood.
    void paused() { idle_frames_ = 0; }

    bool wants_to_write() const;
    // Appends everything that may be sent now.
    error_code pull(std::vector<std::byte>& out);

    // The exchange of a stream that is not closed yet, or nullptr.
    Exchange* exchange_of(std::int32_t stream) const;

    // Called once per exchange, at any time. Before the request's end, too: then the rest of it still arrives, until
    // give_up(). `body` is copied; trailers outlive the connection.
    void respond(Exchange& exchange, std::span<const Header> headers, std::span<const std::byte> body,
                 std::span<const Header> trailers = {});
    bool responded(const Exchange& exchange) const { return exchange.answer_ == Exchange::Answer::given; }

    // Instead of respond(), a response in pieces: begin it; add to it; end it behind what is still unsent of it. The
    // values of trailers are copied; their names outlive the connection, like all names.
    void open_response(Exchange& exchange, std::span<const Header> headers);
    void add(Exchange& exchange, std::span<const std::byte> piece);
    void close_response(Exchange& exchange, std::span<const Header> trailers);

    // Sends status 100: the body is wanted (RFC 9110, 10.1.1).
    void want_body(Exchange& exchange);

    // Bytes of the response's body that wait for the peer's flow-control window, and that have been sent.
    std::size_t unsent_bytes(const Exchange& exchange) const { return exchange.reply_.size() - exchange.sent_bytes_; }
    std::size_t sent_bytes(const Exchange& exchange) const { return exchange.told_bytes_ + exchange.sent_bytes_; }

    // Asks the peer to send no more of this request, which was responded to already (RFC 9113, 8.1). Not allowed while
    // the response waits for the flow-control window: it would be cut off.
    void give_up(Exchange& exchange);

    // Sends GOAWAY: no new requests; those under way are still answered.
    void go_away();

    // Ends the connection with this complaint about the peer at the next pull(), after which finished() is true.
    void end(Error complaint);

    // Nothing more will be read or written: the goodbye is complete, or there was an error.
    bool finished() const;
    // Our complaint about the peer, if there is one.
    error_code cause() const { return cause_; }

private:
    struct Callbacks;
    error_code take(std::span<const std::byte> bytes);
    bool names_again(const FrameHeads::Head& head);
    void count_idle_frame();
    void count_request();
    struct Free {
        void operator()(nghttp2_session* session) const;
    };
    Events& events_;
    std::unique_ptr<nghttp2_session, Free> session_;
    std::vector<std::byte>* out_ = nullptr;
    std::uint32_t header_list_bytes_;
    std::size_t header_bytes_ = 0;  // of the block being read; blocks never interleave
    std::uint32_t idle_frames_ = 0;
    error_code cause_;
    FrameHeads heads_;
    std::int32_t last_stream_ = 0;  // the greatest that the peer has used
    bool last_is_open_ = false;     // the peer may send more on that stream
    bool forgiving_ = false;  // we have reset a stream, or refuse new ones: frames for these may have been under way
    bool greeted_ = false;
    bool left_ = false;  // the peer has sent GOAWAY, even a wrong one
};

}  // namespace portillon::http2
