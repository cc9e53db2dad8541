// Any bytes from a server in answer to three requests. The first byte chooses the size of the pieces into which the
// rest is cut; its highest bit says that SETTINGS have been sent already.

#include <array>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "http2/client_connection.h"
#include "http2/raw_frames.h"

namespace {

using namespace portillon;

class CheckedRequest final : public http2::Request {
public:
    std::size_t body_bytes() const override { return 70'000; }
    void write_body(std::span<std::byte> out) const override {
        check(out.size() == body_bytes(), "the place has the size of the body");
        std::memset(out.data(), 'x', out.size());
    }
    void started() override {
        check(!over && !begun, "starts once, before its end");
        begun = true;
    }
    void header(std::string_view, std::string_view) override { check(!over, "a header after the end"); }
    void answered() override {
        check(!over && begun, "ends once");
        over = true;
    }
    void failed(const error_code& cause) override {
        check(!over && cause, "ends once, with a cause");
        over = true;
    }
    bool begun = false;
    bool over = false;
};

// A call that always has another piece, three times.
class CheckedCall final : public http2::Request {
public:
    std::size_t body_bytes() const override { return pieces_ < 3 ? 30'000 : 0; }
    void write_body(std::span<std::byte> out) const override {
        check(out.size() == 30'000 && in_piece_, "a piece is asked for once it has started");
        std::memset(out.data(), 'x', out.size());
    }
    void started() override {}
    void piece_started() override { check(!over && !std::exchange(in_piece_, true), "one piece after the other"); }
    void piece_written() override {
        check(!over && std::exchange(in_piece_, false), "a piece ends once");
        ++pieces_;
    }
    void header(std::string_view, std::string_view) override { check(!over, "a header after the end"); }
    void body(std::span<const std::byte>) override { check(!over, "a body after the end"); }
    void answered() override { check(!std::exchange(over, true), "ends once"); }
    void failed(const error_code& cause) override { check(!std::exchange(over, true) && cause, "ends once"); }
    bool over = false;

private:
    int pieces_ = 0;
    bool in_piece_ = false;
};

class Silent final : public http2::ClientConnection::Events {
public:
    void usable() override { check(!std::exchange(usable_, true), "usable once"); }
    void going_away(std::string_view) override {}
    void answered_late() override {}

private:
    bool usable_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::array<http2::Header, 4> headers{
        {{":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}}};
    Silent events;
    std::array<CheckedRequest, 3> requests;
    CheckedCall call;
    http2::ClientConnection connection(events, 4'096);
    if ((bytes[0] & 0x80) != 0) {
        check(!connection.receive(bytes_of(http2::raw::settings())), "SETTINGS are no error");
    }
    for (auto& request : requests) {
        check(!connection.submit(request, headers), "a new connection takes requests");
    }
    check(!connection.call(call, headers), "and calls");
    std::vector<std::byte> out;
    auto rest = std::as_bytes(std::span(bytes + 1, size - 1));
    const std::size_t piece_bytes = std::size_t{1} + (bytes[0] & 0x7F) * 16;
    bool failed = static_cast<bool>(connection.pull(out));
    while (!rest.empty() && !failed && !connection.finished()) {
        const auto piece = rest.first(std::min(piece_bytes, rest.size()));
        rest = rest.subspan(piece.size());
        failed = connection.receive(piece) || connection.pull(out);
        if (requests[1].begun && !requests[1].over) {
            connection.cancel(requests[1]);
            requests[1].over = true;
        }
        if (!failed && !call.over) {
            connection.resume(call);
            failed = static_cast<bool>(connection.pull(out));
        }
    }
    return 0;
}
