#include "stats/histogram_codec.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "base/random.h"
#include "stats/base64.h"

namespace portillon::stats {
namespace {

using ::testing::HasSubstr;

const std::string gold = PORTILLON_SOURCE_DIR "/lib/stats/gold/";

// The sequences of reference/Reference.java.
std::map<std::string, Histogram> sequences() {
    std::map<std::string, Histogram> made;
    made["empty"];
    made["zero"].record(0ns);
    made["one"].record(1'234'567ns);
    made["day"].record(24h);
    made["many"].record(5ms, std::uint64_t{1} << 40);
    made["many"].record(7s, 3);
    for (Nanos power = 1ns; power < 24h; power *= 2) {
        made["edges"].record(power - 1ns);
        made["edges"].record(power);
        made["edges"].record(power + 1ns);
    }
    const auto nanos = [](std::uint64_t count) { return Nanos{static_cast<std::int64_t>(count)}; };
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        made["milliseconds"].record(nanos((scatter(i) >> 40) * (scatter(~i) >> 40) >> 24));
    }
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        made["spread"].record(std::min<Nanos>(24h, nanos((scatter(i) >> 17) >> ((scatter(~i) >> 58) % 47))));
    }
    return made;
}

struct Gold {
    std::string v2, deflated;
    std::uint64_t count = 0;
    double mean = 0, stdev = 0;
    std::map<double, std::int64_t> percentiles;
};

std::map<std::string, Gold> read_gold(const std::string& name) {
    std::map<std::string, Gold> all;
    std::ifstream file(gold + name);
    EXPECT_TRUE(file) << "no " << gold << name;
    std::string line, word, value, current;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        words >> word >> value;
        if (word == "histogram") {
            current = value;
        } else if (word == "v2") {
            all[current].v2 = value;
        } else if (word == "deflated") {
            all[current].deflated = value;
        } else if (word == "count") {
            all[current].count = std::stoull(value);
        } else if (word == "mean") {
            all[current].mean = std::strtod(value.c_str(), nullptr);
        } else if (word == "stdev") {
            all[current].stdev = std::strtod(value.c_str(), nullptr);
        } else if (word == "percentile") {
            std::int64_t ns = 0;
            words >> ns;
            all[current].percentiles[std::stod(value)] = ns;
        }
    }
    return all;
}

// The reference reports zeros for an empty histogram, and does not know the exact extremes, to which our figures are
// clamped.
void expect_same_figures(const Histogram& histogram, const Gold& expected) {
    EXPECT_EQ(histogram.count(), expected.count);
    const Nanos min = histogram.min().value_or(0ns);
    const Nanos max = histogram.max().value_or(0ns);
    EXPECT_DOUBLE_EQ(histogram.mean().value_or(0),
                     std::clamp(expected.mean, static_cast<double>(min.count()), static_cast<double>(max.count())));
    EXPECT_DOUBLE_EQ(histogram.stdev().value_or(0), expected.stdev);
    EXPECT_GE(expected.percentiles.size(), 10U);
    for (const auto& [percent, ns] : expected.percentiles) {
        EXPECT_EQ(histogram.percentile(percent).value_or(0ns).count(), std::clamp(ns, min.count(), max.count()))
            << percent;
    }
}

TEST(HistogramCodec, EncodesByteForByteAsTheReference) {
    const auto reference = read_gold("reference.txt");
    for (const auto& [name, histogram] : sequences()) {
        SCOPED_TRACE(name);
        EXPECT_EQ(encode_base64(encode(histogram)), reference.at(name).v2);
        expect_same_figures(histogram, reference.at(name));
    }
}

TEST(HistogramCodec, DecodesWhatTheReferenceEncoded) {
    const auto made = sequences();
    for (const auto& [name, reference] : read_gold("reference.txt")) {
        SCOPED_TRACE(name);
        const auto plain = decode(decode_base64(reference.v2).value());
        const auto deflated = decode_deflated(reference.deflated);
        ASSERT_TRUE(plain);
        ASSERT_TRUE(deflated);
        EXPECT_EQ(*plain, *deflated);
        EXPECT_EQ(encode(*plain), encode(made.at(name)));
        expect_same_figures(*plain, reference);
    }
}

TEST(HistogramCodec, IsReadByTheReference) {
    const auto read = read_gold("ours_as_read_by_reference.txt");
    std::ifstream ours(gold + "ours.txt");
    std::map<std::string, std::string> texts;
    for (std::string name, text; ours >> name >> text;) {
        texts[name] = text;
    }
    for (const auto& [name, histogram] : sequences()) {
        SCOPED_TRACE(name);
        // The texts are not compared: another zlib may deflate differently.
        EXPECT_EQ(encode(*decode_deflated(texts.at(name))), encode(histogram));
        EXPECT_EQ(read.at(name).v2, encode_base64(encode(histogram)));
        expect_same_figures(histogram, read.at(name));
    }
}

// With PORTILLON_WRITE_OURS (see reference/make-gold.sh) the texts are also written there.
TEST(HistogramCodec, ReadsBackWhatItWrote) {
    const char* path = std::getenv("PORTILLON_WRITE_OURS");
    std::ofstream ours(path != nullptr ? path : "/dev/null");
    for (const auto& [name, histogram] : sequences()) {
        SCOPED_TRACE(name);
        ours << name << ' ' << encode_deflated(histogram) << '\n';
        const auto plain = decode(encode(histogram));
        ASSERT_TRUE(plain);
        EXPECT_EQ(encode(*plain), encode(histogram));
        const auto deflated = decode_deflated(encode_deflated(histogram));
        ASSERT_TRUE(deflated);
        EXPECT_EQ(*deflated, *plain);
    }
}

TEST(HistogramCodec, PacksOverflowAndExactExtremesToo) {
    auto histogram = sequences().at("milliseconds");
    histogram.record(25h, 3);
    histogram.record(-7ms);
    const auto unpacked = unpack(pack(histogram));
    ASSERT_TRUE(unpacked);
    EXPECT_EQ(*unpacked, histogram);
    Histogram only_overflow;
    only_overflow.record(48h);
    EXPECT_EQ(*unpack(pack(only_overflow)), only_overflow);
    EXPECT_EQ(*unpack(pack(Histogram{})), Histogram{});
}

std::string changed(std::string bytes, std::size_t at, char to) {
    bytes.at(at) = to;
    return bytes;
}

// A V2 encoding of ours with other counts.
std::string with_counts(const std::string& counts) {
    auto bytes = encode(Histogram{}).substr(0, 40) + counts;
    bytes[7] = static_cast<char>(counts.size());
    return bytes;
}

TEST(HistogramCodec, RefusesWhatIsNotAHistogramAndSaysWhy) {
    const auto good = encode(sequences().at("one"));
    struct Row {
        const char* what;
        std::string bytes;
        const char* message;
    };
    const Row rows[] = {
        {"nothing", "", "not an HdrHistogram V2"},
        {"text", "hello, world", "begins with 68656c6c"},
        {"another cookie", changed(good, 3, 0x01), "begins with 1c849301"},
        {"a cut header", good.substr(0, 39), "ends within its header"},
        {"cut counts", good.substr(0, good.size() - 1), "bytes of counts where its header says"},
        {"trailing bytes", good + '\0', "bytes of counts where its header says"},
        {"two digits", changed(good, 15, 2), "2 significant digits"},
        {"another lowest value", changed(good, 23, 1), "another layout"},
        {"another highest value", changed(good, 31, 1), "another layout"},
        {"a shifted index", changed(good, 11, 1), "offset 1"},
        {"another ratio", changed(good, 32, 0x40), "another layout"},
        {"a count cut short", with_counts("\x80"), "within a count"},
        {"too long a run of zeros", with_counts("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "more buckets"},
        {"values above 24 h", with_counts(std::string("\xfd\xcf\x03\x02", 4)), "above 24 h"},
        {"more than 2^53 values", with_counts("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), "2^53"},
    };
    for (const auto& row : rows) {
        const auto histogram = decode(row.bytes);
        ASSERT_FALSE(histogram) << row.what;
        EXPECT_THAT(histogram.problems().front().message, HasSubstr(row.message)) << row.what;
    }
}

TEST(HistogramCodec, RefusesTextThatIsNotADeflatedHistogram) {
    const auto good = decode_base64(encode_deflated(sequences().at("one"))).value();
    struct Row {
        const char* what;
        std::string text;
        const char* message;
    };
    const Row rows[] = {
        {"nothing", "", "not a deflated"},
        {"no base64", "!!!!", "not base64"},
        {"a plain encoding", encode_base64(encode(Histogram{})), "not a deflated"},
        {"cut", encode_base64(good.substr(0, good.size() - 1)), "shorter or longer"},
        {"longer", encode_base64(good + "x"), "shorter or longer"},
        {"a broken stream", encode_base64(changed(good, good.size() - 1, '\x55')), "does not inflate"},
        {"too long", std::string(1'000'000, 'A'), "too long"},
    };
    for (const auto& row : rows) {
        const auto histogram = decode_deflated(row.text);
        ASSERT_FALSE(histogram) << row.what;
        EXPECT_THAT(histogram.problems().front().message, HasSubstr(row.message)) << row.what;
    }
}

TEST(HistogramCodec, RefusesAPackWhoseExtremesContradictItsBuckets) {
    const auto one = pack(sequences().at("one"));
    EXPECT_FALSE(unpack(""));
    EXPECT_FALSE(unpack(one.substr(0, 5)));
    EXPECT_FALSE(unpack(one.substr(1)));
    EXPECT_FALSE(unpack(changed(one, 4, 2)));  // an overflow, but the maximum is in range
    EXPECT_FALSE(unpack(changed(one, 5, 2)));
    EXPECT_TRUE(unpack(one));
}

}  // namespace
}  // namespace portillon::stats
