#pragma once

// The client's end of an HTTP/2 connection (RFC 9113, prior knowledge), without I/O: received bytes go in, bytes to
// send come out, and each request is told its outcome. Many requests may be under way; those that the server's limits
// (SETTINGS, flow-control windows) do not admit yet wait here. PING, SETTINGS and flow control are answered
// automatically.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http2/frame_heads.h"
#include "http2/header.h"

struct nghttp2_session;

namespace portillon::http2 {

// A request under way, owned by its maker. It must not move until answered(), failed() or cancel(). Its body is one
// piece; that of a call is any number of pieces, one after the other.
class Request {
public:
    virtual ~Request() = default;

    virtual std::size_t body_bytes() const = 0;  // of a call: of the next piece, 0 if there is none yet
    virtual void write_body(std::span<std::byte> out) const = 0;  // out.size() == body_bytes()

    virtual void started() = 0;  // within pull(): the output now has its first byte
    virtual void header(std::string_view name, std::string_view value) = 0;  // ":status" and trailers included
    virtual void body(std::span<const std::byte>) {}                         // of the response, in any pieces

    // For a call, within pull(): the output now has the first byte of the next piece; or its last byte, and
    // body_bytes() is the size of the piece after it.
    virtual void piece_started() {}
    virtual void piece_written() {}

    // Exactly one of the two is called, unless the request is cancelled.
    virtual void answered() = 0;                       // the response is complete
    virtual void failed(const error_code& cause) = 0;  // the stream was reset, or never opened

private:
    friend class ClientConnection;
    std::int32_t stream_ = 0;
    std::size_t body_bytes_ = 0;
    std::size_t sent_bytes_ = 0;
    std::vector<std::byte> encoded_;  // only while part of the body waits for the flow-control window
    enum class Body : std::uint8_t { whole, pieces, ending } kind_ = Body::whole;
    enum class Fault : std::uint8_t { none, too_long_headers } fault_ = Fault::none;  // of its response
};

class ClientConnection {
public:
    class Events {
    public:
        virtual ~Events() = default;
        virtual void usable() = 0;  // the server's first SETTINGS has come
        // GOAWAY came, with this debug data; cause() has its reason. Requests that it excludes fail next, the others
        // will be answered.
        virtual void going_away(std::string_view words) = 0;
        // The server has answered a request that was cancelled: it is slow, but it answers.
        virtual void answered_late() = 0;
    };

    // Events and requests are called from within receive() and pull(); from there submit() and cancel() are allowed,
    // destroying the connection is not.
    ClientConnection(Events& events, std::uint32_t header_list_bytes);
    ~ClientConnection();  // requests are told nothing
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    // An error is final, and no request is told of it. Violations of the protocol only show in finished().
    error_code receive(std::span<const std::byte> bytes);

    bool wants_to_write() const;
    // Appends everything that may be sent now.
    error_code pull(std::vector<std::byte>& out);

    // On an error the request was not taken: the connection has no stream numbers left.
    error_code submit(Request& request, std::span<const Header> headers);

    // The same for a call: its body continues until end().
    error_code call(Request& request, std::span<const Header> headers);
    void resume(Request& call);  // there is a piece again
    void end(Request& call);     // there are no pieces after the present ones

    // Resets the stream; the request is not called any more.
    void cancel(Request& request);

    // Sends a PING: whatever the server answers arrives by receive().
    void ping();

    // Sends GOAWAY with the next pull().
    void go_away();

    // Nothing more will be read or written: either side's GOAWAY is complete, or there was an error.
    bool finished() const;
    // Why no more requests are possible: our complaint about the server, the server's about us, or its GOAWAY.
    error_code cause() const { return cause_; }

private:
    struct Callbacks;
    error_code submit(Request& request, std::span<const Header> headers, Request::Body kind);
    void forget(Request& request);
    void complete(Request& request);
    void look_for_late_answers(std::span<const std::byte> bytes);

    struct Free {
        void operator()(nghttp2_session* session) const;
    };
    Events& events_;
    std::unique_ptr<nghttp2_session, Free> session_;
    std::vector<std::byte>* out_ = nullptr;
    std::uint32_t header_list_bytes_;
    std::size_t header_bytes_ = 0;  // of the block being read; blocks never interleave
    FrameHeads heads_{0};
    error_code cause_;
    bool usable_ = false;
};

}  // namespace portillon::http2
