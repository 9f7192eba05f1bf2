#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/stack/child.h"
#include "harness/stack/program.h"

namespace tocsin::stack {

/// A port of the loopback that was free a moment ago.
Result<std::uint16_t> free_port();

/// A program that serves HTTP, as a child of this process.
struct ServerSetup {
  Program program;
  std::string log;
  std::string folder;
  /// Arguments, given the address that it should listen on.
  std::function<std::vector<std::string>(const std::string& address)> arguments;
  const std::atomic<bool>* stop = nullptr;
};

class ServerProcess {
 public:
  /// Started, and its /-/ready says yes. When somebody took its port meanwhile, another one is
  /// tried. A program that ends instead is an error with its own words.
  static net::Task<Result<ServerProcess>> start(net::Loop& loop, ServerSetup setup);

  const std::string& url() const { return url_; }
  Child& child() { return child_; }
  const Child& child() const { return child_; }
  /// Empty while it runs and has room on its disk.
  std::string trouble();

 private:
  ServerProcess(Child child, std::string url) : child_(std::move(child)), url_(std::move(url)) {}

  Child child_;
  std::string url_;
  std::size_t log_read_ = 0;  ///< bytes that were looked through
};

}  // namespace tocsin::stack
