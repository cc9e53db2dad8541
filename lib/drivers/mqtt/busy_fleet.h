#pragma once

// For the benchmark and the test of allocations: equipments that always have batches in flight.

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "drivers/mqtt/acknowledging_transport.h"
#include "drivers/mqtt/kind.h"
#include "net/task_group.h"
#include "testing/simulation.h"

namespace portillon::drivers::mqtt {

class BusyFleet {
public:
    BusyFleet(const char* options, std::uint32_t sessions, std::uint32_t in_flight, std::size_t body_bytes)
        : options_(nlohmann::json::parse(options)), body_(body_bytes) {
        driver_ = kind().make(
            {simulation_.loop(), dialer_, target_, options_, wire::Encoding::protobuf, in_flight, RunId{7}});
        net::TaskGroup tasks(simulation_.loop());
        for (std::uint32_t i = 1; i <= sessions; ++i) {
            equipments_.emplace_back(*this, EquipmentId{i});
            tasks.spawn(open(*equipments_.back().session));
        }
        simulation_.settle();
        for (auto& each : equipments_) {
            for (std::uint32_t i = 0; i < in_flight; ++i) {
                each.offer();
            }
        }
    }

    // Runs until that many more batches are settled.
    void settle(std::uint64_t count) {
        for (const std::uint64_t until = settled_ + count; settled_ < until;) {
            simulation_.loop().poll();
        }
    }

private:
    class Zeros final : public driver::Body {
    public:
        explicit Zeros(std::size_t size) : size_(size) {}
        std::size_t size() const override { return size_; }
        void write_to(std::span<std::byte> out) const override { std::fill(out.begin(), out.end(), std::byte{0}); }

    private:
        std::size_t size_;
    };

    struct Equipment final : driver::Receipts {
        Equipment(BusyFleet& its_fleet, EquipmentId its_id)
            : fleet(its_fleet), id(its_id), session(fleet.driver_->make_session(id, *this)) {}
        void offer() { session->offer({id, ++next, 1, 1, never, &fleet.body_}); }
        void settled(Sequence, const driver::Outcome&) override {
            ++fleet.settled_;
            offer();
        }
        void broken(const error_code&) override {}

        BusyFleet& fleet;
        EquipmentId id;
        Sequence next = 0;
        std::unique_ptr<driver::Session> session;
    };

    static net::Task<void> open(driver::Session& session) { co_await session.open(never); }

    testing::Simulation simulation_;
    AcknowledgingDialer dialer_{simulation_.loop()};
    net::Url target_{"mqtt", "broker", 1883, ""};
    nlohmann::json options_;
    Zeros body_;
    std::unique_ptr<driver::Driver> driver_;
    std::deque<Equipment> equipments_;
    std::uint64_t settled_ = 0;
};

}  // namespace portillon::drivers::mqtt
