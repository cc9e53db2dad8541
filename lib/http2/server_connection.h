#pragma once

// The server's end of an HTTP/2 connection (RFC 9113, prior knowledge), without I/O: what was read goes in, what is to
// be written comes out. Answers may come in any order and at any time. PING, SETTINGS and flow control are answered by
// themselves; what floods them ends the connection.

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

// One request and its answer. Made by who listens; it stays where it is until closed().
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
    std::vector<std::pair<std::string_view, std::string>> own_trailers_;  // instead of trailers_, which wait for room
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
        virtual void headers_end(Exchange& exchange, HeaderList list) = 0;  // too_large: some were left out
        virtual void body(Exchange& exchange, std::span<const std::byte> piece) = 0;
        virtual void request_end(Exchange& exchange) = 0;
        virtual void closed(Exchange& exchange) = 0;  // answered to the end, or given up by either side; once
        // RST_STREAM has come, of whatever stream. Who has a clock bounds it: nghttp2 would by the machine's, and takes
        // for an attack what a client does whose requests time out (1,000 at once, then 33 a second).
        virtual void reset() = 0;
    };

    // Events are called from within receive() and pull(); there one may respond(), but not destroy the
    // connection. Destruction closes no exchange.
    ServerConnection(Events& events, const ServerLimits& limits);
    ~ServerConnection();
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    // An error is final. What the other side did wrong otherwise shows in finished().
    error_code receive(std::span<const std::byte> bytes);
    // The other side has sent nothing for a while: what it sent before, to keep the connection alive perhaps, is no
    // flood.
    void paused() { idle_frames_ = 0; }

    bool wants_to_write() const;
    // Appends everything that may be sent now.
    error_code pull(std::vector<std::byte>& out);

    // The exchange of a stream that is not closed yet, or null.
    Exchange* exchange_of(std::int32_t stream) const;

    // Once per exchange, at any time, before the request's end too: then the rest of it still arrives, until give_up().
    // `body` is copied; trailers outlive the connection.
    void respond(Exchange& exchange, std::span<const Header> headers, std::span<const std::byte> body,
                 std::span<const Header> trailers = {});
    bool responded(const Exchange& exchange) const { return exchange.answer_ == Exchange::Answer::given; }

    // A response in pieces, instead: begins it; adds to it; ends it after what is still unsent of it. The values of
    // trailers are copied; their names outlive the connection, as all names do.
    void open_response(Exchange& exchange, std::span<const Header> headers);
    void add(Exchange& exchange, std::span<const std::byte> piece);
    void close_response(Exchange& exchange, std::span<const Header> trailers);

    // 100: its body is wanted (RFC 9110, 10.1.1).
    void want_body(Exchange& exchange);

    // Of the response's body: what waits for the other side's flow control, and what has gone out.
    std::size_t unsent_bytes(const Exchange& exchange) const { return exchange.reply_.size() - exchange.sent_bytes_; }
    std::size_t sent_bytes(const Exchange& exchange) const { return exchange.told_bytes_ + exchange.sent_bytes_; }

    // No more of this request, please, which was responded to already (RFC 9113, 8.1). Not while the response waits for
    // the other side's flow control: that would cut it off.
    void give_up(Exchange& exchange);

    // No new requests; those under way are still answered.
    void go_away();

    // Complains about the other side with the next pull(), and is finished then.
    void end(Error complaint);

    // Nothing more will be read or written: the goodbye is complete, or there was an error.
    bool finished() const;
    // Our complaint about the other side, if there is one.
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
    std::int32_t last_stream_ = 0;  // the greatest that the other side has named
    bool last_is_open_ = false;     // for it to say more on that stream
    bool forgiving_ = false;        // we have reset a stream, or want none: what comes for it may have been under way
    bool greeted_ = false;
    bool left_ = false;  // it has said goodbye, be it wrongly
};

}  // namespace portillon::http2
