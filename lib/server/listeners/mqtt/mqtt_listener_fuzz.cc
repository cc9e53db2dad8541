// Whatever a client sends, in any pieces: the listener continues, and another client's messages are answered. The
// input's first byte chooses the size of pieces, and whether ingest answers at once, later or not at all. 0xFE in the
// bytes that follow, which begins no packet, ends one connection and begins the next.

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/check.h"
#include "server/listeners/mqtt/kind.h"
#include "testing/byte_peer.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::server::listeners::mqtt {
namespace {

class ChosenIngest final : public Ingest {
public:
    explicit ChosenIngest(std::uint8_t choice) : choice_(choice) {}

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override {
        const auto disposition = static_cast<Disposition>(body.size() % 7);
        if (choice_ % 4 == 0 || body.empty()) {
            answers.decided(ticket, {disposition, {}, {}, 0, 0});
        } else if (choice_ % 4 < 3) {
            late_.push_back({&answers, ticket, disposition});
        }
    }

    void decide_late() {
        while (!late_.empty()) {
            const Late late = choice_ % 4 == 1 ? late_.front() : late_.back();
            choice_ % 4 == 1 ? late_.pop_front() : late_.pop_back();
            late.answers->decided(late.ticket, {late.disposition, {}, {}, 0, 0});
        }
    }

private:
    struct Late {
        Answers* answers;
        Ticket ticket;
        Disposition disposition;
    };
    std::uint8_t choice_;
    std::deque<Late> late_;
};

void run(std::span<const std::byte> bytes, std::uint8_t choice) {
    testing::Simulation simulation;
    net::Traffic traffic;
    ChosenIngest ingest(choice);
    Limits limits;
    limits.packet_bytes = 4'096;
    limits.streams = 3;
    Figures figures;
    const auto listener = kind().make({simulation.loop(), ingest, limits, figures});
    auto good_ends = testing::make_pipe(simulation.loop(), 0ns, traffic, traffic);
    testing::BytePeer good(std::move(good_ends.client));
    listener->accepted(std::move(good_ends.server));
    std::deque<testing::BytePeer> wild;
    const std::size_t piece = 1 + (choice >> 2);
    for (bool more = true; more && wild.size() < 8;) {
        const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0xFE});
        const auto its = bytes.first(static_cast<std::size_t>(end - bytes.begin()));
        more = end != bytes.end();
        bytes = bytes.subspan(its.size() + (more ? 1 : 0));
        auto ends = testing::make_pipe(simulation.loop(), 0ns, traffic, traffic);
        auto& peer = wild.emplace_back(std::move(ends.client));
        listener->accepted(std::move(ends.server));
        for (std::size_t at = 0; at < its.size(); at += piece) {
            peer.transport().write(its.subspan(at, std::min(piece, its.size() - at)));
        }
        simulation.run_for(1s);
        if (more && (choice & 4) != 0) {
            peer.transport().close();  // else it is taken over, if the next client has its name
        }
    }
    ingest.decide_late();
    simulation.run_for(1s);
    good.send("10 12 0004 'MQTT' 04 02 003c 0006 'honest' 32 05 0001 't' 0001");
    simulation.settle();
    check(good.take() == testing::hex("20 02 00 00 40 02 0001"), "the others are served");
    listener->stop();
    simulation.run_for(1min);
    ingest.decide_late();
    simulation.run_for(1min);
    check(choice % 4 == 3 || listener->connections() == 0, "every connection ends");
}

}  // namespace
}  // namespace portillon::server::listeners::mqtt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 0) {
        portillon::server::listeners::mqtt::run(std::as_bytes(std::span(bytes + 1, size - 1)), bytes[0]);
    }
    return 0;
}
