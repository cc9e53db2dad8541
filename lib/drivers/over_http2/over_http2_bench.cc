// A batch from offer() to settled() against a server in the same thread, without a socket: the cost of driver and
// engine on both sides. Allocations are those of the driver's side, nghttp2's included; new_per_batch counts only our
// own code's, since nghttp2 does not use operator new.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "drivers/grpc/kind.h"
#include "drivers/grpc_stream/kind.h"
#include "drivers/http2/kind.h"
#include "http2/server_connection.h"
#include "net/task_group.h"
#include "testing/counted_malloc.h"
#include "wire/grpc_frame.h"
#include "wire/receipt.h"

namespace portillon::drivers::over_http2 {
namespace {

using portillon::http2::Exchange;
using portillon::http2::Header;
using portillon::http2::ServerConnection;

class FrozenClock final : public Clock {
public:
    Instant now() const override { return Instant{1h}; }
};

// Hands written bytes to the server, and the server's bytes to the reader.
class DirectTransport final : public net::Transport {
public:
    explicit DirectTransport(DirectTransport*& place) { place = this; }
    net::Task<error_code> connect(Instant) override { co_return error_code{}; }
    void start(Reader& who) override { reader = &who; }
    void write(std::span<const std::byte> bytes) override { written.insert(written.end(), bytes.begin(), bytes.end()); }
    std::size_t unsent() const override { return 0; }
    void pause() override {}
    void resume() override {}
    void shut() override {}
    void close() override {}
    void reset() override {}

    Reader* reader = nullptr;
    std::vector<std::byte> written;
};

class DirectDialer final : public net::Dialer {
public:
    std::unique_ptr<net::Transport> dial(EquipmentId) override { return std::make_unique<DirectTransport>(transport); }
    DirectTransport* transport = nullptr;
};

struct Call final : Exchange {};

// Answers 200 with grpc-status 0 to every request, which both unary protocols take for an acknowledgement; on a stream,
// sends a receipt for each message, assuming that it is the next sequence of equipment 1.
class YesServer final : public ServerConnection::Events {
public:
    ServerConnection connection{*this, {.streams = 2'000, .header_list_bytes = 16 << 10}};
    std::vector<std::byte> out;

    // The server's own allocations.
    testing::AllocationsOf allocations;

    void serve(DirectTransport& transport) {
        allocations.begin();
        (void)connection.receive(transport.written);
        transport.written.clear();
        out.clear();
        (void)connection.pull(out);
        allocations.end();
        if (!out.empty()) {
            transport.reader->received(out);
        }
    }

    void greeted() override {}
    Exchange& begun() override {
        if (free_.empty()) {
            return calls_.emplace_back();
        }
        auto& call = *free_.back();
        free_.pop_back();
        return call;
    }
    void header(Exchange& call, std::string_view name, std::string_view value) override {
        if (name == ":path" && value.ends_with("/Stream")) {
            stream_ = &call;
        }
    }
    void headers_end(Exchange& call, ServerConnection::HeaderList) override {
        if (&call == stream_) {
            static constexpr Header begin[] = {{":status", "200"}, {"content-type", "application/grpc"}};
            connection.open_response(call, begin);
        }
    }
    void body(Exchange& call, std::span<const std::byte> piece) override {
        if (&call != stream_) {
            return;
        }
        messages_.feed(piece);
        while (messages_.next()) {
            std::array<std::byte, wire::grpc_prefix_bytes + wire::largest_receipt_bytes> receipt;
            const auto bytes =
                wire::encode({.equipment = EquipmentId{1}, .first = ++received_, .count = 1}, wire::Encoding::protobuf,
                             std::span(receipt).last<wire::largest_receipt_bytes>());
            wire::write_grpc_prefix(bytes, std::span(receipt).first<wire::grpc_prefix_bytes>());
            connection.add(call, std::span(receipt).first(wire::grpc_prefix_bytes + bytes));
        }
    }
    void request_end(Exchange& call) override {
        static constexpr Header yes[] = {{":status", "200"}, {"grpc-status", "0"}};
        connection.respond(call, yes, {});
    }
    void closed(Exchange& call) override { free_.push_back(static_cast<Call*>(&call)); }
    void reset() override {}

private:
    Exchange* stream_ = nullptr;
    wire::GrpcFrameReader messages_{1 << 20};
    Sequence received_ = 0;
    std::deque<Call> calls_;
    std::vector<Call*> free_;
};

class ConstantBody final : public driver::Body {
public:
    std::size_t size() const override { return 6'000; }  // 60 validations of 100 bytes
    void write_to(std::span<std::byte> out) const override { std::memset(out.data(), 'x', out.size()); }
};

class Counter final : public driver::Receipts {
public:
    void settled(Sequence, const driver::Outcome& outcome) override {
        acknowledged += outcome.answer == driver::Answer::acknowledged ? 1 : 0;
    }
    void broken(const error_code&) override { std::abort(); }
    std::uint64_t acknowledged = 0;
};

net::Task<void> open_session(driver::Session& session) {
    const error_code error = co_await session.open(never);
    check(!error, "the session opens");
}

void offer_to_settled(benchmark::State& state, const driver::Kind& kind) {
    const auto in_flight = static_cast<std::uint32_t>(state.range(0));
    const FrozenClock clock;
    net::Loop loop(clock);
    DirectDialer dialer;
    const net::Url target{"http", "127.0.0.1", 8080, ""};
    const auto options = nlohmann::json::object();
    const auto driver = kind.make({loop, dialer, target, options, kind.traits(options).native, in_flight, RunId{7}});
    Counter counter;
    const auto session = driver->make_session(EquipmentId{1}, counter);
    YesServer server;
    net::TaskGroup tasks(loop);
    tasks.spawn(open_session(*session));
    for (int turn = 0; turn < 10; ++turn) {
        while (loop.poll()) {
        }
        if (dialer.transport != nullptr && dialer.transport->reader != nullptr) {
            server.serve(*dialer.transport);
        }
    }
    const ConstantBody body;
    Sequence first = 1;
    const auto round = [&] {
        for (std::uint32_t i = 0; i < in_flight; ++i) {
            session->offer({EquipmentId{1}, first++, 1, 1, Instant{2h}, &body});
        }
        while (loop.poll()) {
            server.serve(*dialer.transport);
        }
    };
    for (int warm_up = 0; warm_up < 10; ++warm_up) {
        round();
    }
    const testing::Allocations all;
    const auto of_server = server.allocations;
    const auto acknowledged = counter.acknowledged;
    for (auto _ : state) {
        round();
    }
    const auto batches = counter.acknowledged - acknowledged;
    if (batches != static_cast<std::uint64_t>(state.iterations()) * in_flight) {
        state.SkipWithError("not every batch was acknowledged");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(batches));
    const auto of_driver = all.so_far() - (server.allocations.counted() - of_server.counted());
    state.counters["allocations_per_batch"] = of_driver.blocks_per(batches);
    state.counters["new_per_batch"] = of_driver.news_per(batches);
}

void http2_offer_to_settled(benchmark::State& state) {
    offer_to_settled(state, http2::kind());
}
void grpc_offer_to_settled(benchmark::State& state) {
    offer_to_settled(state, grpc::kind());
}
BENCHMARK(http2_offer_to_settled)->Arg(1)->Arg(32)->Arg(100);
void grpc_stream_offer_to_settled(benchmark::State& state) {
    offer_to_settled(state, grpc_stream::kind());
}
BENCHMARK(grpc_offer_to_settled)->Arg(1)->Arg(32)->Arg(100);
BENCHMARK(grpc_stream_offer_to_settled)->Arg(1)->Arg(32)->Arg(100);

}  // namespace
}  // namespace portillon::drivers::over_http2
