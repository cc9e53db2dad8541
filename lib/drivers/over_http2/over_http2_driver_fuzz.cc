// Whatever the servers of the drivers over HTTP/2 send: raw bytes, and responses whose frames are well-formed while
// their contents are not. In every case each batch is settled exactly once per offer, and every life of an equipment
// ends.
//
// The input's first byte chooses the driver and its keepalive; the rest is a script, whose steps Server::act() executes
// one after the other.

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "drivers/grpc/kind.h"
#include "drivers/grpc_stream/kind.h"
#include "drivers/http2/kind.h"
#include "http2/raw_frames.h"
#include "net/task_group.h"
#include "net/wakeup.h"
#include "testing/fuzz_script.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::drivers::over_http2 {
namespace {

namespace raw = portillon::http2::raw;

class ThreeBytes final : public driver::Body {
    std::size_t size() const override { return 3; }
    void write_to(std::span<std::byte> out) const override { std::fill(out.begin(), out.end(), std::byte{'x'}); }
};

struct Ledger final : driver::Receipts {
    void settled(Sequence first, const driver::Outcome& outcome) override {
        check(--open[first] == 0, "settled once");
        check(outcome.answer == driver::Answer::acknowledged || outcome.cause, "who says no says why");
    }
    void broken(const error_code& cause) override {
        check(static_cast<bool>(cause), "what breaks has a cause");
        for (const auto& [first, count] : open) {
            check(count == 0, "a break comes after what was in flight");
        }
        ++breaks;
    }
    std::map<Sequence, int> open;
    int breaks = 0;
};

class Server final : private net::Transport::Reader {
public:
    explicit Server(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
        send(raw::settings());
    }

    void act(testing::FuzzScript& script) {
        const std::uint8_t step = script.byte();
        const std::uint8_t end = (step & 0x10) != 0 ? raw::end_stream : std::uint8_t{0};
        const std::uint32_t stream = 1 + 2 * static_cast<std::uint32_t>(step >> 5);
        switch (step & 0x0F) {
            case 0:
                send(script.text());
                break;
            case 1: {
                static constexpr const char* statuses[] = {"200", "204", "103", "429", "503", "404", "500", "nine"};
                raw::Fields fields{{":status", statuses[script.byte() & 7]}, {"content-type", "application/grpc"}};
                add_fields(fields, script);
                send(raw::headers(stream, fields, end));
                break;
            }
            case 2:
                send(raw::data(stream, script.text(), end));
                break;
            case 3: {
                raw::Fields fields;
                add_fields(fields, script);
                send(raw::headers(stream, fields, raw::end_stream));
                break;
            }
            case 4: {
                const int setting = script.byte() & 7;
                send(raw::settings({{setting, script.byte()}}));
                break;
            }
            case 5:
                send(raw::window_update(step >> 5 == 7 ? 0 : stream, script.byte()));
                break;
            case 6:
                send(raw::rst_stream(stream, script.byte()));
                break;
            case 7:
                send(raw::goaway(stream, script.byte()));
                break;
            case 8: {  // a message in its frame
                const std::string message = script.text();
                send(raw::data(stream, std::string(1, '\0') + raw::number(message.size(), 4) + message, end));
                break;
            }
            case 9: {  // a receipt
                const std::string receipt{'\x08', '\x01',
                                          '\x10', static_cast<char>(script.byte() & 7),
                                          '\x20', static_cast<char>(script.byte() & 3)};
                send(raw::data(stream, std::string(1, '\0') + raw::number(receipt.size(), 4) + receipt, end));
                break;
            }
            case 10:
                transport_->close();
                over_ = true;
                break;
            default:
                break;
        }
    }

private:
    void send(std::string_view bytes) {
        if (!over_) {
            transport_->write(bytes_of(bytes));
        }
    }
    static void add_fields(raw::Fields& fields, testing::FuzzScript& script) {
        static constexpr const char* names[] = {
            "grpc-status", "grpc-message", "grpc-retry-pushback-ms", "grpc-status-details-bin",
            "retry-after", "date",         "content-length",         "x"};
        for (std::uint8_t more = script.byte() & 3; more > 0; --more) {
            const char* const name = names[script.byte() & 7];
            fields.emplace_back(name, script.text());
        }
    }
    void received(std::span<const std::byte>) override {}
    void ended(const error_code&) override { over_ = true; }

    std::unique_ptr<net::Transport> transport_;
    bool over_ = false;
};

net::Task<void> live(driver::Session& session, net::Loop& loop, Ledger& ledger, const driver::Body& body) {
    net::Wakeup pause(loop);
    for (int connection = 0; connection < 4; ++connection) {
        ledger.breaks = 0;
        const error_code error = co_await session.open(loop.now() + 1s);
        if (error) {
            continue;
        }
        for (Sequence first = 1; first <= 5; ++first) {
            ledger.open[first] = 1;
            const driver::Batch batch{EquipmentId{1}, first, 1, 1, loop.now() + 5s, &body};
            session.offer(batch);
        }
        co_await pause.until(loop.now() + 10s);
        for (Sequence first = 1; first <= 5 && ledger.breaks == 0; ++first) {
            if (ledger.open[first] > 0) {
                session.abandon(first);
                co_await pause.until(loop.now() + 1s);
            }
        }
        if (ledger.breaks == 0) {
            co_await session.close(loop.now() + 1s);
        }
    }
}

void run(std::uint8_t choice, testing::FuzzScript script) {
    const driver::Kind kinds[] = {http2::kind(), grpc::kind(), grpc_stream::kind()};
    const driver::Kind& kind = kinds[choice % 3];
    testing::Simulation simulation;
    std::vector<std::unique_ptr<Server>> servers;
    testing::PipeDialer dialer(simulation.loop(), 1ms, [&](EquipmentId, std::unique_ptr<net::Transport> transport) {
        servers.push_back(std::make_unique<Server>(std::move(transport)));
    });
    const net::Url target{kind.scheme, "gate", 80, ""};
    auto options = nlohmann::json::object();
    if ((choice & 0x80) != 0) {
        options["keepalive"] = "2s";
    }
    Ledger ledger;
    const ThreeBytes body;
    const auto driver = kind.make({simulation.loop(), dialer, target, options, wire::Encoding::protobuf, 5, RunId{7}});
    const auto session = driver->make_session(EquipmentId{1}, ledger);
    net::TaskGroup tasks(simulation.loop());
    tasks.spawn(live(*session, simulation.loop(), ledger, body));
    for (int steps = 0; !script.over() && steps < 200; ++steps) {
        simulation.run_for((choice & 0x40) != 0 ? 100ms : 3ms);
        if (!servers.empty()) {
            servers.back()->act(script);
        }
    }
    simulation.run_for(2min);
    for (const auto& [first, open] : ledger.open) {
        check(open == 0, "every batch is settled");
    }
    check(tasks.running() == 0, "every life ends");
}

}  // namespace
}  // namespace portillon::drivers::over_http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 0) {
        portillon::drivers::over_http2::run(bytes[0], portillon::testing::FuzzScript(std::span(bytes + 1, size - 1)));
    }
    return 0;
}
