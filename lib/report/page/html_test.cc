#include "report/page/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace portillon::report::page {
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

TEST(Html, ShowsWhatIsNotUtf8AndWhatHtmlForbids) {
    EXPECT_EQ(Html("a\xff\x1b\n").markup(), "a\\xff\\x1b\n");
    EXPECT_EQ(element("p", {{"title", "\xe2\x80\xae"}}, {}).markup(), "<p title=\"\\u202e\"></p>");
}

}  // namespace
}  // namespace portillon::report::page
