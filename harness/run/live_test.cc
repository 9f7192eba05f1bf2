// Whole runs over real sockets, compared with simulated ones. Slow: the clock is real.

#include "harness/run/live.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/http/server.h"
#include "harness/net/listener.h"
#include "harness/net/loop.h"
#include "harness/net/self_signed.h"
#include "harness/run/fake_stage.h"
#include "harness/run/live_clock.h"
#include "harness/run/simulate.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result<Evidence> run(const Drill& drill, const LiveOptions& options) {
  return run_live(drill.scenario, *drill.rules, options);
}

LiveOptions at_scale(double scale) {
  LiveOptions options;
  options.time_scale = scale;
  return options;
}

std::size_t threads_of_this_process() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    ++count;
  }
  return count;
}

// --- parity ---

/// Offsets at which an episode changed; -1: never.
std::vector<std::int64_t> turns(const Evidence& evidence, const AlertEpisode& episode) {
  const auto offset = [&](const std::optional<Timestamp>& at) {
    return at ? evidence.offset_of(*at).count() : -1;
  };
  return {offset(episode.pending_at), offset(episode.firing_at), offset(episode.resolved_at)};
}

/// For messages: the episodes with their turns.
std::vector<std::string> story(const Evidence& evidence) {
  std::vector<std::string> lines;
  for (const AlertEpisode& episode : evidence.episodes) {
    lines.push_back(episode.labels.to_string() + testing::PrintToString(turns(evidence, episode)));
  }
  return lines;
}

/// For messages: scrapes that failed.
std::vector<std::string> troubles(const Evidence& evidence) {
  std::vector<std::string> lines;
  for (const ScrapeRecord& scrape : evidence.scrapes) {
    if (scrape.ok) continue;
    lines.push_back(format_duration(evidence.offset_of(scrape.at)) + ' ' + scrape.error);
  }
  return lines;
}

/// The same alerts, each turn within one evaluation interval.
void expect_parity(const Evidence& simulated, const Evidence& live) {
  ASSERT_EQ(live.run.invalid_reason, "");
  EXPECT_THAT(live.run.warnings, Each(HasSubstr("the amount of increase()")));
  ASSERT_FALSE(simulated.episodes.empty());
  ASSERT_EQ(story(simulated).size(), story(live).size())
      << testing::PrintToString(story(live)) << testing::PrintToString(troubles(live));
  for (std::size_t i = 0; i < simulated.episodes.size(); ++i) {
    const AlertEpisode& a = simulated.episodes[i];
    const AlertEpisode& b = live.episodes[i];
    EXPECT_EQ(a.labels, b.labels);
    EXPECT_EQ(a.hold, b.hold);
    const auto expected = turns(simulated, a);
    const auto seen = turns(live, b);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      EXPECT_EQ(expected[k] < 0, seen[k] < 0) << a.alert;
      EXPECT_NEAR(static_cast<double>(expected[k]), static_cast<double>(seen[k]),
                  static_cast<double>(simulated.run.evaluation_interval.count()))
          << a.alert << " turn " << k;
    }
  }
}

/// A live run evaluates half an interval after the scrapes.
Evidence simulate_like_live(const Drill& drill) {
  SimulationOptions options;
  options.evaluation_phase = drill.scenario.system->evaluation_interval / 2;
  return simulate(drill.scenario, *drill.rules, options);
}

TEST(Live, TellsTheStoryOfTheSimulatedRun) {
  const Drill drill = load_drill("harness/run/testdata/small/errors.yaml");
  const Evidence live = run(drill, at_scale(25)).value();
  const Evidence simulated = simulate_like_live(drill);
  expect_parity(simulated, live);
  EXPECT_EQ(live.run.mode, RunMode::kLive);
  EXPECT_FALSE(live.run.partial);
  EXPECT_NEAR(static_cast<double>(live.offset_of(live.run.end).count()), 240'000, 6'000);
  // 500/s of the real clock for 9.6 seconds.
  EXPECT_NEAR(static_cast<double>(live.load->total.ledger.scheduled), 4800, 300);
  EXPECT_TRUE(live.load->total.ledger.balanced());
  EXPECT_EQ(live.load->total.ledger.failed, 0U);
  ASSERT_EQ(live.targets.size(), simulated.targets.size());
  for (std::size_t i = 0; i < live.targets.size(); ++i) {
    EXPECT_EQ(live.targets[i].labels, simulated.targets[i].labels);
    EXPECT_EQ(live.targets[i].families, simulated.targets[i].families);
    EXPECT_EQ(live.targets[i].lint, simulated.targets[i].lint);
  }
  EXPECT_TRUE(std::ranges::is_sorted(live.probes, {}, &ProbeResult::at));
  EXPECT_TRUE(std::ranges::is_sorted(live.scrapes, {}, &ScrapeRecord::at));
  EXPECT_NEAR(static_cast<double>(live.scrapes.size()),
              static_cast<double>(simulated.scrapes.size()), 6);
  EXPECT_NEAR(static_cast<double>(live.probes.size()), static_cast<double>(simulated.probes.size()),
              3);
  // Every series of the one is in the other.
  const auto names = [](const Evidence& evidence) {
    std::vector<std::string> all;
    for (const SeriesView& view : evidence.samples->select({}, {})) {
      all.push_back(view.labels.to_string());
    }
    return all;
  };
  EXPECT_EQ(names(live), names(simulated));
}

/// Six requests in the live run stand for 360: too few to tell 8 % from 5 % by chance, so nothing
/// is left to chance. Latencies are not scaled, so only the quick endpoint is called.
TEST(Live, TellsProCodesStoryOfErrors) {
  Drill drill = load_drill("scenarios/procode/high-error-rate-fires.yaml");
  drill.scenario.noise = scenario::Noise::kNone;
  traffic::Phase& phase = drill.scenario.traffic.phases.at(0);
  phase.arrivals = traffic::Arrivals::kPaced;
  phase.shape = traffic::ConstantRate{300};
  phase.mix = {{"/api/agents", 1}};
  expect_parity(simulate_like_live(drill), run(drill, at_scale(60)).value());
}

TEST(Live, SeesFaultsOfATargetAsASimulatedRunDoes) {
  const Drill drill = small_drill(R"(
traffic: {rate: 20/s, for: 100s}
faults:
  - {at: 20s, for: 20s, cache: hang}
  - {at: 60s, for: 20s, cache: {slow_scrape: 4s}}
  - {at: 20s, for: 30s, service: hang}
)");
  const Evidence live = run(drill, at_scale(20)).value();
  const auto timeouts = [](const Evidence& evidence, const std::string& target) {
    int count = 0;
    for (const ScrapeRecord& scrape : evidence.scrapes) {
      if (scrape.target == target && scrape.error == "timeout") ++count;
    }
    return count;
  };
  const Evidence simulated = simulate_like_live(drill);
  EXPECT_NEAR(timeouts(live, "cache"), timeouts(simulated, "cache"), 2);
  EXPECT_NEAR(timeouts(live, "service"), timeouts(simulated, "service"), 2);
  const auto first_failing = [](const Evidence& evidence) -> double {
    for (const ProbeResult& probe : evidence.probes) {
      if (!probe.considered_ok) return to_seconds(evidence.offset_of(probe.at));
    }
    return 0;
  };
  EXPECT_NEAR(first_failing(live), first_failing(simulated), 6);
}

/// How many scrapes saw the queue empty.
int empty_queues(const Evidence& evidence) {
  int count = 0;
  for (const std::string& values : values_of(evidence, "queue_length")) {
    std::string_view rest = values;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      if (rest.substr(0, end) == "0") ++count;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return count;
}

TEST(Live, CallsAdminEndpointsOverHttp) {
  const Edits with_admin = {
      {"  health:\n", "  admin: {/admin/drain: {for: 30s, effect: {queue: =0}}}\n  health:\n"}};
  const Drill drill = small_drill(R"(
noise: none
traffic: {rate: 20/s, for: 100s}
faults:
  - {at: 12s, service: {call: /admin/drain}}
  - {at: 70s, for: 10s, service: down}
  - {at: 73s, service: {call: /admin/drain}}
)",
                                  with_admin);
  const Evidence live = run(drill, at_scale(20)).value();
  // The second call is refused and has no effect.
  EXPECT_THAT(live.run.warnings, ElementsAre(HasSubstr("POST /admin/drain at 1m13s: ")));
  EXPECT_NEAR(empty_queues(live), 6, 1);
  EXPECT_THAT(live.events,
              Contains(testing::Field(&Event::description, "service call /admin/drain")));
  const Drill once = small_drill(R"(
noise: none
traffic: {rate: 20/s, for: 100s}
faults: {at: 12s, service: {call: /admin/drain}}
)",
                                 with_admin);
  EXPECT_EQ(empty_queues(simulate_like_live(once)), 6);
}

// --- ends ---

TEST(Live, EndsWithinASecondWhenAskedTo) {
  const std::size_t threads = threads_of_this_process();
  const Drill drill = small_drill("traffic: {rate: 50/s, for: 10m}\n");
  std::atomic<bool> stop{false};
  LiveOptions options;
  options.stop = &stop;
  Nanos asked{0};
  options.progress = [&](const LiveProgress& progress) {
    if (progress.elapsed < milliseconds(700) || stop) return;
    EXPECT_EQ(progress.planned, drill.scenario.length);
    EXPECT_GT(progress.ledger.scheduled, 0U);
    stop = true;
    asked = system_clock().monotonic();
  };
  const Evidence evidence = run(drill, options).value();
  EXPECT_LT(system_clock().monotonic() - asked, seconds(1));
  EXPECT_TRUE(evidence.run.partial);
  EXPECT_LT(evidence.run.end, evidence.run.start + seconds(5));
  EXPECT_FALSE(evidence.scrapes.empty());
  ASSERT_TRUE(evidence.load.has_value());
  EXPECT_GT(evidence.load->total.ledger.completed, 0U);
  EXPECT_TRUE(evidence.load->total.ledger.balanced());
  EXPECT_EQ(evidence.run.invalid_reason, "");
  EXPECT_EQ(threads_of_this_process(), threads);
}

TEST(Live, EndsAtOnceWhenAskedToBeforeItBegins) {
  const Drill drill = small_drill("traffic: {rate: 50/s, for: 10m}\n");
  const std::atomic<bool> stop{true};
  LiveOptions options;
  options.stop = &stop;
  const Nanos began = system_clock().monotonic();
  const Evidence evidence = run(drill, options).value();
  EXPECT_LT(system_clock().monotonic() - began, seconds(1));
  EXPECT_TRUE(evidence.run.partial);
  ASSERT_NE(evidence.samples, nullptr);
}

/// The schedule is over, but requests wait for answers that never come.
TEST(Live, EndsWithinASecondWhileTheLoadDrains) {
  const Drill drill = small_drill(
      "traffic: {rate: 50/s, for: 1s}\n"
      "faults: [{at: 500ms, for: 500ms, service: hang}]\n");
  std::atomic<bool> stop{false};
  LiveOptions options;
  options.stop = &stop;
  auto running = std::async(std::launch::async, [&] { return run(drill, options); });
  running.wait_for(milliseconds(1700));
  stop = true;
  EXPECT_EQ(running.wait_for(seconds(1)), std::future_status::ready);
  EXPECT_TRUE(running.get().value().load->total.ledger.balanced());
}

// --- trouble before the start ---

TEST(Live, ATakenPortIsAClearError) {
  net::Loop loop;
  const net::Listener taken = net::Listener::open(loop, {}).value();
  const std::string port = std::to_string(taken.port());
  const Drill drill =
      small_drill("traffic: {rate: 1/s, for: 1s}\n", {{"port: 8080", "port: " + port}});
  const faults::FaultTimeline no_faults;
  StageOptions options;
  options.documented_ports = true;
  options.offset = [] { return Duration(0); };
  const auto stage = FakeStage::open(*drill.scenario.system, no_faults, options);
  ASSERT_TRUE(stage.has_error());
  EXPECT_THAT(stage.error().message, HasSubstr("127.0.0.1:" + port));
  EXPECT_THAT(stage.error().message, HasSubstr("in use"));
  EXPECT_THAT(stage.error().context, ElementsAre("while starting the fake service"));
}

TEST(Live, BadTargetsAreRefusedBeforeAnythingStarts) {
  const Drill drill = small_drill("traffic: {rate: 1/s, for: 10m}\n");
  for (const char* url : {"ftp://x", "http://", "http://127.0.0.1:1/?a=b", "nonsense",
                          "http://user:secret@127.0.0.1:1/"}) {
    LiveOptions options;
    options.target_url = url;
    const auto refused = run(drill, options);
    ASSERT_TRUE(refused.has_error()) << url;
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("secret")));
  }
  LiveOptions options;
  options.ca_file = "/nowhere.pem";
  EXPECT_TRUE(run(drill, options).has_error());
  EXPECT_TRUE(run(drill, at_scale(1e6)).has_error());  // windows below a millisecond
}

// --- a service of somebody else ---

class External : public testing::Test {
 protected:
  External() : drill_(small_drill("traffic: {rate: 100/s, for: 3s}\n", faster())) {
    StageOptions options;
    options.offset = [this] { return clock_.offset(); };
    stage_ = FakeStage::open(*drill_.scenario.system, no_faults_, options).value();
  }
  static Edits faster() {
    return {{"interval: 5s, timeout: 3s", "interval: 500ms, timeout: 300ms"},
            {"period: 5s", "period: 500ms"},
            {"initial_delay: 5s", "initial_delay: 0s"}};
  }

  Drill drill_;
  faults::FaultTimeline no_faults_;
  LiveClock clock_{system_clock(), 1};
  std::unique_ptr<FakeStage> stage_;
};

TEST_F(External, IsDrivenScrapedAndProbed) {
  LiveOptions options;
  options.target_url = stage_->url("service") + "/";
  const Evidence evidence = run(drill_, options).value();
  EXPECT_THAT(evidence.run.warnings, IsEmpty());
  EXPECT_EQ(evidence.load->total.ledger.failed, 0U);
  EXPECT_GT(evidence.load->total.by_status.at(200), 200U);
  EXPECT_THAT(evidence.scrapes, Each(testing::Field(&ScrapeRecord::ok, true)));
  EXPECT_THAT(evidence.probes, Each(testing::Field(&ProbeResult::status_code, 200)));
  EXPECT_FALSE(evidence.probes.empty());
  EXPECT_FALSE(values_of(evidence, "requests_total", {{"instance", "localhost:8080"}}).empty());
}

TEST_F(External, ThatIsNotThereIsEvidenceNotAnError) {
  LiveOptions options;
  options.target_url = stage_->url("service");
  stage_.reset();
  drill_.scenario.faults.resize(1);
  drill_.scenario.faults[0].target = "service";
  const Evidence evidence = run(drill_, options).value();
  EXPECT_THAT(evidence.run.warnings, ElementsAre(HasSubstr("external target")));
  EXPECT_GT(evidence.load->total.by_error.at("connection refused"), 200U);
  EXPECT_THAT(values_of(evidence, "up", {{"job", "cache"}}), ElementsAre(HasSubstr("1,1,1")));
  EXPECT_THAT(values_of(evidence, "up", {{"job", "small"}}), ElementsAre(HasSubstr("0,0,0")));
  EXPECT_FALSE(evidence.probes.back().considered_ok);
}

/// A service with a certificate for "localhost", which remembers the Host of requests.
class Secured : public testing::Test {
 protected:
  Secured() {
    http::ServerOptions options;
    options.listen.tls = identity_->server();
    const auto answer = [this](http::Request request) -> net::Task<http::Reply> {
      const std::lock_guard lock(mutex_);
      ++hosts_[std::string(request.headers.get("Host"))];
      co_return http::text_response(200, "requests_total 1\n");
    };
    server_ = http::Server::open(loop_, answer, options).value();
    thread_ = std::thread([this] { loop_.run(server_->serve()); });
  }
  ~Secured() override {
    loop_.stop();
    thread_.join();
  }

  std::unique_ptr<net::SelfSigned> identity_ = net::SelfSigned::make({"localhost"}).value();
  std::mutex mutex_;
  std::map<std::string, int> hosts_;
  net::Loop loop_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

TEST_F(Secured, NetworkFaultsStandBeforeAnExternalTargetWithTls) {
  const Drill drill = small_drill(R"(
traffic: {rate: 100/s, for: 4s}
faults: [{at: 1s, for: 2s, network: {refuse: true}}]
)");
  LiveOptions options;
  options.target_url = "https://localhost:" + std::to_string(server_->port());
  options.ca_file = identity_->certificate_file();
  const Evidence evidence = run(drill, options).value();
  const LoadCounts& total = evidence.load->total;
  EXPECT_NEAR(static_cast<double>(total.ledger.failed), 200, 60);
  EXPECT_NEAR(static_cast<double>(total.ledger.completed), 200, 60);
  EXPECT_EQ(total.by_error.count("connection refused"), 1U);
  EXPECT_THAT(evidence.scrapes, Each(testing::Field(&ScrapeRecord::ok, true)));
  EXPECT_EQ(evidence.run.invalid_reason, "");
  EXPECT_THAT(evidence.run.warnings, IsEmpty());
  // The proxy's address is nobody's name.
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(hosts_.size(), 1U);
  EXPECT_EQ(hosts_.count("localhost:" + std::to_string(server_->port())), 1U);
}

// --- the network ---

TEST(Live, NetworkFaultsHitTheLoadAlone) {
  const Drill drill = small_drill(R"(
traffic: {rate: 100/s, for: 4s}
faults: [{at: 1s, for: 2s, network: {refuse: true}}]
)");
  const Evidence evidence = run(drill, {}).value();
  const LoadCounts& total = evidence.load->total;
  EXPECT_NEAR(static_cast<double>(total.ledger.failed), 200, 60);
  EXPECT_NEAR(static_cast<double>(total.ledger.completed), 200, 60);
  EXPECT_TRUE(total.ledger.balanced());
  EXPECT_THAT(evidence.scrapes, Each(testing::Field(&ScrapeRecord::ok, true)));
}

}  // namespace
}  // namespace tocsin::run
