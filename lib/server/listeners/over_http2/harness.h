#pragma once

// For tests: a listener over HTTP/2 on simulated time, an ingest that answers when it is told to, and clients that send
// what the test tells them to.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "http2/raw_frames.h"
#include "server/listener.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::server::listeners::over_http2 {

namespace raw = portillon::http2::raw;

class FakeIngest final : public Ingest {
public:
    enum class Mode : std::uint8_t { at_once, later } mode = Mode::at_once;
    Decision decision{Disposition::accepted, {}, EquipmentId{12}, 9, 60};
    std::vector<std::string> bodies;

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override {
        bodies.push_back(text_of(body));
        if (mode == Mode::at_once) {
            answers.decided(ticket, decision);
        } else {
            waiting_.push_back({&answers, ticket});
        }
    }

    // Answers the `index`-th arrival of those that wait.
    void decide(std::size_t index) {
        const auto [answers, ticket] = waiting_.at(index);
        answers->decided(ticket, decision);
    }

private:
    std::deque<std::pair<Answers*, Ticket>> waiting_;
};

// Records every frame; sends nothing by itself.
class ScriptedClient final : private net::Transport::Reader {
public:
    explicit ScriptedClient(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
    }

    void send(const std::string& bytes) { transport_->write(bytes_of(bytes)); }
    net::Transport& transport() { return *transport_; }

    std::vector<raw::Frame> frames;
    std::string end;  // its cause; empty while the connection lives

    // The value of the header `name` in the last HEADERS of `stream`; empty if there is none.
    std::string field(std::uint32_t stream, const std::string& name) const {
        std::string value;
        for (const auto& frame : frames) {
            if (frame.type == raw::Type::headers && frame.stream == stream && frame.fields.count(name) > 0) {
                value = frame.fields.at(name);
            }
        }
        return value;
    }

    std::string body(std::uint32_t stream) const {
        std::string bytes;
        for (const auto& frame : frames) {
            if (frame.type == raw::Type::data && frame.stream == stream) {
                bytes += frame.payload;
            }
        }
        return bytes;
    }

    std::size_t count(raw::Type type) const {
        std::size_t found = 0;
        for (const auto& frame : frames) {
            found += frame.type == type ? 1 : 0;
        }
        return found;
    }

private:
    void received(std::span<const std::byte> bytes) override {
        for (auto& frame : reader_.read(text_of(bytes))) {
            frames.push_back(std::move(frame));
        }
    }
    void ended(const error_code& cause) override { end = cause_name(cause); }

    std::unique_ptr<net::Transport> transport_;
    raw::Frames reader_;
};

class ListenerHarness : public ::testing::Test {
protected:
    explicit ListenerHarness(ListenerKind kind) : kind_(std::move(kind)) { restart(); }

    // Makes a new listener with the current limits.
    void restart() { listener_ = kind_.make({simulation_.loop(), ingest_, limits_, figures_}); }

    ScriptedClient& connect() {
        auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
        clients_.push_back(std::make_unique<ScriptedClient>(std::move(ends.client)));
        listener_->accepted(std::move(ends.server));
        return *clients_.back();
    }

    ScriptedClient& greet() {
        auto& client = connect();
        client.send(std::string(raw::preface) + raw::settings());
        settle();
        return client;
    }

    void settle() { simulation_.settle(); }
    void pass(Nanos time) { simulation_.run_for(time); }

    static std::string counted(const Causes& causes) {
        std::string text;
        causes.for_each([&](std::string_view name, std::uint64_t count) {
            text += (text.empty() ? "" : " ") + std::string(name) + "=" + std::to_string(count);
        });
        return text;
    }

    testing::Simulation simulation_;
    net::Traffic traffic_;
    ListenerKind kind_;
    FakeIngest ingest_;
    Limits limits_;
    Figures figures_;
    std::vector<std::unique_ptr<ScriptedClient>> clients_;
    std::unique_ptr<Listener> listener_;
};

}  // namespace portillon::server::listeners::over_http2
