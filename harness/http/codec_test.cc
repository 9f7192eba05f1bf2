#include "harness/http/codec.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

const std::string kHost = "Host: h\r\n";

std::string describe(const Request& request) {
  std::string text = request.method + ' ' + request.target;
  for (const Header& field : request.headers) text += " [" + field.name + '=' + field.value + ']';
  return text + " {" + request.body + '}';
}

std::string describe(const Response& response) {
  std::string text = std::to_string(response.status) + ' ' + response.reason;
  for (const Header& field : response.headers) text += " [" + field.name + '=' + field.value + ']';
  return text + " {" + response.body + '}';
}

/// Feeds `bytes` in two pieces, cut at `at`.
template <class Parser>
std::size_t feed_cut(Parser& parser, const std::string& bytes, std::size_t at) {
  std::size_t used = parser.feed(std::string_view(bytes).substr(0, at));
  if (used == at) used += parser.feed(std::string_view(bytes).substr(at));
  return used;
}

TEST(RequestParser, UnderstandsRequestsHoweverTheyAreCut) {
  const std::pair<std::string, const char*> cases[] = {
      {"GET /a?b HTTP/1.1\r\n" + kHost + "\r\n", "GET /a?b [Host=h] {}"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / {}"},
      {"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "OPTIONS * [Host=] {}"},
      {"GET http://x.example/p?q HTTP/1.1\r\n" + kHost + "\r\n", "GET /p?q [Host=h] {}"},
      {"GET http://x.example HTTP/1.1\r\n" + kHost + "\r\n", "GET / [Host=h] {}"},
      {"GET http://x.example?q HTTP/1.1\r\n" + kHost + "\r\n", "GET /?q [Host=h] {}"},
      {"GET /http://x HTTP/1.1\r\n" + kHost + "\r\n", "GET /http://x [Host=h] {}"},
      {"POST /p HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n\r\nhello",
       "POST /p [Host=h] [Content-Length=5] {hello}"},
      {"POST /p HTTP/1.1\r\n" + kHost +
           "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nHost: z\r\n\r\n",
       "POST /p [Host=h] [Transfer-Encoding=chunked] {hello}"},
      {"BREW /pot HTTP/1.1\r\n" + kHost + "X-Odd:  a b\t\r\n\r\n",
       "BREW /pot [Host=h] [X-Odd=a b] {}"},
  };
  for (const auto& [bytes, expected] : cases) {
    const std::string with_next = bytes + "GET /next";
    for (std::size_t at = 0; at <= with_next.size(); ++at) {
      RequestParser parser;
      ASSERT_EQ(feed_cut(parser, with_next, at), std::min(bytes.size(), std::max(bytes.size(), at)))
          << bytes << " cut at " << at;
      ASSERT_EQ(parser.state(), ParseState::kDone) << bytes << parser.error();
      EXPECT_EQ(describe(parser.take()), expected);
    }
    RequestParser partial;
    partial.feed(bytes.substr(0, bytes.size() - 1));
    EXPECT_EQ(partial.state(), ParseState::kNeedMore);
  }
}

TEST(RequestParser, RefusesWhatIsNotHttpHoweverItIsCut) {
  const std::string start = "GET / HTTP/1.1\r\n";
  const std::string cases[] = {
      std::string("\0\0\0\0\r\n\r\n", 8),
      "hello\r\n\r\n",
      "GET / HTTP/1.1\n\n\r\n\r\n",
      "GET  / HTTP/1.1\r\n" + kHost + "\r\n",
      "GET / HTTP/2.0\r\n" + kHost + "\r\n",
      "GET / HTTP/1.2\r\n" + kHost + "\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET relative HTTP/1.1\r\n" + kHost + "\r\n",
      "GET /a b HTTP/1.1\r\n" + kHost + "\r\n",
      start + "\r\n",
      start + kHost + kHost + "\r\n",
      start + kHost + "X : y\r\n\r\n",
      start + kHost + ": y\r\n\r\n",
      start + kHost + "X\r\n\r\n",
      start + kHost + "X: a\r\n folded\r\n\r\n",
      start + kHost + "X: a\r\n\tfolded\r\n\r\n",
      start + " X: a\r\n" + kHost + "\r\n",
      start + kHost + std::string("X: a\0b\r\n\r\n", 10),
      start + kHost + "X: a\rb\r\n\r\n",
      start + kHost + "Content-Length: -1\r\n\r\n",
      start + kHost + "Content-Length: +1\r\n\r\nx",
      start + kHost + "Content-Length: 1, 1\r\n\r\nx",
      start + kHost + "Content-Length: 0x1\r\n\r\nx",
      start + kHost + "Content-Length: 99999999999999999999\r\n\r\n",
      start + kHost + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
      start + kHost + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      start + kHost + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
      start + kHost + "Transfer-Encoding: gzip\r\n\r\n",
      start + kHost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
      start + kHost + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  };
  for (const std::string& bytes : cases) {
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      RequestParser parser;
      feed_cut(parser, bytes, at);
      ASSERT_EQ(parser.state(), ParseState::kBad) << bytes << " cut at " << at;
      EXPECT_FALSE(parser.error().empty());
      EXPECT_EQ(parser.feed("more"), 0U);
    }
  }
}

TEST(RequestParser, KeepsToItsLimits) {
  Limits limits;
  limits.header_bytes = 200;
  limits.body_bytes = 10;
  const std::string start = "POST / HTTP/1.1\r\n" + kHost;
  const std::pair<std::string, ParseState> cases[] = {
      {start + "X: " + std::string(100, 'x') + "\r\n\r\n", ParseState::kDone},
      {start + "X: " + std::string(300, 'x') + "\r\n\r\n", ParseState::kHeaderTooLarge},
      {std::string(1000, 'x'), ParseState::kHeaderTooLarge},
      {start + "Content-Length: 10\r\n\r\n0123456789", ParseState::kDone},
      {start + "Content-Length: 11\r\n\r\n", ParseState::kBodyTooLarge},
      {start + "Content-Length: 18446744073709551615\r\n\r\n", ParseState::kBodyTooLarge},
      {start + "Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n",
       ParseState::kBodyTooLarge},
  };
  for (const auto& [bytes, expected] : cases) {
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      RequestParser parser(limits);
      feed_cut(parser, bytes, at);
      ASSERT_EQ(parser.state(), expected) << bytes << " cut at " << at << ": " << parser.error();
    }
  }
}

TEST(RequestParser, SaysWhetherTheConnectionLives) {
  const std::pair<std::string, bool> cases[] = {
      {"GET / HTTP/1.1\r\n" + kHost + "\r\n", true},
      {"GET / HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\n" + kHost + "Connection: foo, CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
  };
  for (const auto& [bytes, keeps] : cases) {
    RequestParser parser;
    parser.feed(bytes);
    EXPECT_EQ(parser.keep_alive(), keeps) << bytes;
  }
}

TEST(RequestParser, SeesThatTheClientWaits) {
  RequestParser parser;
  parser.feed("POST / HTTP/1.1\r\n" + kHost + "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(parser.head_done());
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_EQ(parser.state(), ParseState::kNeedMore);
  parser.feed("x");
  EXPECT_EQ(parser.state(), ParseState::kDone);
}

TEST(ResponseParser, UnderstandsResponsesHoweverTheyAreCut) {
  struct Case {
    const char* method;
    std::string bytes;
    const char* expected;
  };
  const Case cases[] = {
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 OK [Content-Length=2] {hi}"},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 No Content {}"},
      {"GET", "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n",
       "304 Not Modified [Content-Length=5] {}"},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 OK [Content-Length=5] {}"},
      {"GET",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
       "200 OK [Content-Length=1] {x}"},
      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
       "200 OK [Transfer-Encoding=chunked] {hi}"},
  };
  for (const Case& c : cases) {
    const std::string with_more = c.bytes + "zz";
    for (std::size_t at = 0; at <= with_more.size(); ++at) {
      ResponseParser parser(c.method);
      ASSERT_EQ(feed_cut(parser, with_more, at), c.bytes.size()) << c.bytes << " cut at " << at;
      ASSERT_EQ(parser.state(), ParseState::kDone) << c.bytes << parser.error();
      EXPECT_TRUE(parser.keep_alive());
      EXPECT_EQ(describe(parser.take()), c.expected);
    }
  }
}

TEST(ResponseParser, EndOfStreamEndsABodyWithoutLengthAndNothingElse) {
  ResponseParser open_ended;
  open_ended.feed("HTTP/1.1 200 OK\r\n\r\nsome");
  EXPECT_EQ(open_ended.state(), ParseState::kNeedMore);
  open_ended.feed_end();
  EXPECT_EQ(open_ended.state(), ParseState::kDone);
  EXPECT_FALSE(open_ended.keep_alive());
  EXPECT_EQ(open_ended.take().body, "some");

  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ResponseParser cut;
    cut.feed(whole.substr(0, size));
    cut.feed_end();
    EXPECT_EQ(cut.state(), ParseState::kBad) << size;
  }
}

TEST(Serialize, FramesTheBody) {
  Request get;
  get.headers.add("Host", "h");
  EXPECT_EQ(serialize(get), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  Request post;
  post.method = "POST";
  EXPECT_EQ(serialize(post), "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  post.body = "abc";
  EXPECT_EQ(serialize(post), "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");

  Response response = text_response(404, "no", "text/plain");
  const std::string head =
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(serialize(response), head + "no");
  EXPECT_EQ(serialize(response, BodyUse::kOmit), head);
  response.headers.add("Content-Length", "99");
  EXPECT_NE(serialize(response).find("Content-Length: 99\r\n\r\nno"), std::string::npos);
  Response empty;
  empty.status = 204;
  empty.body = "ignored";
  EXPECT_EQ(serialize(empty), "HTTP/1.1 204 No Content\r\n\r\n");
  empty.status = 599;
  empty.reason = "Odd";
  EXPECT_TRUE(serialize(empty).starts_with("HTTP/1.1 599 Odd\r\n"));
}

TEST(SerializeDeathTest, RefusesToBreakTheMessage) {
  Response response;
  response.headers.add("X", "a\r\nY: b");
  EXPECT_DEATH(serialize(response), "a header that would break the message");
  Request request;
  request.target = "/ HTTP/1.1\r\n";
  EXPECT_DEATH(serialize(request), "a method or target that would break the message");
}

TEST(Headers, CompareNamesWithoutCaseAndKeepOrder) {
  Headers headers{{"A", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(headers.get("a"), "1");
  EXPECT_EQ(headers.get("missing"), "");
  headers.set("A", "4");
  EXPECT_EQ(headers, (Headers{{"b", "2"}, {"A", "4"}}));
  headers.add("Accept-Encoding", "br;q=1, GZIP ; q=0.5,,deflate");
  EXPECT_TRUE(headers.has_token("accept-encoding", "gzip"));
  EXPECT_TRUE(headers.has_token("accept-encoding", "deflate"));
  EXPECT_FALSE(headers.has_token("accept-encoding", "zip"));
}

TEST(Request, SplitsItsTarget) {
  Request request;
  request.target = "/a?b?c";
  EXPECT_EQ(request.path(), "/a");
  EXPECT_EQ(request.query(), "b?c");
  request.target = "/a";
  EXPECT_EQ(request.query(), "");
}

}  // namespace
}  // namespace tocsin::http
