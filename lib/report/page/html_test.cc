#include "report/page/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portillon::report {
namespace {

TEST(Html, EscapesWhatIsNotMarkup) {
    EXPECT_EQ(Html("</script><b a=\"1\" c='2'>&amp;").markup(),
              "&lt;/script&gt;&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
    EXPECT_EQ(element("p", {{"title", "\"><script>"}}, "<").markup(), "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;</p>");
    EXPECT_EQ(element("p", element("b", "1 < 2")).markup(), "<p><b>1 &lt; 2</b></p>");
}

TEST(Html, LeavesOutAttributesWithoutAName) {
    EXPECT_EQ(element("p", {{"", "x"}, {"id", "y"}}, {}).markup(), "<p id=\"y\"></p>");
}

TEST(Html, ReplacesWhatIsNotUtf8AndWhatHtmlForbids) {
    const std::string replaced = "\xef\xbf\xbd";
    const std::pair<std::string, std::string> rows[] = {
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\xff"
         "b",
         "a" + replaced + "b"},
        {"\xc3", replaced},
        {"\xc0\xaf", replaced + replaced},                                // overlong
        {"\xed\xa0\x80", replaced + replaced + replaced},                 // a surrogate
        {"\xf4\x90\x80\x80", replaced + replaced + replaced + replaced},  // above U+10FFFF
        {"\xe2\x82", replaced + replaced},                                // cut short
        {std::string("a\0b", 3), "a" + replaced + "b"},
        {"\x01\x1f\x7f\r", replaced + replaced + replaced + replaced},
        {"a\tb\nc", "a\tb\nc"},
    };
    for (const auto& [text, valid] : rows) {
        EXPECT_EQ(valid_utf8(text), valid);
    }
}

TEST(Html, JsonInAScriptCannotEndIt) {
    EXPECT_EQ(json_for_script(R"({"a":"</script><!-- & \u0041"})"),
              R"({"a":"\u003c/script\u003e\u003c!-- \u0026 \u0041"})");
    EXPECT_EQ(json_for_script("\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\""), "\"\\u2028\\u2029\xe2\x80\xaa\"");
}

}  // namespace
}  // namespace portillon::report
