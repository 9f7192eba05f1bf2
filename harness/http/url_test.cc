#include "harness/http/url.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(Url, ParsesAndPrintsBack) {
  struct Case {
    const char* text;
    bool tls;
    const char* host;
    int port;
    const char* target;
    const char* printed;
  };
  const Case cases[] = {
      {"http://localhost", false, "localhost", 80, "/", "http://localhost/"},
      {"HTTPS://Example.COM/A?b=C#frag", true, "example.com", 443, "/A?b=C",
       "https://example.com/A?b=C"},
      {"http://10.0.0.1:9090/metrics", false, "10.0.0.1", 9090, "/metrics",
       "http://10.0.0.1:9090/metrics"},
      {"http://[::1]:8080?x", false, "::1", 8080, "/?x", "http://[::1]:8080/?x"},
      {"http://[FE80::1]", false, "fe80::1", 80, "/", "http://[fe80::1]/"},
      {"https://h:443/", true, "h", 443, "/", "https://h/"},
      {"http://h:/x", false, "h", 80, "/x", "http://h/x"},
      {"http://h/a@b:c", false, "h", 80, "/a@b:c", "http://h/a@b:c"},
      {"http://h#f", false, "h", 80, "/", "http://h/"},
  };
  for (const Case& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url.has_value()) << c.text << ": " << to_string(url.error());
    const Url expected{c.tls, c.host, static_cast<std::uint16_t>(c.port), c.target};
    EXPECT_EQ(*url, expected) << c.text;
    EXPECT_EQ(to_string(*url), c.printed);
    EXPECT_EQ(parse_url(to_string(*url)).value(), *url);
  }
}

TEST(Url, RefusesWithAReason) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "the URL does not begin with http:// or https://"},
      {"localhost:80", "the URL does not begin with http:// or https://"},
      {"ftp://h/", "the URL does not begin with http:// or https://"},
      {"http://", "the URL names no host"},
      {"http:///path", "the URL names no host"},
      {"http://:80/", "the URL names no host"},
      {"http://[::1/", "the URL's [ has no ]"},
      {"http://[::1]x/", "the URL has \"x\" after its host"},
      {"http://[zz]/", "the URL's host \"zz\" has a character that no host has"},
      {"http://a b/", "the URL's host \"a b\" has a character that no host has"},
      {"http://h:0/", "the URL's port \"0\" is not between 1 and 65535"},
      {"http://h:65536/", "the URL's port \"65536\" is not between 1 and 65535"},
      {"http://h:8x/", "the URL's port \"8x\" is not between 1 and 65535"},
      {"http://h:-1/", "the URL's port \"-1\" is not between 1 and 65535"},
      {"http://h/a b", "the URL has a space or control character"},
      {"http://h/a\r\nX: y", "the URL has a space or control character"},
      {"http://user:hunter2@h/", "the URL carries a user name or password"},
  };
  for (const auto& [text, message] : cases) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().message, message) << text;
    EXPECT_EQ(render(url.error()).find("hunter2"), std::string::npos);
  }
}

TEST(Url, NamesItsHostAsTheHeaderWantsIt) {
  EXPECT_EQ(parse_url("http://h:80/").value().host_header(), "h");
  EXPECT_EQ(parse_url("http://h:443/").value().host_header(), "h:443");
  EXPECT_EQ(parse_url("https://[::1]:8443/").value().host_header(), "[::1]:8443");
  EXPECT_EQ(parse_url("https://[::1]:8443/x").value().origin(), "https://[::1]:8443");
}

}  // namespace
}  // namespace tocsin::http
