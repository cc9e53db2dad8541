#pragma once

// For tests: the listener on simulated time, an ingest that answers when it is told to, and clients that send what the
// test tells them to.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/listeners/mqtt/kind.h"
#include "testing/byte_peer.h"
#include "testing/pipe.h"
#include "testing/simulation.h"
#include "wire/mqtt/packet.h"

namespace portillon::server::listeners::mqtt {

class FakeIngest final : public Ingest {
public:
    enum class Mode : std::uint8_t { at_once, later } mode = Mode::at_once;
    Disposition disposition = Disposition::accepted;
    std::vector<std::string> bodies;

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override {
        bodies.emplace_back(reinterpret_cast<const char*>(body.data()), body.size());
        if (mode == Mode::at_once) {
            answers.decided(ticket, {disposition, {}, EquipmentId{1}, 1, 1});
        } else {
            waiting_.emplace_back(&answers, ticket);
        }
    }

    // Answers the `index`-th of the arrivals that came while the mode was `later`.
    void decide(std::size_t index, Disposition as = Disposition::accepted) {
        const auto [answers, ticket] = waiting_.at(index);
        answers->decided(ticket, {as, {}, EquipmentId{1}, 1, 1});
    }

    std::vector<std::string> take() { return std::exchange(bodies, {}); }

private:
    std::vector<std::pair<Answers*, Ticket>> waiting_;
};

inline constexpr const char* connect_5 = "10 0f 0004 'MQTT' 05 02 003c 00 0002 'ab'";
inline constexpr const char* connect_3 = "10 0e 0004 'MQTT' 04 02 003c 0002 'ab'";
inline constexpr const char* connack_5 = "20 0e 00 00 0b 21 0100 27 00100000 22 0020";
inline constexpr const char* connack_5_present = "20 0e 01 00 0b 21 0100 27 00100000 22 0020";
inline constexpr const char* connack_3 = "20 02 00 00";
inline constexpr const char* connack_3_present = "20 02 01 00";

// The packets of a listener of version 5, in hexadecimal, without reason strings, which are for people.
inline std::string without_reason_strings(const std::string& hex) {
    using namespace wire::mqtt;
    const std::string bytes = testing::bytes_of(hex);
    std::string without;
    Framer framer;
    framer.feed(std::as_bytes(std::span(bytes)));
    std::size_t at = 0;
    while (const auto frame = framer.next()) {
        const auto body = static_cast<std::size_t>(reinterpret_cast<const char*>(frame->body.data()) - bytes.data());
        const std::size_t end = body + frame->body.size();
        std::string packet = bytes.substr(at, end - at);
        std::byte buffer[16];
        const auto encoded = [&](std::size_t size) { return std::string(reinterpret_cast<const char*>(buffer), size); };
        Disconnect goodbye;
        Connack refusal;
        if (frame->type() == PacketType::disconnect && !parse(*frame, Version::v5, Sender::server, goodbye)) {
            packet = encoded(encode(Disconnect{goodbye.reason, {}}, Version::v5, buffer));
        } else if (frame->type() == PacketType::connack && !parse(*frame, Version::v5, refusal) &&
                   refusal.properties.text(PropertyId::reason_string)) {
            packet = encoded(encode(Connack{false, refusal.reason, {}}, Version::v5, buffer));
        }
        without += packet;
        at = end;
    }
    return testing::hex_of(without + bytes.substr(at));
}

class ListenerHarness : public ::testing::Test {
protected:
    ListenerHarness() { restart(); }

    // Makes a new listener with the current limits.
    void restart() {
        listener_.reset();
        listener_ = kind().make({simulation_.loop(), ingest_, limits_, figures_});
    }

    testing::BytePeer& connect() {
        auto ends = testing::make_pipe(simulation_.loop(), 0ns, traffic_, traffic_);
        clients_.push_back(std::make_unique<testing::BytePeer>(std::move(ends.client)));
        listener_->accepted(std::move(ends.server));
        return *clients_.back();
    }

    // A connected client; its CONNACK has been read.
    testing::BytePeer& greet(const std::string& packet) {
        auto& client = connect();
        client.send(packet);
        settle();
        EXPECT_EQ(client.take().substr(0, 2), "20");
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
    FakeIngest ingest_;
    Limits limits_;
    Figures figures_;
    std::vector<std::unique_ptr<testing::BytePeer>> clients_;
    std::unique_ptr<server::Listener> listener_;
};

}  // namespace portillon::server::listeners::mqtt
