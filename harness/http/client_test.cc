#include "harness/http/client.h"

#include "harness/http/client_connection.h"
#include "harness/http/test_support.h"

namespace tocsin::http {
namespace {

using net::NetFailure;
using std::chrono::milliseconds;

/// A server that says, to each connection in turn, the next of some prepared answers: one for each
/// read, whatever was read; then it closes.
using Script = std::vector<std::vector<std::string>>;

net::Task<void> recite(net::Listener& listener, const Script& script) {
  for (const std::vector<std::string>& answers : script) {
    auto accepted = co_await listener.accept();
    const net::StreamPtr stream = std::move(accepted).value();
    std::array<char, 64 * 1024> buffer;
    for (const std::string& answer : answers) {
      const auto got = co_await stream->read_some(buffer, soon());
      EXPECT_TRUE(got.has_value());
      co_await stream->write_all(answer, soon());
    }
    stream->close();
  }
}

template <class Body>
void against(const Script& script, const Body& body) {
  net::Loop loop;
  const auto main = [&]() -> net::Task<void> {
    const net::ListenOptions options;
    net::Listener listener = net::Listener::open(loop, options).value();
    net::TaskGroup group(loop);
    group.spawn(recite(listener, script));
    const Url url = parse_url("http://" + net::to_string(listener.address())).value();
    co_await body(loop, url);
    co_await group.join();
  };
  loop.run(main());
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(Client, OpensAgainWhenTheServerHasClosed) {
  against({{kOk}, {kOk}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    Client client(loop, url);
    const Request request;
    const auto first = co_await client.send(request, soon());
    EXPECT_EQ(first.value().body, "ok");
    const auto second = co_await client.send(request, soon());
    EXPECT_EQ(second.value().body, "ok");
    EXPECT_EQ(client.connections(), 2U);
  });
}

TEST(Client, SendsAgainWhenAKeptConnectionDiesUnanswered) {
  // The second request is read, and then the connection closed without an answer.
  against({{kOk, ""}, {kOk}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    Client client(loop, url);
    const Request request;
    co_await client.send(request, soon());
    const auto second = co_await client.send(request, soon());
    EXPECT_EQ(second.value().body, "ok");
  });
}

TEST(Client, DoesNotSendAgainOnAFreshConnection) {
  against({{""}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    Client client(loop, url);
    const Request request;
    const auto response = co_await client.send(request, soon());
    EXPECT_EQ(response.error().kind, NetFailure::kClosed);
    EXPECT_EQ(client.connections(), 1U);
  });
}

TEST(Client, LeavesAConnectionThatSpeaksUnasked) {
  against({{kOk + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}, {kOk}},
          [](net::Loop& loop, Url url) -> net::Task<void> {
            Client client(loop, url);
            const Request request;
            co_await client.send(request, soon());
            const auto second = co_await client.send(request, soon());
            EXPECT_EQ(second.value().body, "ok");
            EXPECT_EQ(client.connections(), 2U);
          });
}

TEST(Client, ReadsABodyThatEndsWithTheConnection) {
  against({{"HTTP/1.0 200 OK\r\n\r\nall of it"}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    const FetchOptions options;
    const auto response = co_await fetch(loop, url, options);
    EXPECT_EQ(response.value().body, "all of it");
  });
}

TEST(Client, TellsHowItFailed) {
  against({{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf"},
           {"SSH-2.0-OpenSSH_9.2\r\n\r\n"},
           {"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"}},
          [](net::Loop& loop, Url url) -> net::Task<void> {
            FetchOptions options;
            options.limits.body_bytes = 1000;
            const auto cut = co_await fetch(loop, url, options);
            EXPECT_EQ(cut.error().kind, NetFailure::kProtocol);
            const auto ssh = co_await fetch(loop, url, options);
            EXPECT_EQ(ssh.error().kind, NetFailure::kProtocol);
            const auto large = co_await fetch(loop, url, options);
            EXPECT_EQ(large.error().kind, NetFailure::kTooLarge);
          });
}

TEST(Client, HttpsNeedsATrustedPeer) {
  against({{kOk}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    url.tls = true;
    const FetchOptions options;
    const auto response = co_await fetch(loop, url, options);
    EXPECT_EQ(response.error().kind, NetFailure::kTls);
  });
}

Peer peer_of(const Url& url) {
  Peer peer;
  peer.host = url.host;
  const net::Address address{url.host, url.port};
  peer.addresses.push_back(address);
  return peer;
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(ClientConnection, CountsAndTimesAnExchange) {
  const std::string chunked =
      "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwait\r\n0\r\n\r\n";
  against({{kOk, chunked, "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n"}, {kOk}},
          [](net::Loop& loop, Url url) -> net::Task<void> {
            ClientConnection connection(loop, peer_of(url));
            const Nanos start = loop.now();
            const auto first = co_await connection.send(kGet, AnswerTo::kGet, soon());
            EXPECT_EQ(first.value().status, 200);
            EXPECT_EQ(first.value().body_bytes, 2U);
            EXPECT_TRUE(first.value().connected);
            EXPECT_TRUE(start <= first.value().sent && first->sent <= first->first_byte &&
                        first->first_byte <= first->done && first->done <= loop.now());
            std::string body;
            const auto second = co_await connection.send(kGet, AnswerTo::kGet, soon(), &body);
            EXPECT_EQ(second.value().status, 503);
            EXPECT_FALSE(second.value().connected);
            EXPECT_EQ(body, "wait");
            const auto third = co_await connection.send(kGet, AnswerTo::kGet, soon());
            EXPECT_EQ(third.value().status, 204);
            EXPECT_FALSE(connection.is_open());
            const auto fourth = co_await connection.send(kGet, AnswerTo::kGet, soon());
            EXPECT_TRUE(fourth.value().connected);
          });
}

TEST(ClientConnection, NeverRepeatsARequest) {
  against({{kOk, ""}, {kOk}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    ClientConnection connection(loop, peer_of(url));
    co_await connection.send(kGet, AnswerTo::kGet, soon());
    const auto lost = co_await connection.send(kGet, AnswerTo::kGet, soon());
    EXPECT_EQ(lost.error().kind, NetFailure::kClosed);
    const auto next = co_await connection.send(kGet, AnswerTo::kGet, soon());
    EXPECT_TRUE(next.value().connected);
  });
}

TEST(ClientConnection, LooksAtAnIdleConnectionBeforeUsingIt) {
  against({{kOk}, {kOk}}, [](net::Loop& loop, Url url) -> net::Task<void> {
    ClientConnection connection(loop, peer_of(url));
    co_await connection.send(kGet, AnswerTo::kGet, soon());
    co_await net::sleep_for(milliseconds(120));
    const auto next = co_await connection.send(kGet, AnswerTo::kGet, soon());
    EXPECT_TRUE(next.value().connected);
  });
}

TEST(ClientConnection, TimesOutAndRecovers) {
  with_server(
      [](Request request) -> net::Task<Reply> {
        if (request.target == "/hang") co_return Reply::hang();
        co_return text_response(200, "ok");
      },
      {},
      [](net::Loop& loop, Server& server) -> net::Task<void> {
        ClientConnection connection(loop, peer_of(url_of(server)));
        const auto hung = co_await connection.send("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n",
                                                   AnswerTo::kGet, loop.now() + milliseconds(10));
        EXPECT_EQ(hung.error().kind, NetFailure::kTimeout);
        EXPECT_FALSE(connection.is_open());
        const auto next = co_await connection.send(kGet, AnswerTo::kGet, soon());
        EXPECT_EQ(next.value().status, 200);
        const auto head =
            co_await connection.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", AnswerTo::kHead, soon());
        EXPECT_EQ(head.value().body_bytes, 0U);
        EXPECT_FALSE(head.value().connected);
      });
}

}  // namespace
}  // namespace tocsin::http
