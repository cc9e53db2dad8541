#include "wire/mqtt/framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"

namespace portillon::wire::mqtt {
namespace {

std::string packet(char first, std::string_view body) {
    std::string bytes(1, first);
    std::size_t left = body.size();
    do {
        bytes.push_back(static_cast<char>((left & 0x7F) | (left > 127 ? 0x80 : 0)));
        left >>= 7;
    } while (left > 0);
    return bytes.append(body);
}

std::vector<std::string> read(Framer& framer, std::string_view piece) {
    std::vector<std::string> packets;
    framer.feed(bytes_of(piece));
    while (const auto frame = framer.next()) {
        packets.push_back(packet(static_cast<char>(frame->first_byte),
                                 {reinterpret_cast<const char*>(frame->body.data()), frame->body.size()}));
    }
    return packets;
}

TEST(Framer, ReadsPacketsHoweverTheyAreSplit) {
    const std::vector<std::string> packets = {
        packet('\xC0', ""), packet('\x30', std::string(127, 'a')),    packet('\x30', std::string(128, 'b')),
        packet('\xD0', ""), packet('\x32', std::string(16'384, 'c')), packet('\x40', "xy")};
    std::string stream;
    for (const std::string& each : packets) {
        stream += each;
    }
    for (std::size_t cut = 0; cut <= stream.size(); cut += cut > 300 && cut + 20'000 < stream.size() ? 997 : 1) {
        Framer framer;
        std::vector<std::string> got = read(framer, std::string_view(stream).substr(0, cut));
        for (std::string& each : read(framer, std::string_view(stream).substr(cut))) {
            got.push_back(std::move(each));
        }
        ASSERT_EQ(got, packets) << cut;
        ASSERT_TRUE(framer.at_boundary());
    }
    Framer framer;
    std::vector<std::string> got;
    for (const char& byte : stream) {
        for (std::string& each : read(framer, {&byte, 1})) {
            got.push_back(std::move(each));
        }
    }
    EXPECT_EQ(got, packets);
}

TEST(Framer, DoesNotCopyWhatLiesWholeInAPiece) {
    const std::string stream = packet('\x30', "hello") + packet('\x30', "world");
    Framer framer;
    framer.feed(bytes_of(stream));
    EXPECT_EQ(framer.next()->body.data(), bytes_of(stream).data() + 2);
    EXPECT_EQ(framer.next()->body.data(), bytes_of(stream).data() + 9);
    EXPECT_FALSE(framer.next());
}

TEST(Framer, KnowsWhenAStreamEndsWithinAPacket) {
    Framer framer;
    EXPECT_TRUE(framer.at_boundary());
    read(framer, "\x30");
    EXPECT_FALSE(framer.at_boundary());
    read(framer, std::string("\0", 1));
    EXPECT_TRUE(framer.at_boundary());
}

TEST(Framer, RefusesAPacketAsSoonAsItsLengthIsKnown) {
    for (const std::size_t cut : {0, 1, 2}) {
        Framer framer(10);
        EXPECT_EQ(read(framer, packet('\x30', "12345678")).size(), 1U);  // 10 bytes
        const std::string large = packet('\x30', "123456789");
        EXPECT_TRUE(read(framer, std::string_view(large).substr(0, cut)).empty());
        EXPECT_TRUE(read(framer, std::string_view(large).substr(cut, 2)).empty());
        EXPECT_EQ(framer.violation().reason, Reason::packet_too_large);
        EXPECT_TRUE(read(framer, packet('\xC0', "")).empty());
    }
}

TEST(Framer, RefusesWhatIsNoFixedHeader) {
    const std::string rows[] = {
        std::string("\x00\x00", 2),          // type 0
        "\x30\x80\x80\x80\x80",              // a fifth byte
        "\x30\xFF\xFF\xFF\xFF",              //
        std::string("\x30\x80\x00", 3),      // 0 in two bytes
        std::string("\x30\xFF\xFF\x00", 4),  // 16,383 in three
    };
    for (std::size_t i = 0; i < 5; ++i) {
        Framer whole;
        EXPECT_TRUE(read(whole, rows[i]).empty());
        EXPECT_EQ(whole.violation().reason, Reason::malformed_packet) << i;
        Framer split;
        for (const char& byte : rows[i]) {
            read(split, {&byte, 1});
        }
        EXPECT_EQ(split.violation().reason, Reason::malformed_packet) << i;
    }
}

TEST(Framer, TakesPaddedLengthsWhereTheyAreAllowed) {
    const std::string padded("\xC0\x80\x80\x00\x30\x82\x00xy", 9);
    for (std::size_t cut = 0; cut <= padded.size(); ++cut) {
        Framer framer;
        framer.allow_padded_lengths();
        std::vector<std::string> got = read(framer, std::string_view(padded).substr(0, cut));
        for (std::string& each : read(framer, std::string_view(padded).substr(cut))) {
            got.push_back(std::move(each));
        }
        EXPECT_EQ(got, (std::vector<std::string>{packet('\xC0', ""), packet('\x30', "xy")})) << cut;
        framer.forbid_padded_lengths();
        EXPECT_TRUE(read(framer, padded).empty());
        EXPECT_EQ(framer.violation().reason, Reason::malformed_packet);
    }
    Framer framer;
    framer.allow_padded_lengths();
    EXPECT_TRUE(read(framer, "\x30\x80\x80\x80\x80").empty()) << "5 bytes are too many for either";
    EXPECT_EQ(framer.violation().reason, Reason::malformed_packet);
}

TEST(Framer, TakesTheLargestLengthThereIs) {
    Framer framer;
    EXPECT_TRUE(read(framer, "\x30\xFF\xFF\xFF\x7F").empty());
    EXPECT_FALSE(framer.violation());
    EXPECT_FALSE(framer.at_boundary());
}

}  // namespace
}  // namespace portillon::wire::mqtt
