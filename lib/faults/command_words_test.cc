#include "faults/command_words.h"

#include <gmock/gmock.h>

#include <regex>

namespace portillon::faults {
namespace {

using ::testing::ElementsAre;

TEST(CommandWords, AreSplitAtBlanks) {
    EXPECT_THAT(*split_words("systemctl restart broker"), ElementsAre("systemctl", "restart", "broker"));
    EXPECT_THAT(*split_words("  kill\t-9 \n 17 "), ElementsAre("kill", "-9", "17"));
}

TEST(CommandWords, KeepWhatStandsInQuotes) {
    EXPECT_THAT(*split_words(R"(sh -c 'echo "a  b" > x; exit 3')"),
                ElementsAre("sh", "-c", R"(echo "a  b" > x; exit 3)"));
    EXPECT_THAT(*split_words(R"("/opt/my broker"/stop it's' "")"), ElementsAre("/opt/my broker/stop", "its", ""));
    EXPECT_THAT(*split_words(R"(a '' "" b)"), ElementsAre("a", "", "", "b"));
}

TEST(CommandWords, LeaveEverythingElseAlone) {
    EXPECT_THAT(*split_words(R"(echo $HOME * a\ b ~ ; # x)"),
                ElementsAre("echo", "$HOME", "*", "a\\", "b", "~", ";", "#", "x"));
}

TEST(CommandWords, AreRefusedTogetherWithTheReason) {
    const struct {
        std::string text;
        const char* message;
    } rows[] = {
        {"", "names no program"},
        {"  ", "names no program"},
        {"'' x", "names no program"},
        {"echo 'a", "a ' is not closed"},
        {"echo \"a'", "a \" is not closed"},
        {std::string("a\0b", 3), "holds a byte 0, with which a word would end"},
    };
    for (const auto& row : rows) {
        const auto words = split_words(row.text);
        ASSERT_FALSE(words) << row.text;
        EXPECT_EQ(words.problems().front().message, row.message);
    }
}

TEST(CommandWords, AreWhatThePatternMatches) {
    const std::regex pattern{std::string(command_pattern())};
    // Every text of up to six of these characters.
    constexpr std::string_view letters = "a '\"\n";
    std::vector<std::string> texts{""};
    for (std::size_t at = 0; at < texts.size(); ++at) {
        const auto text = texts[at];
        EXPECT_EQ(std::regex_search(text, pattern), static_cast<bool>(split_words(text))) << text;
        for (const char letter : letters) {
            if (text.size() < 6) {
                texts.push_back(text + letter);
            }
        }
    }
}

}  // namespace
}  // namespace portillon::faults
