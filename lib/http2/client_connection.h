#pragma once

// The client's end of an HTTP/2 connection (RFC 9113, prior knowledge), without I/O: what was read goes in, what is to
// be written comes out, and requests hear what became of them. Many requests at once; what the server's limits do not
// let go yet waits here. PING, SETTINGS and flow control are answered by themselves.

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

// A request under way; its owner is who made it. It stays where it is until answered(), failed() or cancel(). Its body
// is one piece, or, on a call, one after the other for as long as there are any.
class Request {
public:
    virtual ~Request() = default;

    virtual std::size_t body_bytes() const = 0;  // of a call: of the next piece, 0 if there is none yet
    virtual void write_body(std::span<std::byte> out) const = 0;  // out.size() == body_bytes()

    virtual void started() = 0;  // within pull(): its first byte is among those that go out now
    virtual void header(std::string_view name, std::string_view value) = 0;  // ":status" and trailers included
    virtual void body(std::span<const std::byte>) {}                         // of the response, in any pieces

    // Of a call, within pull(): the first byte of its next piece goes out now; its last one has, and body_bytes() is
    // that of the piece after it.
    virtual void piece_started() {}
    virtual void piece_written() {}

    // Exactly one of the two, unless cancelled.
    virtual void answered() = 0;                       // the response is complete
    virtual void failed(const error_code& cause) = 0;  // the stream was reset, or was never let go

private:
    friend class ClientConnection;
    std::int32_t stream_ = 0;
    std::size_t body_bytes_ = 0;
    std::size_t sent_bytes_ = 0;
    std::vector<std::byte> encoded_;  // only while a part of the body waits for the server's flow control
    enum class Body : std::uint8_t { whole, pieces, ending } kind_ = Body::whole;
    enum class Fault : std::uint8_t { none, too_long_headers } fault_ = Fault::none;  // of its response
};

class ClientConnection {
public:
    class Events {
    public:
        virtual ~Events() = default;
        virtual void usable() = 0;  // the server's first SETTINGS has come
        // GOAWAY, whose reason is cause(), with its debug data: what it leaves out fails next, the rest will be
        // answered.
        virtual void going_away(std::string_view words) = 0;
        // The other side has answered a request that was cancelled: it is slow, but it answers.
        virtual void answered_late() = 0;
    };

    // Events and requests are called from within receive() and pull(); there one may submit() and cancel(), but not
    // destroy the connection.
    ClientConnection(Events& events, std::uint32_t header_list_bytes);
    ~ClientConnection();  // requests hear nothing
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    // An error is final, and no request hears of it. What is wrong only with the protocol shows in finished().
    error_code receive(std::span<const std::byte> bytes);

    bool wants_to_write() const;
    // Appends everything that may be sent now.
    error_code pull(std::vector<std::byte>& out);

    // On an error the request was not taken: the connection has no stream left.
    error_code submit(Request& request, std::span<const Header> headers);

    // The same for a call: its body goes on until end().
    error_code call(Request& request, std::span<const Header> headers);
    void resume(Request& call);  // there is a piece again
    void end(Request& call);     // there will be none after those that there are

    // Resets its stream; the request hears no more.
    void cancel(Request& request);

    // Asks for a sign of life: any answer comes in by receive().
    void ping();

    // Says goodbye with the next pull().
    void go_away();

    // Nothing more will be read or written: the goodbye of either side is complete, or there was an error.
    bool finished() const;
    // Why there will be no more requests: our complaint about the server, the server's about us, or its GOAWAY.
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
