// Whatever clients of the listeners over HTTP/2 send: raw bytes, and requests whose frames are well-formed while their
// contents are not, with bodies in any pieces, complete or not. In every case the listener continues, another client is
// answered, and every connection ends once the listener stops.
//
// The input's first byte chooses the listener and when ingest decides; the rest is a script, whose steps run() executes
// one after the other.

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/check.h"
#include "http2/raw_frames.h"
#include "server/listeners/grpc/kind.h"
#include "server/listeners/http2/kind.h"
#include "testing/fuzz_script.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::server::listeners::over_http2 {
namespace {

namespace raw = portillon::http2::raw;

class ChosenIngest final : public Ingest {
public:
    explicit ChosenIngest(bool at_once) : at_once_(at_once) {}

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override {
        Decision decision{static_cast<Disposition>((body.size() + 1) % 7), {}, EquipmentId{12}, body.size() % 5, 1};
        if (body.size() % 2 == 0) {
            decision.retry_after = Nanos{static_cast<std::int64_t>(body.size())} * 1'000'000;
        }
        if (at_once_ || body.empty()) {
            answers.decided(ticket, decision);
        } else {
            late_.push_back({&answers, ticket, decision});
        }
    }

    void decide_late() {
        while (!late_.empty()) {
            const Late late = late_.back();
            late_.pop_back();
            late.answers->decided(late.ticket, late.decision);
        }
    }

private:
    struct Late {
        Answers* answers;
        Ticket ticket;
        Decision decision;
    };
    bool at_once_;
    std::deque<Late> late_;
};

class Peer final : private net::Transport::Reader {
public:
    explicit Peer(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
    }
    void send(std::string_view bytes) {
        if (!over_) {
            transport_->write(bytes_of(bytes));
        }
    }
    void close() { transport_->close(); }
    bool answered(std::uint32_t stream) const {
        return std::any_of(frames_.begin(), frames_.end(), [stream](const raw::Frame& frame) {
            return frame.stream == stream && frame.type == raw::Type::headers;
        });
    }

private:
    void received(std::span<const std::byte> bytes) override {
        for (auto& frame : reader_.read(text_of(bytes))) {
            frames_.push_back(std::move(frame));
        }
    }
    void ended(const error_code&) override { over_ = true; }

    std::unique_ptr<net::Transport> transport_;
    raw::Frames reader_;
    std::vector<raw::Frame> frames_;
    bool over_ = false;
};

raw::Fields head(testing::FuzzScript& script) {
    static constexpr const char* paths[] = {"/portillon.v1.Gate/Deliver", "/portillon.v1.Gate/Stream",
                                            "/v1/validations", "/"};
    static constexpr const char* encodings[] = {"gzip", "deflate", "identity", "br"};
    const std::uint8_t choice = script.byte();
    raw::Fields fields{{":method", (choice & 4) != 0 ? "GET" : "POST"},
                       {":scheme", "http"},
                       {":authority", "gate"},
                       {":path", paths[choice & 3]}};
    if ((choice & 8) == 0) {
        fields.emplace_back("content-type", "application/grpc");
    }
    if ((choice & 16) != 0) {
        fields.emplace_back("grpc-encoding", encodings[script.byte() & 3]);
    }
    if ((choice & 32) != 0) {
        fields.emplace_back("grpc-timeout", script.text());
    }
    if ((choice & 64) != 0) {
        fields.emplace_back("content-length", script.text());
    }
    if ((choice & 128) != 0) {
        const std::string name = script.text();
        fields.emplace_back(name, script.text());
    }
    return fields;
}

void run(std::uint8_t choice, testing::FuzzScript script) {
    testing::Simulation simulation;
    net::Traffic traffic;
    ChosenIngest ingest((choice & 2) != 0);
    Limits limits;
    limits.packet_bytes = 4'096;
    limits.streams = 8;
    Figures figures;
    const auto kind = (choice & 1) != 0 ? grpc::kind() : http2::kind();
    const auto listener = kind.make({simulation.loop(), ingest, limits, figures});
    const auto connect = [&] {
        auto ends = testing::make_pipe(simulation.loop(), 0ns, traffic, traffic);
        listener->accepted(std::move(ends.server));
        auto peer = std::make_unique<Peer>(std::move(ends.client));
        peer->send(std::string(raw::preface) + raw::settings());
        return peer;
    };
    std::deque<std::unique_ptr<Peer>> wild;
    wild.push_back(connect());
    std::uint32_t stream = 0;
    for (int steps = 0; !script.over() && steps < 200; ++steps) {
        Peer& peer = *wild.back();
        const std::uint8_t step = script.byte();
        const std::uint8_t end = (step & 0x10) != 0 ? raw::end_stream : std::uint8_t{0};
        const std::uint32_t earlier = stream > 2u * (step >> 5) ? stream - 2u * (step >> 5) : stream;
        switch (step & 0x0F) {
            case 0:
                peer.send(script.text());
                break;
            case 1:
                stream = stream == 0 ? 1 : stream + 2;
                peer.send(raw::headers(stream, head(script), end));
                break;
            case 2:
                peer.send(raw::data(earlier, script.text(), end));
                break;
            case 3:
                peer.send(raw::rst_stream(earlier, script.byte()));
                break;
            case 4: {
                const int setting = script.byte() & 7;
                peer.send(raw::settings({{setting, script.byte()}}));
                break;
            }
            case 5:
                peer.send(raw::window_update(earlier, script.byte()));
                break;
            case 6:
                simulation.run_for(script.byte() * 250ms);
                break;
            case 7:
                ingest.decide_late();
                break;
            case 8:  // trailers
                peer.send(raw::headers(earlier, {{"x", script.text()}}, end));
                break;
            case 9:  // a message in its frame
            {
                const std::string message = script.text();
                peer.send(raw::data(
                    earlier,
                    std::string(1, (step & 0x20) != 0 ? '\1' : '\0') + raw::number(message.size(), 4) + message, end));
                break;
            }
            case 10:
                if (wild.size() < 4) {
                    peer.close();
                    wild.push_back(connect());
                    stream = 0;
                }
                break;
            default:
                simulation.settle();
        }
    }
    simulation.run_for(1s);
    const auto good = connect();
    good->send(raw::headers(1, {{":method", "POST"},
                                {":scheme", "http"},
                                {":authority", "gate"},
                                {":path", (choice & 1) != 0 ? "/portillon.v1.Gate/Deliver" : "/v1/validations"},
                                {"content-type", "application/grpc"}}) +
               raw::data(1, std::string("\0\0\0\0\1x", 6), raw::end_stream));
    simulation.settle();
    ingest.decide_late();
    simulation.settle();
    check(good->answered(1), "the others are served");
    listener->stop();
    ingest.decide_late();
    simulation.run_for(5min);
    check(listener->connections() == 0, "every connection ends");
}

}  // namespace
}  // namespace portillon::server::listeners::over_http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 0) {
        portillon::server::listeners::over_http2::run(bytes[0],
                                                      portillon::testing::FuzzScript(std::span(bytes + 1, size - 1)));
    }
    return 0;
}
