/// The load engine against wrk: both drive the same nginx in turns, one thread and 64 connections,
/// so that whatever else the machine does hits both alike. Client and server have a processor each.
/// Only the ratio means anything.
///
///     load_bench [rounds] [seconds a turn]

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/net/listener.h"
#include "harness/traffic/load.h"

namespace tocsin::traffic {
namespace {

constexpr std::uint32_t kConnections = 64;

struct Turn {
  double per_second = 0;
  double cpu_us = 0;  ///< a request, of the client
};

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

std::uint16_t free_port() {
  net::Loop loop;
  return net::Listener::open(loop, {}).value().port();
}

/// nginx with one worker on processor 1, as long as it lives.
class Nginx {
 public:
  Nginx() : port_(free_port()) {
    const std::string config = fmt::format(
        "daemon off; worker_processes 1; worker_cpu_affinity 10; pid {0}/pid;\n"
        "error_log {0}/error.log; events {{ worker_connections 1024; }}\n"
        "http {{ access_log off; keepalive_requests 1000000000;\n"
        "  client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0};\n"
        "  uwsgi_temp_path {0}; scgi_temp_path {0};\n"
        "  server {{ listen 127.0.0.1:{1}; location / {{ return 200 \"hello, world\"; }} }} }}\n",
        folder_.path(), port_);
    folder_.write("nginx.conf", config);
    child_ = ::fork();
    if (child_ == 0) {
      const std::string file = folder_.path("nginx.conf");
      ::execlp("nginx", "nginx", "-c", file.c_str(), static_cast<char*>(nullptr));
      std::_Exit(127);
    }
    ::usleep(500'000);
  }
  ~Nginx() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

 private:
  ScratchFolder folder_;
  std::uint16_t port_;
  pid_t child_ = 0;
};

Turn run_wrk(const std::string& url, int seconds) {
  const double before = cpu_seconds(RUSAGE_CHILDREN);
  const std::string command = fmt::format("wrk -t1 -c{} -d{}s {}", kConnections, seconds, url);
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 512> line{};
  double requests = 0;
  double per_second = 0;
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
    std::sscanf(line.data(), " %lf requests in", &requests);
    std::sscanf(line.data(), "Requests/sec: %lf", &per_second);
  }
  ::pclose(pipe);
  return {per_second, (cpu_seconds(RUSAGE_CHILDREN) - before) * 1e6 / requests};
}

LoadOptions options_for(const std::string& url, int seconds) {
  LoadOptions options;
  options.url = url;
  options.requests.push_back({.name = "hello"});
  options.connections = kConnections;
  options.traffic.phases.emplace_back();
  options.traffic.phases[0].length = std::chrono::seconds(seconds);
  return options;
}

Turn run_own(const std::string& url, int seconds) {
  LoadOptions options = options_for(url, seconds);
  options.traffic.phases[0].users = Users{kConnections};
  LoadStop stop;
  const double before = cpu_seconds(RUSAGE_SELF);
  const LoadOutcome outcome = run_load(options, stop, {}).value();
  const double completed = static_cast<double>(outcome.result.total.ledger.completed);
  return {completed / seconds, (cpu_seconds(RUSAGE_SELF) - before) * 1e6 / completed};
}

/// How well a schedule is kept: the median from the intended start should be that of the service.
void run_paced(const std::string& url, double rate_hz, int seconds) {
  LoadOptions options = options_for(url, seconds);
  options.traffic.phases[0].shape = ConstantRate{rate_hz};
  options.traffic.phases[0].arrivals = Arrivals::kPaced;
  LoadStop stop;
  const double before = cpu_seconds(RUSAGE_SELF);
  const LoadOutcome outcome = run_load(options, stop, {}).value();
  const double cpu = cpu_seconds(RUSAGE_SELF) - before;
  const LoadCounts& total = outcome.result.total;
  const auto at = [](const LatencyHistogram& histogram, double q) {
    return format_latency(histogram.quantile(q));
  };
  const double completed = static_cast<double>(total.ledger.completed);
  fmt::print(
      "{:>6.0f}/s: sent {:.1f}/s; p50/p99/p99.9 response {} {} {}, service {} {} {}, lag {} "
      "{} {}; {:.1f} us/req {}\n",
      rate_hz, completed / seconds, at(total.response, 0.5), at(total.response, 0.99),
      at(total.response, 0.999), at(total.service, 0.5), at(total.service, 0.99),
      at(total.service, 0.999), at(total.send_lag, 0.5), at(total.send_lag, 0.99),
      at(total.send_lag, 0.999), cpu * 1e6 / completed, outcome.invalid_reason);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int bench(int rounds, int seconds) {
  const Nginx nginx;
  pin_to(0);
  std::vector<double> ratios;
  std::vector<double> cpu_ratios;
  fmt::print("{:>12} {:>9} {:>12} {:>9} {:>7}\n", "wrk req/s", "us/req", "tocsin req/s", "us/req",
             "ratio");
  for (int round = 0; round < rounds; ++round) {
    const Turn wrk = run_wrk(nginx.url(), seconds);
    const Turn own = run_own(nginx.url(), seconds);
    ratios.push_back(own.per_second / wrk.per_second);
    cpu_ratios.push_back(own.cpu_us / wrk.cpu_us);
    fmt::print("{:>12.0f} {:>9.2f} {:>12.0f} {:>9.2f} {:>7.2f}\n", wrk.per_second, wrk.cpu_us,
               own.per_second, own.cpu_us, ratios.back());
  }
  fmt::print("median ratio of rates {:.2f}, of processor time a request {:.2f}\n", median(ratios),
             median(cpu_ratios));
  for (const double rate_hz : {5'000.0, 20'000.0, 80'000.0}) {
    run_paced(nginx.url(), rate_hz, 2 * seconds);
  }
  return 0;
}

}  // namespace
}  // namespace tocsin::traffic

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 2;
  return tocsin::traffic::bench(std::max(1, rounds), std::max(1, seconds));
}
