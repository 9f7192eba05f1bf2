#include "harness/stack/server_process.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/http/client.h"
#include "harness/net/timer.h"

namespace tocsin::stack {
namespace {

constexpr int kPortTries = 5;
constexpr auto kReadyPatience = std::chrono::seconds(60);
constexpr auto kReadyPoll = std::chrono::milliseconds(20);
constexpr auto kAnswerPatience = std::chrono::seconds(5);
constexpr std::size_t kLogPiece = 64 << 10;

Error ended_error(const Child& child, const ChildEnd& end) {
  return io_error(fmt::format("{} ended with {}, saying: {}", child.options().name, to_string(end),
                              child.own_words()));
}

net::Task<bool> says_ready(net::Loop& loop, std::string url) {
  auto parsed = http::parse_url(url + "/-/ready");
  http::FetchOptions options;
  options.timeout = kAnswerPatience;
  http::Url target = *parsed;
  net::Outcome<http::Response> answer =
      co_await http::fetch(loop, std::move(target), std::move(options));
  co_return answer && answer->status == 200;
}

/// Until it is ready or has ended.
net::Task<Result<void>> wait_ready(net::Loop& loop, Child& child, std::string url,
                                   const std::atomic<bool>* stop) {
  const Nanos deadline = net::deadline_in(kReadyPatience);
  while (true) {
    const auto end = child.ended();
    if (end) co_return ended_error(child, *end);
    if (stop != nullptr && stop->load()) {
      co_return cancelled();
    }
    const bool ready = co_await says_ready(loop, url);
    if (ready) co_return Result<void>();
    if (loop.now() > deadline) {
      co_return timed_out(fmt::format("{} was not ready within {}; it said last: {}",
                                      child.options().name, format_duration(kReadyPatience),
                                      child.last_lines()));
    }
    const bool slept = co_await net::sleep_for(kReadyPoll);
    if (!slept) co_return cancelled();
  }
}

bool port_was_taken(const Child& child) {
  return child.last_lines(20).find("address already in use") != std::string::npos;
}

}  // namespace

Result<std::uint16_t> free_port() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (socket.get() < 0 || ::bind(socket.get(), raw, length) != 0 ||
      ::getsockname(socket.get(), raw, &length) != 0) {
    return io_error(std::string("no free port: ") + std::strerror(errno));
  }
  return ntohs(address.sin_port);
}

net::Task<Result<ServerProcess>> ServerProcess::start(net::Loop& loop, ServerSetup setup) {
  for (int tried = 1;; ++tried) {
    auto port = free_port();
    if (port.has_error()) co_return port.error();
    const std::string address = fmt::format("127.0.0.1:{}", *port);
    ChildOptions options;
    options.name = setup.program.name;
    options.program = setup.program.path;
    options.argv = setup.arguments(address);
    options.log = setup.log;
    options.folder = setup.folder;
    auto child = Child::start(std::move(options));
    if (child.has_error()) co_return child.error();
    std::string url = "http://" + address;
    Result<void> ready = co_await wait_ready(loop, *child, url, setup.stop);
    if (!ready.has_error()) co_return ServerProcess(std::move(*child), std::move(url));
    const bool again = child->ended() && port_was_taken(*child) && tried < kPortTries;
    if (!again) co_return ready.error();
  }
}

std::string ServerProcess::trouble() {
  if (const auto end = child_.ended()) {
    return fmt::format("{} ended with {}, saying: {}", child_.options().name, to_string(*end),
                       child_.own_words());
  }
  const FileDescriptor log(::open(child_.options().log.c_str(), O_RDONLY | O_CLOEXEC));
  if (log.get() < 0) return {};
  std::string text(kLogPiece, '\0');
  const ssize_t got = ::pread(log.get(), text.data(), text.size(), static_cast<off_t>(log_read_));
  if (got <= 0) return {};
  text.resize(static_cast<std::size_t>(got));
  for (const char* words : {"no space left on device", "disk quota exceeded", "file too large",
                            "read-only file system"}) {
    const std::size_t at = text.find(words);
    if (at == std::string::npos) continue;
    const std::size_t begin = text.rfind('\n', at) + 1;  // npos + 1 is 0
    const std::size_t end = std::min(text.find('\n', at), text.size());
    return fmt::format("{} cannot write: {}", child_.options().name,
                       text.substr(begin, end - begin));
  }
  const std::size_t whole = text.rfind('\n');
  if (whole != std::string::npos) log_read_ += whole + 1;
  return {};
}

}  // namespace tocsin::stack
