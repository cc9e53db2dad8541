#include "net/url.h"

#include <gmock/gmock.h>

#include <boost/asio/ip/address_v6.hpp>
#include <cstdlib>
#include <random>
#include <string>

#include "base/random.h"
#include "net/endpoint.h"

namespace portillon::net {
namespace {

using ::testing::HasSubstr;

// A fresh seed each time; PORTILLON_SEED=N repeats a run.
std::uint64_t chosen_seed() {
    const char* wanted = std::getenv("PORTILLON_SEED");
    return wanted != nullptr ? std::stoull(wanted) : std::random_device{}();
}

// Random URLs in the form that parse_url() promises: every kind of host, any port, any path and query.
class Urls {
public:
    explicit Urls(std::uint64_t seed) : random_(seed) {}

    Url next() {
        static constexpr const char* schemes[] = {"mqtt", "http", "grpc", "a+b-c.d1"};
        return {schemes[below(4)], host(), static_cast<std::uint16_t>(1 + below(65'535)), path()};
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }

    std::string word(std::string_view letters, std::uint64_t least, std::uint64_t most) {
        std::string made;
        for (std::uint64_t size = least + below(most - least + 1); size > 0; --size) {
            made += letters[below(letters.size())];
        }
        return made;
    }

    std::string host() {
        switch (below(4)) {
            case 0:
                return std::to_string(below(256)) + "." + std::to_string(below(256)) + "." +
                       std::to_string(below(256)) + "." + std::to_string(below(256));
            case 1:
            case 2: {
                boost::asio::ip::address_v6::bytes_type bytes{};
                for (auto& byte : bytes) {
                    byte = static_cast<unsigned char>(below(3) == 0 ? below(256) : 0);  // runs of zeros are written ::
                }
                const auto text = boost::asio::ip::address_v6(bytes).to_string();
                return below(3) == 0 ? text + "%" + word("ethwlan0123456789._~-", 1, 8) : text;
            }
            default: {
                std::string name = word("abcxyz0123456789-_", 1, 20);
                for (std::uint64_t labels = below(4); labels > 0; --labels) {
                    name += "." + word("abcxyz0123456789-_", 1, 20);
                }
                return name + ".z" + (below(5) == 0 ? "." : "");
            }
        }
    }

    std::string path() {
        std::string made;
        for (std::uint64_t segments = below(4); segments > 0; --segments) {
            made += "/" + piece();
        }
        if (below(3) == 0) {
            made += (made.empty() ? "/?" : "?") + piece() + (below(2) == 0 ? "/?" : "") + piece();
        }
        return made;
    }

    std::string piece() {
        std::string made = word("azAZ09-._~!$&'()*+,;=:@", 0, 12);
        for (std::uint64_t escapes = below(3); escapes > 0; --escapes) {
            made += "%" + word("0123456789abcdefABCDEF", 2, 2);
        }
        return made;
    }

    Random random_;
};

TEST(Url, IsReadBackFromItsText) {
    const std::uint64_t seed = chosen_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Urls urls(seed);
    for (int i = 0; i < 20'000; ++i) {
        const Url url = urls.next();
        const auto text = url.text();
        const auto again = parse_url(text);
        ASSERT_TRUE(again) << text << ": " << again.problems().front().message;
        ASSERT_EQ(*again, url) << text << " became " << again->text();
        ASSERT_TRUE(parse_host_port(url.authority())) << url.authority();
        const auto host_port = parse_host_port(format_host_port({url.host, url.port}));
        ASSERT_TRUE(host_port) << text;
        ASSERT_EQ(*host_port, (HostPort{url.host, url.port}));
    }
}

// Mutates good URLs: whatever parse_url() accepts is read back as the same, and holds no raw character.
TEST(Url, HoldsNothingRawWhateverIsTyped) {
    const std::uint64_t seed = chosen_seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Urls urls(seed);
    Random random(seed);
    int taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto text = urls.next().text();
        static constexpr char letters[] = "\0\t\r\n \"#%/:?@[\\]^`{|}<>\x7f\xc3\xa9\xff\x80zA0";
        static constexpr std::string_view odd(letters, sizeof letters - 1);
        for (auto edits = 1 + random.next() % 3; edits > 0; --edits) {
            text.insert(random.next() % (text.size() + 1), 1, odd[random.next() % odd.size()]);
        }
        const auto url = parse_url(text);
        if (!url) {
            ASSERT_NE(url.problems().front().message.find('('), std::string::npos) << url.problems().front().message;
            continue;
        }
        ++taken;
        const auto again = parse_url(url->text());
        ASSERT_TRUE(again) << text;
        ASSERT_EQ(*again, *url) << text;
        ASSERT_TRUE(url->path.empty() || url->path.front() == '/') << text;
        for (const char c : url->authority() + url->path) {
            ASSERT_TRUE(c > ' ' && c <= '~' && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos)
                << text;
        }
    }
    EXPECT_GT(taken, 100);
}

TEST(Url, HasOneNormalForm) {
    struct Row {
        const char* typed;
        const char* text;
        const char* host;
        const char* authority;
        const char* path;
    };
    for (const auto& row : {
             Row{"mqtt://[::1]:1883", "mqtt://[::1]:1883", "::1", "[::1]:1883", ""},
             Row{"HTTP://Gate.EXAMPLE:080/A?b=%2f&c", "http://gate.example:80/A?b=%2f&c", "gate.example",
                 "gate.example:80", "/A?b=%2f&c"},
             Row{"http://h:1?x", "http://h:1/?x", "h", "h:1", "/?x"},
             Row{"http://h:1/", "http://h:1/", "h", "h:1", "/"},
             Row{"grpc://[0:0:0:0:0:0:0:1]:1", "grpc://[::1]:1", "::1", "[::1]:1", ""},
             Row{"grpc://[::FFFF:127.0.0.1]:1", "grpc://[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1",
                 "[::ffff:127.0.0.1]:1", ""},
             Row{"http://[fe80::1%25eth0]:1/x", "http://[fe80::1%25eth0]:1/x", "fe80::1%eth0", "[fe80::1]:1", "/x"},
             Row{"http://[fe80::1%eth0]:1", "http://[fe80::1%25eth0]:1", "fe80::1%eth0", "[fe80::1]:1", ""},
             Row{"mqtt://localhost.:1", "mqtt://localhost.:1", "localhost.", "localhost.:1", ""},
         }) {
        const auto url = parse_url(row.typed);
        ASSERT_TRUE(url) << row.typed << ": " << url.problems().front().message;
        EXPECT_EQ(url->text(), row.text);
        EXPECT_EQ(url->host, row.host);
        EXPECT_EQ(url->authority(), row.authority);
        EXPECT_EQ(url->path, row.path);
    }
}

TEST(Url, SaysWhatIsWrongAndWhatToWrite) {
    for (const auto& [typed, said] : {
             std::pair{"", "write SCHEME://HOST:PORT"},
             std::pair{"mqtt", "write SCHEME://HOST:PORT"},
             std::pair{"127.0.0.1:1883", "write SCHEME://HOST:PORT"},
             std::pair{"://h:1", "write SCHEME://HOST:PORT"},
             std::pair{"1a://h:1", "write SCHEME://HOST:PORT"},
             std::pair{"mqtt://h", "no port"},
             std::pair{"mqtt://h:", "no port"},
             std::pair{"mqtt://[::1]", "no port"},
             std::pair{"mqtt://", "no host"},
             std::pair{"mqtt://:1", "no host"},
             std::pair{"mqtt:///x", "no host"},
             std::pair{"mqtt://h:0", "port 0"},
             std::pair{"mqtt://h:65536", "port 65536 (write a number from 1 to 65535)"},
             std::pair{"mqtt://h:99999999999999999999999", "1 to 65535"},
             std::pair{"mqtt://h:1x", "'1x' (write a number"},
             std::pair{"mqtt://h:1 ", "a space, which no URL may have (leave it out)"},
             std::pair{"mqtt://[::1]x:1", "is not a URL"},
             std::pair{"mqtt://h:-1", "'-1' (write a number"},
             std::pair{"mqtt://::1:1883", "write [::1]:1883"},
             std::pair{"mqtt://fe80::2", "write [fe80::2]:PORT"},
             std::pair{"mqtt://[::1", "brackets"},
             std::pair{"mqtt://[127.0.0.1]:1", "brackets"},
             std::pair{"mqtt://[::g]:1", "brackets"},
             std::pair{"mqtt://[v1.x]:1", "no host that is known here"},
             std::pair{"mqtt://[fe80::1%25]:1", "zone"},
             std::pair{"mqtt://[fe80::1%25a%20b]:1", "zone"},
             std::pair{"http://h:1/a b", "a space, which no URL may have (write %20)"},
             std::pair{" http://h:1", "a space, which no URL may have (leave it out)"},
             std::pair{"http://h :1", "a space"},
             std::pair{"http://h:1/\xc3\xa9", "'\xc3\xa9', which no URL may have (write %C3%A9)"},
             std::pair{"http://\xc3\xa9.example:1/", "xn--"},
             std::pair{"http://h:1/\r\nX: y", "the byte 0x0D, which no URL may have (write %0D)"},
             std::pair{"http://h:1/\x1b[2J", "'http://h:1/\\x1B[2J' has the byte 0x1B"},
             std::pair{"http://h:1/\"", "write %22"},
             std::pair{"http://h:1/%zz", "write %25"},
             std::pair{"http://h:1/%4", "write %25"},
             std::pair{"http://h:1/[", "is not a URL"},
             std::pair{"http://h:1/x#y", "a fragment"},
             std::pair{"http://h:1#", "a fragment"},
             std::pair{"http://user:secret@h:1", "'http://...@h:1' has a user name"},
             std::pair{"http://user@h:1", "a user name"},
             std::pair{"http://@h:1", "a user name"},
             std::pair{"http://h%41:1", "host name"},
             std::pair{"http://h!:1", "host name"},
             std::pair{"http://a..b:1", "host name"},
             std::pair{"http://.:1", "host name"},
             std::pair{"http://127.1:1", "four numbers"},
             std::pair{"http://1.2.3.400:1", "four numbers"},
             std::pair{"http://1.2.3.04:1", "four numbers"},
             std::pair{"http://2130706433:1", "four numbers"},
             std::pair{"http://0x7f.0.0.0x1:1", "four numbers"},
         }) {
        const auto url = parse_url(typed);
        ASSERT_FALSE(url) << typed << " is read as " << url->text();
        EXPECT_EQ(url.problems().size(), 1U);
        EXPECT_THAT(url.problems().front().message, HasSubstr(said)) << typed;
        EXPECT_THAT(url.problems().front().message, ::testing::Not(HasSubstr("secret")));
    }
    EXPECT_FALSE(parse_url(std::string("http://h:1/\0x", 13)));
    EXPECT_FALSE(parse_url("http://" + std::string(64, 'a') + ":1"));
    EXPECT_FALSE(parse_url("http://h:1/" + std::string(8000, 'a')));
}

}  // namespace
}  // namespace portillon::net
