#include <gmock/gmock.h>

#include "escape/formats.h"
#include "escape/letters.h"

namespace portillon::escape {
namespace {

using namespace std::string_literals;

TEST(Letters, AreReadAsUnicodesTableSays) {
    EXPECT_EQ(first_letter("\xc3\xa9").point, U'\u00e9');
    EXPECT_EQ(first_letter("\xf0\x9f\x98\x80").point, U'\U0001F600');
    for (const char* broken : {"\x80", "\xc0\x80", "\xc3", "\xe2\x82", "\xe2\x28\xa1", "\xed\xa0\x80",
                               "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
        EXPECT_FALSE(first_letter(broken).well_formed) << terminal(broken);
        EXPECT_EQ(first_letter(broken).size, 1U);
    }
}

struct Shown {
    std::string text, shown;
};

TEST(Terminal, ShowsWhatWouldSteerIt) {
    const Shown rows[] = {
        {"", ""},
        {"façade 😀 a\u200db", "façade 😀 a\u200db"},
        {"C:\\new", "C:\\new"},
        {"a\x1b[31mb", "a\\x1b[31mb"},
        {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
        {"a\nb\r\tc", "a\\nb\\r\\tc"},
        {"a\0b"s, "a\\x00b"},
        {"\x7f", "\\x7f"},
        {"\xc2\x85 \xc2\x9b", "\\u0085 \\u009b"},
        {"\u202egnp.exe", "\\u202egnp.exe"},
        {"\u2066\u2069\u200f\u061c\ufeff\u2028", "\\u2066\\u2069\\u200f\\u061c\\ufeff\\u2028"},
        {"\xef\xbf\xbe \xef\xbf\xbf \xf0\x9f\xbf\xbe", "\\ufffe \\uffff \\U0001fffe"},
        {"\U000e0041", "\\U000e0041"},
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(terminal(row.text), row.shown);
    }
}

TEST(Terminal, CutsWhatIsVeryLong) {
    EXPECT_EQ(terminal("éééé", 3), "ééé…");
    EXPECT_EQ(terminal("ééé", 3), "ééé");
    EXPECT_LT(terminal(std::string(1'000'000, 'x')).size(), 4100U);
}

TEST(TerminalOutput, LetsOnlyItsOwnLayoutAndColoursPass) {
    EXPECT_EQ(terminal_output("a\n\tb \x1b[1;31mFAIL\x1b[0m\n"), "a\n\tb \x1b[1;31mFAIL\x1b[0m\n");
    EXPECT_EQ(terminal_output("\x1b[2J\x1b[8mx\x1b[1;31"), "\\x1b[2J\\x1b[8mx\\x1b[1;31");
    EXPECT_EQ(terminal_output("\x1b]8;;http://a\x1b\\b\r\xc2\x9b"
                              "31m\xff"),
              "\\x1b]8;;http://a\\x1b\\b\\r\\u009b31m\\xff");
}

TEST(Xml, IsWellFormedWhateverTheText) {
    EXPECT_EQ(xml("<a b=\"c\" d='e'>&amp;"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
    EXPECT_EQ(xml("\xef\xbf\xbe \xed\xa0\x80 \x0b \0 \n"s), "\\ufffe \\xed\\xa0\\x80 \\x0b \\x00 \\n");
    EXPECT_EQ(xml("]]>"), "]]&gt;");
}

TEST(Html, KeepsTextInItsPlace) {
    EXPECT_EQ(html("</script><img src=x onerror='a()'>\n\t&"),
              "&lt;/script&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;\n\t&amp;");
    EXPECT_EQ(html("\u202e\xff\0"s), "\\u202e\\xff\\x00");
}

TEST(Json, MeansTheSameWithoutHiddenLetters) {
    EXPECT_EQ(json("{\n\t\"caf\xc3\xa9\": \"\\u001b\x7f\xc2\x9b\u202e\U000e0041\xff<\"}"),
              "{\n\t\"caf\xc3\xa9\": \"\\u001b\\u007f\\u009b\\u202e\\udb40\\udc41\xef\xbf\xbd<\"}");
}

TEST(JsonInScript, CannotEndTheScript) {
    EXPECT_EQ(json_in_script("\"</script><!--&\u2028\u2029é\""),
              "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029é\"");
}

TEST(Csv, QuotesAndTakesTheFormulaOutOfACell) {
    const Shown rows[] = {
        {"", ""},
        {"mqtt 3.1.1", "mqtt 3.1.1"},
        {"a,b", "\"a,b\""},
        {"a;=1", "\"a;=1\""},
        {"say \"x\"\r\n", "\"say \"\"x\"\"\r\n\""},
        {"=1+1", "\"'=1+1\""},
        {"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"\t=1", "\"'\t=1\""},
        {"\r=1", "\"'\r=1\""},
        {"\n=1", "\"'\n=1\""},
        {"  =1", "\"'  =1\""},
        {"\uff1d1", "\"'\uff1d1\""},
        {"a=1", "a=1"},
        {"\x1b\0\u202e"s, "\\x1b\\x00\\u202e"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(csv(row.text), row.shown);
    }
}

TEST(Markdown, ShowsWhatMarkdownWouldTakeForItself) {
    const Shown rows[] = {
        {"a|b `c` *d* [e](f) <g> & ~h~ #x $x$",
         "a\\|b \\`c\\` \\*d\\* \\[e\\](f) &lt;g&gt; &amp; \\~h\\~ \\#x \\$x\\$"},
        {"generator_lag _x_ a\nb\\", "generator_lag \\_x\\_ a b\\\\"},
        {"![i](http://h/x.png)", "!\\[i\\](http:&#8203;//h/x.png)"},
        {"see https://evil.example/", "see https:&#8203;//evil.example/"},
        {"www.evil.example WWW.e.x", "www&#8203;.evil.example WWW&#8203;.e.x"},
        {"@team a@b.example", "@&#8203;team a@&#8203;b.example"},
        {"fixes #12", "fixes \\#&#8203;12"},
        {"- item", "\\- item"},
        {"1. item", "1\\. item"},
        {"2) item", "2\\) item"},
        {"---", "\\---"},
        {"===", "\\==="},
        {"-1.5 at 10:30, 3.1.1", "-1.5 at 10:30, 3.1.1"},
        {"-", "-"},
        {"\x1b\u202e\xff", "\\\\x1b\\\\u202e\\\\xff"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(markdown(row.text), row.shown);
    }
    EXPECT_EQ(markdown("aéééé", 4), "aé…");
}

TEST(LogComment, IsOneLine) {
    EXPECT_EQ(log_comment("a\n\"StartTimestamp\"\r\u2028b\xff"), "#[a\\n\"StartTimestamp\"\\r\\u2028b\\xff]\n");
}

}  // namespace
}  // namespace portillon::escape
