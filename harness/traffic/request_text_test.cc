#include "harness/traffic/request_text.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/http/codec.h"

namespace tocsin::traffic {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

http::Url server(const std::string& url = "http://localhost:8080") {
  return http::parse_url(url).value();
}

std::string render(const RequestTemplate& request, const http::Url& url = server(),
                   std::uint64_t seq = 0) {
  Random random(1);
  std::string buffer;
  return std::string(RequestText::make(request, url, true).value().render(seq, random, buffer));
}

std::string problem(const RequestTemplate& request, const http::Url& url = server()) {
  const auto made = RequestText::make(request, url, true);
  return made ? "" : made.error().message;
}

/// What a server reads.
http::Request parsed(const std::string& bytes) {
  http::RequestParser parser;
  EXPECT_EQ(parser.feed(bytes), bytes.size());
  EXPECT_EQ(parser.state(), http::ParseState::kDone) << bytes;
  return parser.take();
}

TEST(RequestText, IsAMessageReadyToSend) {
  EXPECT_EQ(render({.name = "x"}), "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n");
  EXPECT_EQ(render({.name = "x",
                    .method = "POST",
                    .target = "/orders?dry=1",
                    .headers = {{"Content-Type", "application/json"}},
                    .body = "{\"a\": {}}"}),
            "POST /orders?dry=1 HTTP/1.1\r\nContent-Type: application/json\r\n"
            "Host: localhost:8080\r\nContent-Length: 9\r\n\r\n{\"a\": {}}");
}

TEST(RequestText, FramesEmptyBodiesWhereMethodsWantOne) {
  EXPECT_THAT(render({.name = "x", .method = "POST"}), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_EQ(render({.name = "x", .method = "DELETE"}).find("Content-Length"), std::string::npos);
}

TEST(RequestText, PutsTheUrlsPathBeforeTheTarget) {
  const auto target = [](const std::string& url, const std::string& path) {
    return parsed(render({.name = "x", .target = path}, server(url))).target;
  };
  EXPECT_EQ(target("http://h", "/x"), "/x");
  EXPECT_EQ(target("http://h/api", "/x"), "/api/x");
  EXPECT_EQ(target("http://h/api/", "/x"), "/api/x");
  EXPECT_EQ(target("http://h/api", "/"), "/api");
  EXPECT_EQ(target("http://h/api?q=1", ""), "/api?q=1");
}

TEST(RequestText, KeepsGivenHostAndFraming) {
  const std::string host = render({.name = "x", .headers = {{"host", "other"}}});
  EXPECT_EQ(host, "GET / HTTP/1.1\r\nhost: other\r\n\r\n");
  const std::string chunked = render({.name = "x",
                                      .method = "POST",
                                      .headers = {{"Transfer-Encoding", "chunked"}},
                                      .body = "2\r\nhi\r\n0\r\n\r\n"});
  EXPECT_EQ(parsed(chunked).body, "hi");
}

TEST(RequestText, FillsTheHoles) {
  const RequestTemplate request{.name = "x",
                                .method = "PUT",
                                .target = "/items/{seq}",
                                .headers = {{"X-Request-Id", "{uuid}"}},
                                .body = "{\"n\": {seq}, \"r\": \"{random}\", \"u\": {user}}"};
  const http::Request message = parsed(render(request, server(), 1'234));
  EXPECT_EQ(message.target, "/items/1234");
  EXPECT_THAT(std::string(message.headers.get("X-Request-Id")),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_THAT(message.body, MatchesRegex("\\{\"n\": 1234, \"r\": \"[0-9a-f]{16}\", \"u\": "
                                         "\\{user\\}\\}"))
      << "other braces stay";
}

TEST(RequestText, DrawsAnewForEachRequest) {
  const RequestText text =
      RequestText::make({.name = "x", .target = "/{uuid}"}, server(), true).value();
  Random random(1);
  std::string buffer;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.emplace(text.render(0, random, buffer));
  EXPECT_EQ(seen.size(), 100U);
}

TEST(RequestText, SaysWhenTheConnectionCloses) {
  Random random(1);
  std::string buffer;
  const RequestText text = RequestText::make({.name = "x"}, server(), false).value();
  EXPECT_THAT(std::string(text.render(0, random, buffer)), HasSubstr("Connection: close\r\n"));
}

TEST(RequestText, RefusesWhatCannotStandInAMessage) {
  EXPECT_EQ(problem({.name = "x", .method = "GE T"}),
            "request \"x\": the method \"GE T\" cannot be used");
  EXPECT_EQ(problem({.name = "x", .method = "CONNECT"}),
            "request \"x\": the method \"CONNECT\" cannot be used");
  EXPECT_EQ(problem({.name = "x", .target = "a"}),
            "request \"x\": its target must begin with \"/\"");
  EXPECT_THAT(problem({.name = "x", .target = "/a\r\nX: y"}), HasSubstr("is not a request target"));
  EXPECT_THAT(problem({.name = "x", .headers = {{"A b", "c"}}}), HasSubstr("not a header field"));
  EXPECT_THAT(problem({.name = "x", .headers = {{"A", "b\r\nC: d"}}}),
              HasSubstr("not a header field"));
  EXPECT_THAT(problem({.name = "x", .target = "/a"}, server("http://h/?q")),
              HasSubstr("a URL that has a query"));
}

}  // namespace
}  // namespace tocsin::traffic
