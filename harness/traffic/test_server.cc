#include "harness/traffic/test_server.h"

#include <utility>

namespace tocsin::traffic {
namespace {

net::Task<http::Reply> reply_with(http::Reply reply) {
  co_return reply;
}

}  // namespace

TestServer::TestServer(http::Handler handler, http::ServerOptions options) {
  options.max_connections = 100'000;
  server_ = http::Server::open(loop_, std::move(handler), options).value();
  url_ = server_->url();
  thread_ = std::thread([this] { loop_.run(server_->serve()); });
}

TestServer::~TestServer() {
  loop_.post([this] { server_->stop(); });
  thread_.join();
}

http::ServerCounters TestServer::counters() {
  std::promise<http::ServerCounters> promise;
  loop_.post([&] { promise.set_value(server_->counters()); });
  return promise.get_future().get();
}

bool TestServer::becomes_empty() {
  const Nanos deadline = system_clock().monotonic() + std::chrono::seconds(5);
  while (counters().open != 0) {
    if (system_clock().monotonic() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

http::Handler TestServer::says(std::string body) {
  return replies(http::text_response(200, std::move(body)));
}

http::Handler TestServer::replies(http::Reply reply) {
  return [reply = std::move(reply)](const http::Request&) { return reply_with(reply); };
}

}  // namespace tocsin::traffic
