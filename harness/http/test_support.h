#pragma once

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "harness/http/client.h"
#include "harness/http/server.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

/// What the tests over loopback share.

namespace tocsin::http {

inline Nanos soon() {
  return net::deadline_in(std::chrono::seconds(10));
}

/// Answers with method, path and body; "/fail" throws.
inline net::Task<Reply> echo(Request request) {
  if (request.target == "/fail") throw std::runtime_error("as you wished");
  co_return text_response(200, request.method + ' ' + request.target + ' ' + request.body);
}

/// Serves `handler` while `script(loop, server)` runs on the same loop; then stops, and no
/// connection may be left.
template <class Script>
void with_server(Handler handler, const ServerOptions& options, const Script& script) {
  net::Loop loop;
  const auto main = [&]() -> net::Task<void> {
    const std::unique_ptr<Server> server = Server::open(loop, handler, options).value();
    net::TaskGroup group(loop);
    group.spawn(server->serve());
    co_await script(loop, *server);
    server->stop();
    co_await group.join();
    EXPECT_EQ(server->counters().open, 0U);
  };
  loop.run(main());
}

inline Url url_of(const Server& server, const std::string& target = "/") {
  return parse_url(server.url() + target).value();
}

/// Everything that comes until the stream ends, in whatever way.
inline net::Task<std::string> hear_out(net::Stream& stream) {
  std::string all;
  std::array<char, 4096> buffer;
  while (true) {
    const net::Outcome<std::size_t> got = co_await stream.read_some(buffer, soon());
    if (!got) {
      EXPECT_NE(got.error().kind, net::NetFailure::kTimeout) << "heard so far: " << all;
      co_return all;
    }
    all.append(buffer.data(), *got);
  }
}

/// Says `bytes` on a connection of its own; what comes back until the server closes.
inline net::Task<std::string> talk(net::Loop& loop, const Server& server, std::string bytes) {
  auto connected = co_await net::connect(loop, "127.0.0.1", server.port(), soon());
  const net::StreamPtr stream = std::move(connected).value();
  co_await stream->write_all(bytes, soon());
  co_return co_await hear_out(*stream);
}

}  // namespace tocsin::http
