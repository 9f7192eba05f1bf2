#include "harness/http/server.h"

#include "harness/http/test_support.h"

namespace tocsin::http {
namespace {

using std::chrono::milliseconds;

const std::string kClose = "Host: h\r\nConnection: close\r\n\r\n";

TEST(Server, AnswersAndKeepsTheConnection) {
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    Client client(loop, url_of(server));
    for (int i = 0; i < 3; ++i) {
      Request request;
      request.method = "POST";
      request.target = "/x?y";
      request.body = std::string(100'000, 'b');
      const auto response = co_await client.send(request, soon());
      EXPECT_EQ(response.value().status, 200);
      EXPECT_EQ(response.value().body, "POST /x?y " + request.body);
      EXPECT_EQ(response.value().headers.get("Connection"), "keep-alive");
      EXPECT_TRUE(response.value().headers.get("Date").ends_with(" GMT"));
    }
    EXPECT_EQ(client.connections(), 1U);
    EXPECT_EQ(server.counters().connections, 1U);
    EXPECT_EQ(server.counters().requests, 3U);
    EXPECT_EQ(server.counters().open, 1U);
  });
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::string bytes =
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
        "GET /3 HTTP/1.1\r\n" +
        kClose;
    const std::string answer = co_await talk(loop, server, bytes);
    const std::size_t one = answer.find("GET /1");
    const std::size_t two = answer.find("GET /2");
    const std::size_t three = answer.find("GET /3");
    EXPECT_TRUE(one < two && two < three && three != std::string::npos) << answer;
  });
}

TEST(Server, HeadHasTheHeadersAndNoBody) {
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::string answer = co_await talk(loop, server, "HEAD /x HTTP/1.1\r\n" + kClose);
    EXPECT_NE(answer.find("Content-Length: 7\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  });
}

TEST(Server, InvitesTheBodyOfAClientThatWaits) {
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    auto connected = co_await net::connect(loop, "127.0.0.1", server.port(), soon());
    const net::StreamPtr stream = std::move(connected).value();
    co_await stream->write_all(
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" + kClose, soon());
    std::array<char, 1000> buffer;
    const auto got = co_await stream->read_some(buffer, soon());
    EXPECT_EQ(std::string(buffer.data(), got.value()), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await stream->write_all("hi", soon());
    const std::string answer = co_await hear_out(*stream);
    EXPECT_TRUE(answer.ends_with("POST / hi")) << answer;
  });
}

TEST(Server, AnExceptionOfTheHandlerIsA500) {
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    Client client(loop, url_of(server));
    Request request;
    request.target = "/fail";
    const auto failed = co_await client.send(request, soon());
    EXPECT_EQ(failed.value().status, 500);
    request.target = "/fine";
    const auto fine = co_await client.send(request, soon());
    EXPECT_EQ(fine.value().status, 200);
    EXPECT_EQ(client.connections(), 1U);
  });
}

/// Fails in the way that the path names.
net::Task<Reply> misbehave(Request request) {
  if (request.target == "/hang") co_return Reply::hang();
  if (request.target == "/close") co_return Reply::close();
  if (request.target == "/reset") co_return Reply::reset();
  if (request.target == "/garbage") co_return Reply::malformed("HTTP/1.1 2OO OK\r\n\r\n");
  Response response = text_response(200, "0123456789");
  if (request.target == "/short") response.headers.add("Content-Length", "20");
  Reply reply(std::move(response));
  if (request.target == "/slow") reply.bytes_per_second = 2000;
  co_return reply;
}

TEST(Server, FailsAsTheHandlerSays) {
  with_server(misbehave, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    FetchOptions options;
    options.timeout = milliseconds(50);
    const auto hung = co_await fetch(loop, url_of(server, "/hang"), options);
    EXPECT_EQ(hung.error().kind, net::NetFailure::kTimeout);
    options.timeout = std::chrono::seconds(10);
    const auto closed = co_await fetch(loop, url_of(server, "/close"), options);
    EXPECT_EQ(closed.error().kind, net::NetFailure::kClosed);
    const auto reset = co_await fetch(loop, url_of(server, "/reset"), options);
    EXPECT_EQ(reset.error().kind, net::NetFailure::kReset);
    const auto garbage = co_await fetch(loop, url_of(server, "/garbage"), options);
    EXPECT_EQ(garbage.error().kind, net::NetFailure::kProtocol);
    const auto cut = co_await fetch(loop, url_of(server, "/short"), options);
    EXPECT_EQ(cut.error().kind, net::NetFailure::kProtocol);
    const Nanos start = loop.now();
    const auto slow = co_await fetch(loop, url_of(server, "/slow"), options);
    EXPECT_EQ(slow.value().body, "0123456789");
    // About 150 bytes at 2000 a second; the first step is free.
    EXPECT_GT(loop.now() - start, milliseconds(20));
  });
}

TEST(Server, StopInterruptsWhatHangsOrIdles) {
  // The client's requests outlive the script; only stop() can end them.
  net::Loop loop;
  const auto main = [&]() -> net::Task<void> {
    const ServerOptions options;
    const auto server = Server::open(loop, misbehave, options).value();
    net::TaskGroup group(loop);
    group.spawn(server->serve());
    net::Failure failure;
    const auto hanging = [&]() -> net::Task<void> {
      FetchOptions patient;
      patient.timeout = std::chrono::hours(1);
      const auto response = co_await fetch(loop, url_of(*server, "/hang"), patient);
      failure = response.error();
    };
    group.spawn(hanging());
    Client idle(loop, url_of(*server));
    const Request request;
    const auto response = co_await idle.send(request, soon());
    EXPECT_TRUE(response.has_value());
    while (server->counters().requests < 2) co_await net::sleep_for(milliseconds(1));
    server->stop(std::chrono::hours(1));
    co_await group.join();
    EXPECT_EQ(failure.kind, net::NetFailure::kClosed);
    EXPECT_EQ(server->counters().open, 0U);
  };
  loop.run(main());
}

/// Serves a handler that takes `takes` and stops with `grace` once a request is in progress.
net::Outcome<Response> stop_while_busy(Nanos takes, Nanos grace) {
  net::Loop loop;
  const auto main = [&]() -> net::Task<net::Outcome<Response>> {
    const Handler slow = [takes](Request) -> net::Task<Reply> {
      const Nanos length = takes;  // the closure outlives the coroutine: it is the server's
      co_await net::sleep_for(length);
      co_return text_response(200, "done");
    };
    const ServerOptions options;
    const auto server = Server::open(loop, slow, options).value();
    net::TaskGroup group(loop);
    group.spawn(server->serve());
    const auto stopper = [&]() -> net::Task<void> {
      while (server->counters().requests < 1) co_await net::sleep_for(milliseconds(1));
      server->stop(grace);
    };
    group.spawn(stopper());
    const FetchOptions fetch_options;
    auto response = co_await fetch(loop, url_of(*server), fetch_options);
    co_await group.join();
    EXPECT_EQ(server->counters().open, 0U);
    co_return response;
  };
  return loop.run(main());
}

TEST(Server, StopLetsRequestsEndWithinTheGrace) {
  const auto in_time = stop_while_busy(milliseconds(20), std::chrono::seconds(10));
  EXPECT_EQ(in_time.value().body, "done");
  EXPECT_EQ(in_time.value().headers.get("Connection"), "close");
  const auto too_slow = stop_while_busy(std::chrono::hours(1), milliseconds(5));
  EXPECT_EQ(too_slow.error().kind, net::NetFailure::kClosed);
}

TEST(Server, CancellationStopsIt) {
  net::Loop loop;
  const auto main = [&]() -> net::Task<void> {
    const ServerOptions options;
    const auto server = Server::open(loop, misbehave, options).value();
    net::TaskGroup group(loop);
    group.spawn(server->serve());
    Client client(loop, url_of(*server));
    const Request request;
    co_await client.send(request, soon());
    group.cancel_all();
    co_await group.join();
    EXPECT_EQ(server->counters().open, 0U);
    const auto refused = co_await client.send(request, soon());
    EXPECT_FALSE(refused.has_value());
  };
  loop.run(main());
}

TEST(Server, TurnsAwayWhomItCannotHold) {
  ServerOptions options;
  options.max_connections = 2;
  with_server(echo, options, [](net::Loop& loop, Server& server) -> net::Task<void> {
    Client one(loop, url_of(server));
    Client two(loop, url_of(server));
    Client three(loop, url_of(server));
    const Request request;
    co_await one.send(request, soon());
    co_await two.send(request, soon());
    const auto away = co_await three.send(request, soon());
    EXPECT_EQ(away.value().status, 503);
    EXPECT_EQ(server.counters().rejected, 1U);
    two.close();
    while (server.counters().open > 1) co_await net::sleep_for(milliseconds(1));
    const auto welcome = co_await three.send(request, soon());
    EXPECT_EQ(welcome.value().status, 200);
  });
}

TEST(Server, ListensOnTheAddressItSays) {
  ServerOptions options;
  options.listen.host = "::1";
  with_server(echo, options, [](net::Loop& loop, Server& server) -> net::Task<void> {
    EXPECT_EQ(server.url(), "http://[::1]:" + std::to_string(server.port()));
    const FetchOptions fetch_options;
    const auto response = co_await fetch(loop, url_of(server, "/six"), fetch_options);
    EXPECT_EQ(response.value().body, "GET /six ");
  });
}

}  // namespace
}  // namespace tocsin::http
