#include "wire/validation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/batch_codec.h"

namespace portillon::wire {
namespace {

constexpr EquipmentId device{7};

struct Made {
    Validation validation;
    std::string filler;

    explicit Made(std::uint64_t seed, Sequence sequence = 3, std::size_t filler_bytes = 41)
        : validation(make_validation(seed, device, sequence, 5s)), filler(filler_bytes, '?') {
        write_filler(seed, device, sequence, filler);
        validation.filler = filler;
    }
    Made(const Made&) = delete;
};

TEST(Validation, IsAPureFunctionOfItsArguments) {
    const Made once(1);
    const Made again(1);
    EXPECT_EQ(once.validation, again.validation);
    EXPECT_NE(once.validation.card, Made(2).validation.card);
    EXPECT_NE(once.validation.card, Made(1, 4).validation.card);
    EXPECT_NE(once.filler, Made(1, 4).filler);
}

// Other programs may recompute payloads, and reports of different versions are compared: the recipe must not change.
TEST(Validation, KeepsItsRecipe) {
    const Made made(1);
    EXPECT_EQ(made.validation.card, 12'767'982'615'181'141'716ULL);
    EXPECT_EQ(made.validation.line, 317U);
    EXPECT_EQ(made.filler, "ekokbfidcfbmioefngkkhbjllcipbgbjomimhgeja");
}

TEST(Validation, MatchesItsSeed) {
    EXPECT_TRUE(matches(Made(1).validation, 1));
    for (const std::size_t size : {3, 7, 8, 9, 16, 1'000}) {
        EXPECT_TRUE(matches(Made(9, 1, size).validation, 9)) << size;
    }
}

TEST(Validation, MatchesNothingElse) {
    const Made made(1);
    EXPECT_FALSE(matches(made.validation, 2));
    const auto changed = [&](auto change) {
        Validation validation = made.validation;
        change(validation);
        return matches(validation, 1);
    };
    EXPECT_FALSE(changed([](Validation& v) { v.equipment = EquipmentId{8}; }));
    EXPECT_FALSE(changed([](Validation& v) { ++v.sequence; }));
    EXPECT_FALSE(changed([](Validation& v) { v.kind = Kind{static_cast<std::uint32_t>(v.kind) ^ 1}; }));
    EXPECT_FALSE(changed([](Validation& v) { v.result = TicketResult::unspecified; }));
    EXPECT_FALSE(changed([](Validation& v) { v.card ^= 1; }));
    EXPECT_FALSE(changed([](Validation& v) { ++v.line; }));
    EXPECT_FALSE(changed([](Validation& v) { ++v.stop; }));
    EXPECT_FALSE(changed([](Validation& v) { ++v.product; }));
    EXPECT_FALSE(changed([](Validation& v) { ++v.position.latitude; }));
    EXPECT_FALSE(changed([](Validation& v) { ++v.position.longitude; }));
    EXPECT_FALSE(changed([](Validation& v) { v.filler.remove_suffix(1); }));
    EXPECT_FALSE(changed([](Validation& v) { v.filler.remove_suffix(8); }));
    EXPECT_FALSE(changed([](Validation& v) { v.filler = {}; }));
    EXPECT_FALSE(matches(Made(1, 3, 2).validation, 1));  // shorter than any validation's
    for (std::size_t i = 0; i < made.filler.size(); ++i) {
        std::string filler = made.filler;
        filler[i] ^= 1;
        EXPECT_FALSE(changed([&](Validation& v) { v.filler = filler; })) << i;
    }
}

TEST(Validation, HasAFillerOfLettersThatJsonNeedNotEscape) {
    const Made made(3, 1, 5'000);
    EXPECT_EQ(made.filler.find_first_not_of("abcdefghijklmnop"), std::string::npos);
}

// Every size is reached whatever the equipment and sequence, including the two where the filler's length changes width.
TEST(Validation, HasExactlyTheSizeAskedFor) {
    const EquipmentId equipments[] = {EquipmentId{1}, EquipmentId{127}, EquipmentId{128}, EquipmentId{50'000},
                                      EquipmentId{UINT32_MAX}};
    const Sequence sequences[] = {1, 127, 128, 1'000'000, UINT64_MAX};
    std::vector<std::uint32_t> sizes = {largest_validation_bytes, 65'535, 32'768, 20'000};
    for (std::uint32_t size = smallest_validation_bytes; size <= 2'000; ++size) {
        sizes.push_back(size);
    }
    for (std::uint32_t size = 16'384; size <= 16'500; ++size) {
        sizes.push_back(size);
    }
    std::vector<std::byte> bytes;
    ReceivedBatch received;
    for (const EquipmentId equipment : equipments) {
        for (const Sequence sequence : sequences) {
            for (const std::uint32_t size : sizes) {
                const BatchHead head{RunId{1}, equipment, sequence, 1};
                const Payload payload{1, size};
                const auto due = [] { return Nanos{0}; };
                bytes.assign(encoded_size(head, payload, Encoding::protobuf, due), std::byte{0});
                encode(head, payload, Encoding::protobuf, due, bytes);  // checks that it wrote exactly that many
                ASSERT_FALSE(decode(bytes, Encoding::protobuf, received)) << size;
                ASSERT_EQ(received.validations[0].filler.size(), filler_size(size, equipment, sequence));
                // The bytes in front of the validation: run, equipment, first, the tag and the validation's length.
                const std::size_t before = bytes.size() - size;
                ASSERT_EQ(std::to_integer<unsigned>(bytes[before]), 0x08U) << size;
                ASSERT_TRUE(matches(received.validations[0], 1));
            }
        }
    }
}

TEST(ValidationDeathTest, RefusesASizeOutsideItsLimits) {
    EXPECT_DEATH(filler_size(63, device, 1), "validation size");
    EXPECT_DEATH(filler_size(65'537, device, 1), "validation size");
    EXPECT_DEATH(make_validation(1, device, 1, Nanos{-1}), "before the run");
}

}  // namespace
}  // namespace portillon::wire
