/// Measures the client path that the load engine uses: a closed loop of connections on one thread.
///
///     http_client_load URL CONNECTIONS SECONDS
///
/// prints one line: requests, requests per second, CPU microseconds a request (user part in
/// brackets), failures. compare_with_wrk.py runs it side by side with wrk.

#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

#include "harness/http/client_connection.h"
#include "harness/http/codec.h"
#include "harness/http/url.h"
#include "harness/net/task_group.h"

namespace tocsin::http {
namespace {

struct Tally {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
};

net::Task<void> ask_until(net::Loop& loop, const Peer& peer, const std::string& request, Nanos end,
                          Tally& tally) {
  ClientConnection connection(loop, peer);
  while (loop.now() < end) {
    const Nanos deadline = net::deadline_in(std::chrono::seconds(5));
    const net::Outcome<Exchange> done = co_await connection.send(request, AnswerTo::kGet, deadline);
    ++(done && done->status == 200 ? tally.requests : tally.failures);
  }
}

net::Task<void> ask(net::Loop& loop, const Url& url, int connections, Nanos length, Tally& tally) {
  Peer peer;
  peer.host = url.host;
  peer.addresses =
      (co_await net::resolve(loop, url.host, url.port, net::deadline_in(length))).value();
  Request wanted;
  wanted.target = url.target;
  wanted.headers.add("Host", url.host_header());
  const std::string request = serialize(wanted);
  net::TaskGroup group(loop);
  const Nanos end = net::deadline_in(length);
  for (int i = 0; i < connections; ++i) group.spawn(ask_until(loop, peer, request, end, tally));
  co_await group.join();
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

int run(const Url& url, int connections, int length_seconds) {
  net::Loop loop;
  Tally tally;
  const Nanos start = loop.now();
  loop.run(ask(loop, url, connections, std::chrono::seconds(length_seconds), tally));
  const double elapsed = to_seconds(loop.now() - start);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto requests = static_cast<double>(tally.requests);
  const double user = seconds(usage.ru_utime);
  std::printf("%llu requests, %.0f/s, %.2f us CPU (%.2f user) each, %llu failures\n",
              static_cast<unsigned long long>(tally.requests), requests / elapsed,
              (user + seconds(usage.ru_stime)) / requests * 1e6, user / requests * 1e6,
              static_cast<unsigned long long>(tally.failures));
  return tally.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tocsin::http

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s URL CONNECTIONS SECONDS\n", argv[0]);
    return 2;
  }
  const auto url = tocsin::http::parse_url(argv[1]);
  if (!url) {
    std::fputs(tocsin::render(url.error()).c_str(), stderr);
    return 2;
  }
  return tocsin::http::run(*url, std::atoi(argv[2]), std::atoi(argv[3]));
}
