#include "service/fault_message.h"

#include <gtest/gtest.h>

namespace portillon::service {
namespace {

using server::FaultKind;

// A fault in which no value is the default.
server::Fault sample_fault() {
    return {.id = 5,
            .draw = 6,
            .kind = FaultKind::goaway,
            .at = Instant{5s},
            .length = 1s,
            .delay = 2ms,
            .retry_after = 3s,
            .every = 4ms,
            .per_s = 5'000,
            .count = 11,
            .one_in = 9,
            .run = RunId{0xfedcba9876543210},
            .share = 255};
}

link::v1::ServerFault written(const server::Fault& fault) {
    link::v1::ServerFault message;
    write_fault(fault, message);
    link::v1::ServerFault received;
    EXPECT_TRUE(received.ParseFromString(message.SerializeAsString()));
    return received;
}

TEST(FaultMessage, ComesBackAsItWasSent) {
    const auto read = read_fault(written(sample_fault()));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, sample_fault());
    const auto of_all_runs = read_fault(written({.kind = FaultKind::mute}));
    ASSERT_TRUE(of_all_runs);
    EXPECT_EQ(*of_all_runs, (server::Fault{.kind = FaultKind::mute}));
}

TEST(FaultMessage, CarriesEveryKindOfTheServer) {
    for (const auto& about : faults::kinds) {
        const auto read = read_fault(written({.kind = about.kind, .length = 1s, .per_s = 1}));
        EXPECT_EQ(bool(read), about.side == faults::Side::server) << about.name;
        if (read) {
            EXPECT_EQ(read->kind, about.kind);
        }
    }
}

TEST(FaultMessage, IsRefusedWhenNoShardCanShowIt) {
    using Spoil = void (*)(link::v1::ServerFault&);
    const struct {
        const char* what;
        Spoil spoil;
    } rows[] = {
        {"a kind beyond all", [](auto& fault) { fault.set_kind(faults::kinds.size()); }},
        {"a kind of the network",
         [](auto& fault) { fault.set_kind(static_cast<std::uint32_t>(faults::Kind::latency)); }},
        {"before time", [](auto& fault) { fault.set_at_ns(~0ULL); }},
        {"after all time", [](auto& fault) { fault.set_at_ns(1ULL << 62); }},
        {"less than no length", [](auto& fault) { fault.set_length_ns(-1); }},
        {"an endless length", [](auto& fault) { fault.set_length_ns(std::int64_t{1} << 62); }},
        {"a delay into the past", [](auto& fault) { fault.set_delay_ns(-1); }},
        {"an endless delay", [](auto& fault) { fault.set_delay_ns(std::int64_t{1} << 62); }},
        {"a retry in the past", [](auto& fault) { fault.set_retry_after_ns(-1); }},
        {"a retry at no time", [](auto& fault) { fault.set_retry_after_ns(std::int64_t{1} << 62); }},
        {"again and again backwards", [](auto& fault) { fault.set_every_ns(-1); }},
        {"again and again at once", [](auto& fault) { fault.set_every_ns(1); }},
        {"one in none", [](auto& fault) { fault.set_one_in(0); }},
        {"a share beyond the shared figures", [](auto& fault) { fault.set_share(256); }},
        {"a limit of nothing",
         [](auto& fault) {
             fault.set_kind(static_cast<std::uint32_t>(FaultKind::limit));
             fault.set_per_s(0);
         }},
        {"a stall for good",
         [](auto& fault) {
             fault.set_kind(static_cast<std::uint32_t>(FaultKind::stall));
             fault.set_length_ns(0);
         }},
    };
    for (const auto& row : rows) {
        auto message = written(sample_fault());
        ASSERT_TRUE(read_fault(message));
        row.spoil(message);
        EXPECT_FALSE(read_fault(message)) << row.what;
    }
}

}  // namespace
}  // namespace portillon::service
