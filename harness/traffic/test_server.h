#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "harness/http/server.h"

namespace tocsin::traffic {

/// A server on 127.0.0.1 with a thread of its own, for live tests.
class TestServer {
 public:
  explicit TestServer(http::Handler handler, http::ServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  const std::string& url() const { return url_; }
  http::ServerCounters counters();
  /// Whether, within five seconds, no connection is open.
  bool becomes_empty();

  /// Answers 200 with `body`.
  static http::Handler says(std::string body);
  /// Answers everything alike.
  static http::Handler replies(http::Reply reply);

 private:
  net::Loop loop_;
  std::unique_ptr<http::Server> server_;
  std::string url_;
  std::thread thread_;
};

}  // namespace tocsin::traffic
