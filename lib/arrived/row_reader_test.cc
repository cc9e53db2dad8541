#include "arrived/row_reader.h"

#include <gmock/gmock.h>

#include <vector>

namespace portillon::arrived {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Read {
    std::vector<Row> rows;
    std::vector<std::string> problems;
    std::uint64_t beyond = 0;
};

Read read(Format format, std::string_view text, std::size_t piece = std::string_view::npos) {
    Read read;
    RowReader reader(format, [&read](const Row& row) { read.rows.push_back(row); });
    for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size())) {
        reader.read(text.substr(at, piece));
    }
    reader.end();
    for (const auto& problem : reader.problems()) {
        read.problems.push_back(format_problem(problem).substr(1));  // without ":", which has no source before it
    }
    read.beyond = reader.problems_beyond();
    EXPECT_EQ(reader.rows(), read.rows.size());
    return read;
}

const Row first{RunId{0xabc}, EquipmentId{7}, 1},
    second{RunId{0xFEDCBA9876543210}, EquipmentId{4'294'967'295}, 1ULL << 40};

TEST(RowReader, TakesCsvInAnyShape) {
    const char* texts[] = {
        "run,equipment,sequence\n0000000000000abc,7,1\nfedcba9876543210,4294967295,1099511627776\n",
        "run,equipment,sequence\r\n0000000000000abc,7,1\r\nFEDCBA9876543210,4294967295,1099511627776",
        "\xef\xbb\xbfsequence, run ,stored at,equipment\n"
        "1,0000000000000abc,now,7\n"
        "\n"
        "1099511627776,fedcba9876543210,\"a, \"\"quoted\"\"\nfield\",4294967295,more\n",
        "\"run\",\"equipment\",\"sequence\"\n\"0000000000000abc\",\"7\",\"1\"\n"
        "\"fedcba9876543210\",\"4294967295\",\"1099511627776\"\n",
    };
    for (const auto* text : texts) {
        for (const std::size_t piece : {std::string_view(text).size(), std::size_t{1}, std::size_t{7}}) {
            const auto all = read(Format::csv, text, piece);
            EXPECT_THAT(all.rows, ElementsAre(first, second)) << text;
            EXPECT_THAT(all.problems, IsEmpty()) << text;
        }
    }
}

TEST(RowReader, TakesLinesOfJson) {
    const std::string_view text =
        R"({"run":"0000000000000abc","equipment":7,"sequence":1}
  {"at":[1,{"sequence":9}],"sequence":"1099511627776","x":{"run":"y"},"equipment":4294967295,"run":"fedcba9876543210"}  )"
        "\r\n\n";
    for (const std::size_t piece : {text.size(), std::size_t{1}, std::size_t{7}}) {
        const auto all = read(Format::jsonl, text, piece);
        EXPECT_THAT(all.rows, ElementsAre(first, second));
        EXPECT_THAT(all.problems, IsEmpty());
    }
}

// Such a quote would join its line with the next one, whose row would then be missing.
TEST(RowReader, RefusesAQuoteWithinAFieldWithoutQuotes) {
    for (const char* header : {"run,equipment,sequence,note", "note,run,equipment,sequence"}) {
        const bool note_last = std::string_view(header).ends_with("note");
        const auto line = [note_last](const char* sequence, const char* note) {
            const auto row = std::string("0000000000000abc,7,") + sequence;
            return note_last ? row + "," + note + "\n" : std::string(note) + "," + row + "\n";
        };
        const auto all = read(
            Format::csv, header + ("\n" + line("1", "5\" pipe")) + line("2", "6\" pipe") + line("3", "\"7\"\" pipe\""));
        EXPECT_THAT(all.problems,
                    ElementsAre("2: is not CSV: a quote is not closed, stands next to text, or within a field without "
                                "quotes"))
            << header;
        EXPECT_THAT(all.rows, SizeIs(1)) << header;
    }
}

TEST(RowReader, NamesWhatIsWrongWithItsLine) {
    const auto csv = read(Format::csv,
                          "run,equipment,sequence\n"
                          "abc,7,1\n"
                          "0000000000000abc,0,-1\n"
                          "0000000000000abc,4294967296,1.5\n"
                          "0000000000000abc,7\n"
                          "0000000000000abc,\"7\"x,1\n"
                          "\"\n\n\"\n"
                          "0000000000000abc,7,1\n");
    EXPECT_THAT(
        csv.problems,
        ElementsAre("2: run: \"abc\" is no run (allowed: its 16 hexadecimal digits)",
                    "3: equipment: \"0\" is no equipment (allowed: a whole number from 1 to 4294967295)",
                    "3: sequence: \"-1\" is no sequence (allowed: a whole number from 1 on)",
                    "4: equipment: \"4294967296\" is no equipment (allowed: a whole number from 1 to 4294967295)",
                    "4: sequence: \"1.5\" is no sequence (allowed: a whole number from 1 on)",
                    "5: sequence: is missing",
                    "6: is not CSV: a quote is not closed, stands next to text, or within a field without quotes",
                    "7: equipment: is missing", "7: sequence: is missing"));
    EXPECT_THAT(csv.rows, SizeIs(1));
    const auto json = read(Format::jsonl,
                           "[1]\n"
                           "{\"run\":\"0000000000000abc\",\"equipment\":null,\"sequence\":true}\n"
                           "{\"run\":\"0000000000000abc\",\"equipment\":7,\"sequence\":{\"a\":1}}\n"
                           "{\"run\":\n");
    EXPECT_THAT(json.problems, ElementsAre("1: is no JSON object", "2: equipment: is missing",
                                           "3: sequence: \"{...}\" is no sequence (allowed: a whole number from 1 on)",
                                           "4: is no JSON object"));
}

TEST(RowReader, NeedsTheColumns) {
    for (const auto* text : {"equipment,sequence\n7,1\n", "equipment;run;sequence\n", "7,1\n"}) {
        EXPECT_THAT(read(Format::csv, text).problems, Not(IsEmpty())) << text;
    }
    EXPECT_THAT(read(Format::csv, "equipment,sequence\n7,1\n8,1\n").problems,
                ElementsAre("1: run: is no column (allowed: a first line that names the columns run, equipment and "
                            "sequence, with commas between them)"));
    EXPECT_THAT(read(Format::csv, "").problems, SizeIs(3)) << "not even a header";
    EXPECT_THAT(read(Format::jsonl, "").problems, IsEmpty()) << "nothing arrived";
    EXPECT_THAT(read(Format::csv, "run,equipment,sequence").problems, IsEmpty()) << "nothing arrived";
}

TEST(RowReader, BoundsProblemsAndLines) {
    std::string many = "run,equipment,sequence\n";
    for (int i = 0; i < 100; ++i) {
        many += "x,1,1\n";
    }
    const auto all = read(Format::csv, many);
    EXPECT_THAT(all.problems, SizeIs(RowReader::most_problems));
    EXPECT_EQ(all.beyond, 50u);
    const auto open =
        "run,equipment,sequence\n0000000000000abc,7,\"1\n" + std::string(200'000, 'x') + "\n0000000000000abc,7,1\n";
    for (const std::size_t piece : {open.size(), std::size_t{1'000}}) {
        const auto problems = read(Format::csv, open, piece).problems;
        ASSERT_THAT(problems, Not(IsEmpty()));
        EXPECT_EQ(problems.front(), "2: longer than 65536 bytes: is a quote not closed?");
    }
    EXPECT_THAT(read(Format::jsonl, std::string(100'000, '[')).problems, ElementsAre("1: longer than 65536 bytes"));
    EXPECT_THAT(read(Format::jsonl, std::string(60'000, '[')).problems, ElementsAre("1: is no JSON object"));
}

}  // namespace
}  // namespace portillon::arrived
