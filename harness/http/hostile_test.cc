#include <gmock/gmock.h>

#include "harness/http/session.h"
#include "harness/http/test_support.h"
#include "harness/net/faulty_stream.h"

/// Clients that mean harm, and networks that do it.

namespace tocsin::http {
namespace {

using std::chrono::milliseconds;
using testing::StartsWith;

TEST(Hostile, MalformedInputIsAnsweredAndCounted) {
  ServerOptions options;
  options.limits.header_bytes = 1000;
  options.limits.body_bytes = 1000;
  with_server(echo, options, [](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::pair<std::string, const char*> cases[] = {
        {"garbage\r\n\r\n", "HTTP/1.1 400 "},
        {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), "HTTP/1.1 400 "},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HTTP/1.1 400 "},
        {"GET /" + std::string(2000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 431 "},
        {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'x'), "HTTP/1.1 431 "},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
         "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" +
             std::string(4095, 'x'),
         "HTTP/1.1 413 "},
        {"GET /fine HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n", "HTTP/1.1 200 "},
    };
    for (const auto& [bytes, start] : cases) {
      const std::string answer = co_await talk(loop, server, bytes);
      EXPECT_THAT(answer, StartsWith(start)) << bytes.substr(0, 100);
    }
    EXPECT_EQ(server.counters().rejected, std::size(cases));
    EXPECT_EQ(server.counters().requests, 1U);
  });
}

TEST(Hostile, SlowRequestsRunOutOfTime) {
  ServerOptions options;
  options.request_timeout = milliseconds(30);
  with_server(echo, options, [](net::Loop& loop, Server& server) -> net::Task<void> {
    // One byte every few milliseconds must not put the end off.
    auto connected = co_await net::connect(loop, "127.0.0.1", server.port(), soon());
    const net::StreamPtr stream = std::move(connected).value();
    const Nanos start = loop.now();
    while (server.counters().rejected == 0 && loop.now() - start < std::chrono::seconds(5)) {
      co_await stream->write_all("G", soon());
      co_await net::sleep_for(milliseconds(3));
    }
    const std::string answer = co_await hear_out(*stream);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
    const std::string body =
        co_await talk(loop, server, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
    EXPECT_THAT(body, StartsWith("HTTP/1.1 408 "));
  });
}

TEST(Hostile, IdleConnectionsAreClosedWithoutAWord) {
  ServerOptions options;
  options.idle_timeout = milliseconds(20);
  with_server(echo, options, [](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::string nothing = co_await talk(loop, server, "");
    EXPECT_EQ(nothing, "");
    const std::string one = co_await talk(loop, server, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(one, StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(server.counters().rejected, 0U);
  });
}

net::Task<Reply> answer_much(Request) {
  co_return text_response(200, std::string(32'000'000, 'x'));
}

TEST(Hostile, ClientsThatDoNotReadAreLeft) {
  ServerOptions options;
  options.write_timeout = milliseconds(20);
  with_server(answer_much, options, [](net::Loop& loop, Server& server) -> net::Task<void> {
    auto connected = co_await net::connect(loop, "127.0.0.1", server.port(), soon());
    const net::StreamPtr stream = std::move(connected).value();
    co_await stream->write_all("GET / HTTP/1.1\r\nHost: h\r\n\r\n", soon());
    while (server.counters().requests == 0) co_await net::sleep_for(milliseconds(1));
    while (server.counters().open > 0) co_await net::sleep_for(milliseconds(1));
  });
}

TEST(Hostile, AbruptEndsAtEveryByteDoNoHarm) {
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::string request =
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (std::size_t size = 0; size <= request.size(); ++size) {
      auto connected = co_await net::connect(loop, "127.0.0.1", server.port(), soon());
      const net::StreamPtr stream = std::move(connected).value();
      co_await stream->write_all(request.substr(0, size), soon());
      if (size % 2 == 0) stream->reset();
    }
    const FetchOptions options;
    const auto response = co_await fetch(loop, url_of(server, "/alive"), options);
    EXPECT_EQ(response.value().body, "GET /alive ");
    while (server.counters().open > 0) co_await net::sleep_for(milliseconds(1));
  });
}

/// Three requests on one client whose streams share `plan`; the bodies that came back.
net::Task<std::string> ask_thrice(net::Loop& loop, Server& server, net::FaultPlan& plan) {
  ClientOptions options;
  const net::Dial dial = [&loop, &server,
                          &plan](Nanos deadline) -> net::Task<net::Outcome<net::StreamPtr>> {
    CO_TRY(net::StreamPtr stream,
           co_await net::connect(loop, "127.0.0.1", server.port(), deadline));
    co_return std::make_unique<net::FaultyStream>(std::move(stream), plan);
  };
  options.dial = dial;
  Client client(loop, url_of(server), options);
  std::string heard;
  for (const char* target : {"/1", "/2", "/3"}) {
    Request request;
    request.target = target;
    const auto response = co_await client.send(request, soon());
    heard += response ? response->body : "(" + net::to_string(response.error()) + ")";
  }
  co_return heard;
}

TEST(Anomaly, EveryStepOfTheClientMayFail) {
  for (const net::NetFailure kind : {net::NetFailure::kReset, net::NetFailure::kTimeout}) {
    for (int n = 1; n < 100; ++n) {
      net::FaultPlan plan;
      plan.fail_at = n;
      plan.failure.kind = kind;
      plan.read_limit = 40;
      std::string heard;
      with_server(echo, {}, [&](net::Loop& loop, Server& server) -> net::Task<void> {
        heard = co_await ask_thrice(loop, server, plan);
      });
      if (!plan.struck()) {
        EXPECT_EQ(heard, "GET /1 GET /2 GET /3 ");
        EXPECT_GT(n, 6);
        break;
      }
      // The last request cannot have been answered, since all steps after the N-th fail.
      const std::string word(net::to_string(kind));
      EXPECT_TRUE(heard.ends_with("(" + word + ")")) << n << ": " << heard;
      ASSERT_LT(n, 99);
    }
  }
}

TEST(Anomaly, EveryStepOfTheServerMayFail) {
  // A session of its own over a stream that fails at the N-th step; the client must get the whole
  // answer or a failure, never a wrong answer, and both must end.
  for (int n = 1; n < 100; ++n) {
    net::FaultPlan plan;
    plan.fail_at = n;
    plan.failure.kind = net::NetFailure::kReset;
    plan.read_limit = 10;
    net::Loop loop;
    const auto main = [&]() -> net::Task<void> {
      const net::ListenOptions listen;
      net::Listener listener = net::Listener::open(loop, listen).value();
      const auto serve_one = [&]() -> net::Task<void> {
        auto accepted = co_await listener.accept();
        const Handler handler = echo;
        const ServerOptions options;
        ServerCounters counters;
        Session::Shared shared{loop, handler, options, counters};
        Session session(shared, std::make_unique<net::FaultyStream>(std::move(*accepted), plan));
        co_await session.run();
      };
      net::TaskGroup group(loop);
      group.spawn(serve_one());
      const Url url = parse_url("http://" + net::to_string(listener.address())).value();
      FetchOptions options;
      options.method = "POST";
      options.body = "hello";
      const auto response = co_await fetch(loop, url, options);
      EXPECT_TRUE(response.has_value() || plan.struck());
      EXPECT_EQ(response ? response->body : "POST / hello", "POST / hello");
      co_await group.join();
    };
    loop.run(main());
    if (!plan.struck()) {
      EXPECT_GT(n, 5);
      return;
    }
  }
  FAIL() << "the script never ran untouched";
}

}  // namespace
}  // namespace tocsin::http
