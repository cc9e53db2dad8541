// Whatever a server sends, in any pieces and on one connection after the other: the session opens or fails, and every
// batch is settled exactly once per offer. The input's first byte chooses the size of pieces; 0x00 in the bytes that
// follow ends one connection and begins the next.

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "drivers/example/kind.h"
#include "net/task_group.h"
#include "net/wakeup.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::drivers::example {
namespace {

class TwoBytes final : public driver::Body {
    std::size_t size() const override { return 2; }
    void write_to(std::span<std::byte> out) const override {
        out[0] = std::byte{'{'};
        out[1] = std::byte{'}'};
    }
};

struct Ledger final : driver::Receipts {
    void settled(Sequence first, const driver::Outcome& outcome) override {
        check(--open[first] == 0, "settled once");
        check(outcome.answer == driver::Answer::acknowledged || outcome.cause, "who says no says why");
    }
    void broken(const error_code&) override {
        for (const auto& [first, count] : open) {
            check(count == 0, "a break comes after what was in flight");
        }
        ++breaks;
    }
    std::map<Sequence, int> open;
    int breaks = 0;
};

struct Sink final : net::Transport::Reader {
    void received(std::span<const std::byte>) override {}
    void ended(const error_code&) override {}
};

net::Task<void> live(driver::Session& session, net::Loop& loop, Ledger& ledger, const driver::Body& body) {
    net::Wakeup pause(loop);
    for (int connection = 0; connection < 4; ++connection) {
        ledger.breaks = 0;
        const error_code failure = co_await session.open(loop.now() + 1s);
        if (failure) {
            continue;
        }
        for (Sequence first = 1; first <= 5; ++first) {
            ledger.open[first] = 1;
            session.offer({EquipmentId{1}, first, 1, 1, never, &body});
        }
        co_await pause.until(loop.now() + 10s);
        if (ledger.breaks == 0) {
            session.abandon(2);
            co_await pause.until(loop.now() + 1s);
        }
        if (ledger.breaks == 0) {
            co_await session.close(loop.now() + 1s);
        }
    }
}

void run(std::span<const std::byte> bytes, std::size_t piece) {
    testing::Simulation simulation;
    std::unique_ptr<net::Transport> server;
    Sink sink;
    testing::PipeDialer dialer(simulation.loop(), 1ms, [&](EquipmentId, std::unique_ptr<net::Transport> transport) {
        server = std::move(transport);
        server->start(sink);
        const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
        const auto its = bytes.first(static_cast<std::size_t>(end - bytes.begin()));
        bytes = bytes.subspan(std::min(bytes.size(), its.size() + 1));
        for (std::size_t at = 0; at < its.size(); at += piece) {
            server->write(its.subspan(at, std::min(piece, its.size() - at)));
        }
    });
    const net::Url target{"example", "server", 1, ""};
    const auto options = nlohmann::json::object();
    Ledger ledger;
    const TwoBytes body;
    const auto driver = kind().make({simulation.loop(), dialer, target, options, wire::Encoding::json, 5, RunId{7}});
    const auto session = driver->make_session(EquipmentId{1}, ledger);
    net::TaskGroup tasks(simulation.loop());
    tasks.spawn(live(*session, simulation.loop(), ledger, body));
    simulation.run_for(2min);
    for (const auto& [first, open] : ledger.open) {
        check(open == 0, "every batch is settled");
    }
    check(tasks.running() == 0, "every life ends");
}

}  // namespace
}  // namespace portillon::drivers::example

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 0) {
        portillon::drivers::example::run(std::as_bytes(std::span(bytes + 1, size - 1)), 1 + std::size_t{bytes[0]});
    }
    return 0;
}
