#include "harness/http/response_scanner.h"

#include <gtest/gtest.h>

#include "harness/base/random.h"
#include "harness/http/codec.h"

/// The scanner must see in any bytes what the full parser sees in them.

namespace tocsin::http {
namespace {

const std::string kSeeds[] = {
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nTrailer: "
    "x\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 200 \r\nContent-Length:\t1 \r\nX-Empty:\r\n\r\nx",
};

const std::string kOddities[] = {
    "",
    "\r\n\r\n",
    "HTTP/1.1 200\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 Low\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/2 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 200 O\x01K\r\n\r\n",
    "HTTP/1.1 200 OK\n\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: \x7f\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: \xc3\xa4\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
};

struct View {
  bool done = false;
  bool bad = false;
  int status = 0;
  std::size_t used = 0;
  std::string body;
  bool keep_alive = false;

  bool operator==(const View&) const = default;
};

std::ostream& operator<<(std::ostream& out, const View& view) {
  return out << "done " << view.done << " bad " << view.bad << " status " << view.status << " used "
             << view.used << " keep " << view.keep_alive << " body \"" << view.body << '"';
}

const View kRefused = [] {
  View view;
  view.bad = true;
  return view;
}();

View scan(const std::string& bytes, std::size_t at, AnswerTo kind) {
  ResponseScanner scanner(kind);
  View view;
  const std::string_view all(bytes);
  view.used = scanner.feed(all.substr(0, at), &view.body, bytes.size());
  if (view.used == at) view.used += scanner.feed(all.substr(at), &view.body, bytes.size());
  scanner.feed_end();
  view.done = scanner.done();
  view.bad = scanner.bad();
  EXPECT_NE(view.done, view.bad);
  if (view.bad) return kRefused;
  EXPECT_EQ(view.body.size(), scanner.body_bytes());
  view.status = scanner.status();
  view.keep_alive = scanner.keep_alive();
  return view;
}

View parse(const std::string& bytes, AnswerTo kind) {
  ResponseParser parser(kind == AnswerTo::kHead ? "HEAD" : "GET");
  View view;
  view.used = parser.feed(bytes);
  parser.feed_end();
  view.done = parser.state() == ParseState::kDone;
  if (!view.done) return kRefused;
  view.keep_alive = parser.keep_alive();
  const Response response = parser.take();
  view.status = response.status;
  view.body = response.body;
  return view;
}

void expect_same(const std::string& bytes, AnswerTo kind, bool every_cut) {
  const View expected = parse(bytes, kind);
  for (std::size_t at = every_cut ? 0 : bytes.size(); at <= bytes.size(); ++at) {
    const View seen = scan(bytes, at, kind);
    ASSERT_EQ(seen, expected) << testing::PrintToString(bytes) << " cut at " << at;
  }
}

TEST(ResponseScanner, SeesWhatTheParserSees) {
  for (const AnswerTo kind : {AnswerTo::kGet, AnswerTo::kHead}) {
    for (const std::string& bytes : kSeeds) expect_same(bytes, kind, true);
    for (const std::string& bytes : kSeeds) expect_same(bytes + "rest", kind, true);
    for (const std::string& bytes : kOddities) expect_same(bytes, kind, true);
  }
}

TEST(ResponseScanner, SeesWhatTheParserSeesInTwistedBytes) {
  const std::string alphabet = std::string(1, '\0') + "\r\n :;,\t\x7f\xff" + "0159afAF\"=/HTcC";
  Random random(20240101);
  for (int round = 0; round < 30'000; ++round) {
    std::string bytes = kSeeds[random.below(std::size(kSeeds))];
    for (std::size_t twists = 1 + random.below(3); twists > 0; --twists) {
      const std::size_t at = random.below(bytes.size());
      const char c = alphabet[random.below(alphabet.size())];
      switch (random.below(3)) {
        case 0:
          bytes[at] = c;
          break;
        case 1:
          bytes.insert(at, 1, c);
          break;
        default:
          bytes.erase(at, 1);
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(bytes, AnswerTo::kGet, false));
  }
}

TEST(ResponseScanner, CountsABodyItDoesNotKeep) {
  ResponseScanner scanner;
  std::string body;
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
  EXPECT_EQ(scanner.feed(bytes, &body, 4), bytes.size());
  EXPECT_EQ(body, "0123");
  EXPECT_EQ(scanner.body_bytes(), 10U);
  scanner.restart(AnswerTo::kGet);
  EXPECT_EQ(scanner.feed(bytes), bytes.size());
  EXPECT_TRUE(scanner.done());
}

TEST(ResponseScanner, EndlessHeadersEnd) {
  for (const std::string& filler : {std::string("x"), std::string("X: y\r\n")}) {
    ResponseScanner scanner;
    scanner.feed("HTTP/1.1 200 OK\r\n");
    std::size_t fed = 0;
    while (!scanner.bad() && fed < 1'000'000) fed += scanner.feed(filler);
    EXPECT_TRUE(scanner.bad());
    EXPECT_LE(fed, ResponseScanner::kMaxHeadBytes + filler.size());
  }
  ResponseScanner scanner;
  scanner.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  std::size_t fed = 0;
  while (!scanner.bad() && fed < 1'000'000) fed += scanner.feed("X: y\r\n");
  EXPECT_TRUE(scanner.bad());
}

}  // namespace
}  // namespace tocsin::http
