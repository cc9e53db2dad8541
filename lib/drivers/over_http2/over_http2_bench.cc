// A batch from offer() to settled() against a server in the same thread, without a socket: what driver and engine cost
// on both sides, and how often our own code allocates (operator new; nghttp2 allocates with malloc, which is not
// counted).

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <new>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "drivers/grpc/kind.h"
#include "drivers/http2/kind.h"
#include "http2/server_connection.h"
#include "net/task_group.h"

namespace {
std::uint64_t allocations = 0;
}

// Not inlined: else g++ sees malloc() through it and complains of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace portillon::over_http2 {
namespace {

class FrozenClock final : public Clock {
public:
    Instant now() const override { return Instant{1h}; }
};

// Hands what is written to whoever asks, and what that one says to the reader.
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

struct Call final : http2::Exchange {};

// Says 200 with grpc-status 0 to everything: both protocols take it for a yes.
class YesServer final : public http2::ServerConnection::Events {
public:
    http2::ServerConnection connection{*this, {.streams = 2'000, .header_list_bytes = 16 << 10}};
    std::vector<std::byte> out;

    void serve(DirectTransport& transport) {
        (void)connection.receive(transport.written);
        transport.written.clear();
        out.clear();
        (void)connection.pull(out);
        if (!out.empty()) {
            transport.reader->received(out);
        }
    }

    void greeted() override {}
    http2::Exchange& begun() override {
        if (free_.empty()) {
            return calls_.emplace_back();
        }
        auto& call = *free_.back();
        free_.pop_back();
        return call;
    }
    void header(http2::Exchange&, std::string_view, std::string_view) override {}
    void headers_end(http2::Exchange&, http2::ServerConnection::HeaderList) override {}
    void body(http2::Exchange&, std::span<const std::byte>) override {}
    void request_end(http2::Exchange& call) override {
        static constexpr http2::Header yes[] = {{":status", "200"}, {"grpc-status", "0"}};
        connection.respond(call, yes, {});
    }
    void closed(http2::Exchange& call) override { free_.push_back(static_cast<Call*>(&call)); }
    void reset() override {}

private:
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
    const auto driver = kind.make({loop, dialer, target, options, wire::Encoding::json, in_flight, RunId{7}});
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
    const auto before = allocations;
    const auto acknowledged = counter.acknowledged;
    for (auto _ : state) {
        round();
    }
    const auto batches = counter.acknowledged - acknowledged;
    if (batches != static_cast<std::uint64_t>(state.iterations()) * in_flight) {
        state.SkipWithError("not every batch was acknowledged");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(batches));
    state.counters["allocations_per_batch"] = static_cast<double>(allocations - before) / static_cast<double>(batches);
}

void http2_offer_to_settled(benchmark::State& state) {
    offer_to_settled(state, http2::kind());
}
void grpc_offer_to_settled(benchmark::State& state) {
    offer_to_settled(state, grpc::kind());
}
BENCHMARK(http2_offer_to_settled)->Arg(1)->Arg(32)->Arg(100);
BENCHMARK(grpc_offer_to_settled)->Arg(1)->Arg(32)->Arg(100);

}  // namespace
}  // namespace portillon::over_http2
