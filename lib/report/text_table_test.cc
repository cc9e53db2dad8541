#include "report/text_table.h"

#include <gtest/gtest.h>

#include "report/prose.h"

namespace portillon::report {
namespace {

TEST(TextTable, LinesColumnsUpByCharactersNotBytes) {
    TextTable table({Align::left, Align::right, Align::left});
    table.add_row({"a", "1", "x"});
    table.add_row({"\xC3\xA9t\xC3\xA9", "1,234", ""});
    EXPECT_EQ(table.text("> "), "> a        1  x\n> \xC3\xA9t\xC3\xA9  1,234\n");
}

TEST(Prose, WrapsWordsUnderTheFirst) {
    std::string words;
    for (int i = 0; i < 30; ++i) {
        words += "word ";
    }
    const auto text = labelled("label", 8, words);
    EXPECT_EQ(text.substr(0, 18), "label   word word ");
    EXPECT_EQ(text.substr(text.find('\n') + 1, 12), "        word");
    EXPECT_LE(text.find('\n'), terminal_columns);
    EXPECT_EQ(labelled("label", 8, ""), "label\n");
}

TEST(Prose, CountsNouns) {
    EXPECT_EQ(counted(1, "equipment"), "1 equipment");
    EXPECT_EQ(counted(1'234, "equipment"), "1,234 equipments");
}

}  // namespace
}  // namespace portillon::report
