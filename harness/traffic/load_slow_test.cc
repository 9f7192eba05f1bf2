/// What the load engine promises, at full length: minutes of wall clock, label `slow`.

#include <algorithm>
#include <atomic>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "harness/traffic/load.h"
#include "harness/traffic/test_server.h"

namespace tocsin::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LoadOptions paced(const std::string& url, double rate_hz, Duration length) {
  LoadOptions options;
  options.url = url;
  options.requests = {{.name = "root"}};
  options.connections = 64;
  Phase phase;
  phase.shape = ConstantRate{rate_hz};
  phase.arrivals = Arrivals::kPaced;
  phase.length = length;
  options.traffic.phases.push_back(phase);
  options.lag_limit = milliseconds(100);  // tests run side by side on small machines
  return options;
}

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// What holds on a quiet machine may miss on a busy one; what is wrong with the engine misses
/// always.
constexpr int kAttempts = 3;

std::string summary(const LoadCounts& total) {
  const auto at = [](const LatencyHistogram& histogram, double q) {
    return format_latency(histogram.quantile(q));
  };
  return "response p50 " + at(total.response, 0.5) + ", p90 " + at(total.response, 0.9) + ", p99 " +
         at(total.response, 0.99) + "; service p50 " + at(total.service, 0.5) + "; lag p99 " +
         at(total.send_lag, 0.99);
}

/// Whether other programs kept the generator from the processor: on a quiet machine its own
/// lateness is a tenth of that.
bool machine_is_busy(const LoadCounts& total) {
  return total.send_lag.quantile(0.99) > milliseconds(2);
}

/// The rate exact in every second, and the median of the answers that of the service alone: a
/// generator with millisecond timers adds about 0.9 ms in every second, and one quiet second of
/// thirty shows that this one does not.
TEST(Paced, FiveThousandASecondOverSixtyFourConnections) {
  TestServer server(TestServer::says("hello"));
  bool kept = false;
  std::string seen;
  for (int attempt = 0; attempt < kAttempts && !kept; ++attempt) {
    LoadStop stop;
    const LoadOutcome outcome = run_load(paced(server.url(), 5'000, seconds(10)), stop, {}).value();
    const LoadCounts& total = outcome.result.total;
    EXPECT_EQ(total.ledger.completed, 50'000U);
    ASSERT_EQ(outcome.result.slices.size(), 10U);
    for (const LoadSlice& slice : outcome.result.slices) {
      EXPECT_EQ(slice.counts.ledger.completed, 5'000U);
      const Nanos added = slice.counts.response.quantile(0.5) - slice.counts.service.quantile(0.5);
      kept = kept || added < Nanos(300'000);
    }
    kept = kept && outcome.invalid_reason.empty();
    seen += summary(total) + "\n";
  }
  EXPECT_TRUE(kept) << seen;
}

/// 1 s of stall in 10 s at 5,000/s: the ideal open loop's p99 is 0.9 s, and 90 % of the requests
/// are not touched but while the 5,000 that waited are answered, which takes the longer the busier
/// the machine is. Tools that wait with the server report a p99 of 2 to 19 ms here.
TEST(Stall, IsNotHidden) {
  std::atomic<std::int64_t> stall_at_ns = 0;
  TestServer server([&](http::Request) -> net::Task<http::Reply> {
    const std::int64_t at = stall_at_ns;
    if (at != 0 && system_clock().monotonic() > Nanos(at)) {
      stall_at_ns = 0;
      std::this_thread::sleep_for(seconds(1));
    }
    co_return http::text_response(200, "hello");
  });
  bool shown = false;
  std::string seen;
  for (int attempt = 0; attempt < kAttempts && !shown; ++attempt) {
    stall_at_ns = (system_clock().monotonic() + seconds(4)).count();
    LoadStop stop;
    const LoadOutcome outcome = run_load(paced(server.url(), 5'000, seconds(10)), stop, {}).value();
    const LoadCounts& total = outcome.result.total;
    EXPECT_EQ(total.ledger.completed, 50'000U);
    EXPECT_EQ(stall_at_ns, 0);
    const Nanos p99 = total.response.quantile(0.99);
    EXPECT_GE(p99, milliseconds(880)) << "a busy machine cannot hide a stall";
    const Nanos untouched = milliseconds(machine_is_busy(total) ? 500 : 100);
    shown = p99 <= milliseconds(980) && total.response.quantile(0.9) < untouched &&
            outcome.invalid_reason.empty();
    seen += summary(total) + "\n";
  }
  EXPECT_TRUE(shown) << seen;
}

/// Nothing is kept of a request but counts: after a second's warming, memory grows by the
/// histograms of the slices only (some 60 KB a second), whatever the number of requests.
TEST(Memory, IsFlat) {
  TestServer server(TestServer::says("hello"));
  LoadOptions options = paced(server.url(), 0, seconds(25));
  options.traffic.phases[0].users = Users{64};
  LoadStop stop;
  std::size_t early = 0;
  std::size_t late = 0;
  const auto on_progress = [&](const LoadProgress& progress) {
    late = resident_bytes();
    if (early == 0 && progress.elapsed > seconds(10)) early = late;
  };
  const LoadOutcome outcome = run_load(options, stop, on_progress).value();
  EXPECT_GT(outcome.result.total.ledger.completed, 50'000U);
  EXPECT_LT(late - std::min(late, early), 500'000U);
}

}  // namespace
}  // namespace tocsin::traffic
