#pragma once

// For the benchmark and the test of allocations: a connection to a server that acknowledges everything in the next turn
// of the loop, without allocating.

#include <memory>
#include <vector>

#include "net/dialer.h"
#include "net/loop.h"
#include "wire/mqtt/framer.h"

namespace portillon::drivers::mqtt {

class AcknowledgingTransport final : public net::Transport, private net::Deferred {
public:
    explicit AcknowledgingTransport(net::Loop& loop) : loop_(loop) {
        out_.reserve(64 << 10);
        under_way_.reserve(64 << 10);
    }

    net::Task<error_code> connect(Instant) override { co_return error_code{}; }
    void start(Reader& reader) override { reader_ = &reader; }
    void write(std::span<const std::byte> bytes) override {
        framer_.feed(bytes);
        while (const auto frame = framer_.next()) {
            answer(*frame);
        }
        if (!out_.empty()) {
            loop_.later(*this);
        }
    }
    std::size_t unsent() const override { return 0; }
    void pause() override {}
    void resume() override {}
    void shut() override {}
    void close() override {}
    void reset() override {}

private:
    void answer(const wire::mqtt::Frame& frame) {
        if (frame.type() == wire::mqtt::PacketType::connect) {
            const bool five = frame.body[6] == std::byte{5};
            for (const int byte : {0x20, five ? 0x03 : 0x02, 0x00, 0x00, 0x00}) {
                out_.push_back(static_cast<std::byte>(byte));
            }
            out_.resize(five ? 5 : 4);
        } else if (frame.type() == wire::mqtt::PacketType::publish && (frame.flags() & 0x06) != 0) {
            const std::size_t topic_bytes =
                static_cast<std::size_t>(frame.body[0]) << 8 | static_cast<std::size_t>(frame.body[1]);
            acknowledge((frame.flags() & 0x04) != 0 ? 0x50 : 0x40, frame.body.subspan(topic_bytes + 2, 2));
        } else if (frame.type() == wire::mqtt::PacketType::pubrel) {
            acknowledge(0x70, frame.body.first(2));
        }
    }

    void acknowledge(int first_byte, std::span<const std::byte> packet_id) {
        out_.push_back(static_cast<std::byte>(first_byte));
        out_.push_back(std::byte{0x02});
        out_.push_back(packet_id[0]);
        out_.push_back(packet_id[1]);
    }

    void run() override {
        under_way_.swap(out_);
        reader_->received(under_way_);  // the reader may write, and so cause more answers
        under_way_.clear();
    }

    net::Loop& loop_;
    Reader* reader_ = nullptr;
    wire::mqtt::Framer framer_;
    std::vector<std::byte> out_;
    std::vector<std::byte> under_way_;
};

struct AcknowledgingDialer final : net::Dialer {
    explicit AcknowledgingDialer(net::Loop& its_loop) : loop(its_loop) {}
    std::unique_ptr<net::Transport> dial(EquipmentId) override {
        return std::make_unique<AcknowledgingTransport>(loop);
    }
    net::Loop& loop;
};

}  // namespace portillon::drivers::mqtt
