// Whatever a server sends, in any pieces and on one connection after the other: the session opens or fails, and every
// batch is settled exactly once per offer. The input's first byte chooses version, quality of service and the size of
// pieces; 0xFE in the bytes that follow, which begins no packet, ends one connection and begins the next.

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "drivers/mqtt/kind.h"
#include "net/task_group.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::drivers::mqtt {
namespace {

class ThreeBytes final : public driver::Body {
    std::size_t size() const override { return 3; }
    void write_to(std::span<std::byte> out) const override { std::fill(out.begin(), out.end(), std::byte{'x'}); }
};

struct Ledger final : driver::Receipts {
    void settled(Sequence first, const driver::Outcome&) override { check(--open[first] == 0, "settled once"); }
    void broken(const error_code&) override { ++breaks; }
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
        if (co_await session.open(loop.now() + 1s)) {
            continue;
        }
        for (Sequence first = 1; first <= 5; ++first) {  // those of the last connection among them
            ledger.open[first] = 1;
            session.offer({EquipmentId{1}, first, 1, 1, never, &body});
        }
        co_await pause.until(loop.now() + 10s);
        if (ledger.breaks == 0) {
            session.abandon(2);
            co_await pause.until(loop.now() + 1s);
        }
        if (ledger.breaks == 0 || connection == 3) {
            co_await session.close(loop.now() + 1s);
        }
    }
}

void run(std::span<const std::byte> bytes, std::uint8_t choice) {
    testing::Simulation simulation;
    std::unique_ptr<net::Transport> server;
    Sink sink;
    testing::PipeDialer dialer(simulation.loop(), 1ms, [&](EquipmentId, std::unique_ptr<net::Transport> transport) {
        server = std::move(transport);
        server->start(sink);
        const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0xFE});
        const auto its = bytes.first(static_cast<std::size_t>(end - bytes.begin()));
        bytes = bytes.subspan(std::min(bytes.size(), its.size() + 1));
        const std::size_t piece = 1 + (choice >> 3);
        for (std::size_t at = 0; at < its.size(); at += piece) {
            server->write(its.subspan(at, std::min(piece, its.size() - at)));
        }
    });
    const net::Url target{"mqtt", "broker", 1883, ""};
    const nlohmann::json options{
        {"version", (choice & 1) != 0 ? "5" : "3.1.1"}, {"qos", (choice >> 1 & 3) % 3}, {"keepalive", "2s"}};
    Ledger ledger;
    const ThreeBytes body;
    const auto driver =
        kind().make({simulation.loop(), dialer, target, options, wire::Encoding::protobuf, 5, RunId{7}});
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
}  // namespace portillon::drivers::mqtt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 0) {
        portillon::drivers::mqtt::run(std::as_bytes(std::span(bytes + 1, size - 1)), bytes[0]);
    }
    return 0;
}
