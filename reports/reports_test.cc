#include <cstdlib>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "reports/formats.h"

/// Every format, rendered from one run that holds what is awkward: failures, an interrupted
/// scenario, one that could not run, hostile text. UPDATE_GOLDEN=1 rewrites the goldens in
/// testdata/.

namespace tocsin::reports {
namespace {

using assertions::Judgement;
using assertions::Outcome;

constexpr Timestamp kStart = from_ms(1'769'590'800'000);  // 2026-01-28T09:00:00Z

Judgement judgement(std::string kind, std::string subject, std::string claim, Outcome outcome,
                    std::string seen) {
  Judgement result;
  result.kind = std::move(kind);
  result.subject = std::move(subject);
  result.claim = std::move(claim);
  result.outcome = outcome;
  result.seen = std::move(seen);
  result.pos = {"procode/a.yaml", 17, 7};
  return result;
}

Evidence evidence(std::string name) {
  Evidence evidence;
  evidence.run.scenario = std::move(name);
  evidence.run.scenario_file = "procode/a.yaml";
  evidence.run.system = "procode";
  evidence.run.seed = 1;
  evidence.run.start = kStart;
  evidence.run.end = kStart + std::chrono::minutes(25);
  evidence.run.planned = std::chrono::minutes(25);
  return evidence;
}

ScenarioSummary passing() {
  Evidence run = evidence("Eight per cent errors page the on-call");
  LoadResult load;
  load.from = kStart;
  load.to = run.run.end;
  load.total.ledger = {1000, 990, 10, 0, 0};
  load.total.by_status = {{200, 900}, {500, 90}};
  load.total.response.add(std::chrono::milliseconds(20), 990);
  run.load = load;
  assertions::Verdict verdict;
  verdict.judgements = {judgement("alert", "HighErrorRate", "fires 7m..9m after fault",
                                  Outcome::kPass, "fired at 13m (8m after fault)")};
  return summarise(run, std::move(verdict), std::chrono::milliseconds(12));
}

/// One page, one that needed two attempts, one that was given up, and the end; another alert is
/// kept back.
void add_notifications(Evidence& run) {
  run.routing = RoutingInfo{"nobody", {{"nobody", {}}, {"on-call", {"slack", "email"}}}, {}};
  const Labels alert = run.episodes.front().labels;
  const auto tell = [&](double minute, const std::string& integration) -> NotificationRecord& {
    NotificationRecord& record = run.notifications.emplace_back();
    record.at = kStart + std::chrono::milliseconds(static_cast<int>(minute * 60'000));
    record.receiver = "on-call";
    record.integration = integration;
    record.group_key = "{}:{}";
    record.group_labels = {{"alertname", "HighErrorRate"}};
    record.alerts = {{alert, {}, true, {}, {}}};
    record.title = "[FIRING:1] HighErrorRate </text>";
    return record;
  };
  const auto refuse = [](NotificationRecord& record) {
    record.delivered = false;
    record.status = 503;
    record.error = "503 | \xFF";
  };
  tell(13.5, "slack");
  refuse(tell(13.5, "email"));
  tell(13.6, "email").attempt = 2;
  refuse(tell(15, "slack"));
  tell(16, "slack");
  NotificationRecord& end = tell(18, "slack");
  end.firing = end.alerts.front().firing = false;
  run.suppressions = {{Suppression::Kind::kInhibited,
                       alert.with("alertname", "Slow"),
                       kStart + std::chrono::minutes(9),
                       std::nullopt,
                       alert,
                       {}}};
}

ScenarioSummary failing() {
  Evidence run = evidence("A <script>alert('*')</script> | & \x1b[31m\"name\"");
  run.events = {
      {EventKind::kTrafficStart, "traffic", {}, kStart},
      {EventKind::kFaultStart, "fault", "service error_rate 8%", kStart + std::chrono::minutes(5)},
      {EventKind::kFaultEnd, "fault", {}, kStart + std::chrono::minutes(15)}};
  AlertEpisode episode;
  episode.group = "procode";
  episode.alert = "HighErrorRate";
  episode.labels = {{"alertname", "HighErrorRate"}, {"severity", "critical"}};
  episode.annotations = {{"summary", "8% fail"}};
  episode.hold = std::chrono::minutes(5);
  episode.pending_at = kStart + std::chrono::minutes(8);
  episode.firing_at = kStart + std::chrono::minutes(13);
  episode.resolved_at = kStart + std::chrono::minutes(17);
  episode.value_at_start = 0.0512;
  episode.value_at_firing = std::numeric_limits<double>::infinity();
  run.episodes = {episode};
  for (int i = 0; i < 4; ++i) {
    ProbeResult probe;
    probe.target = "service";
    probe.endpoint = "/health";
    probe.at = kStart + std::chrono::minutes(4 * i);
    probe.status_code = i == 3 ? 0 : 200;
    probe.error = i == 3 ? "connection refused" : "";
    probe.body = i == 2 ? R"({"status": "degraded"})" : R"({"status": "healthy"})";
    run.probes.push_back(probe);
    run.scrapes.push_back({"service", probe.at, i != 3, Nanos(0), 5, i == 3 ? "timeout" : ""});
  }
  add_notifications(run);
  assertions::Verdict verdict;
  verdict.judgements = {
      judgement("alert", "HighErrorRate", "fires 5m..7m after fault", Outcome::kFail,
                "fired at 13m (8m after fault)"),
      judgement("health", "/health", "is degraded from 6m to 14m", Outcome::kPass, "degraded"),
      judgement("metric", "rate(x[5m])", "is < 1 at 24m", Outcome::kInconclusive, "no value")};
  verdict.judgements[0].around = {"5m  fault begins: service error_rate 8%", "```  ]]>  \x01 \xFF"};
  verdict.outcome = Outcome::kFail;
  return summarise(run, std::move(verdict), std::chrono::milliseconds(34));
}

ScenarioSummary interrupted() {
  Evidence run = evidence("Interrupted");
  run.run.partial = true;
  run.run.mode = RunMode::kLive;
  run.run.time_scale = 60;
  run.run.warnings = {"rule A: time() was left as it is by the time scale"};
  assertions::Verdict verdict;
  verdict.outcome = Outcome::kInconclusive;
  verdict.reason = "the run was interrupted at 3m";
  return summarise(run, std::move(verdict), std::chrono::seconds(3));
}

RunSummary whole_run() {
  RunSummary run;
  run.version = "0.1.0";
  run.started = kStart;
  run.took = std::chrono::seconds(4);
  run.interrupted = true;
  run.scenarios = {passing(), failing(), interrupted(), ScenarioSummary(), passing()};
  run.scenarios[3].run.scenario = "Could not run";
  run.scenarios[3].run.system = "procode";
  run.scenarios[3].run.scenario_file = "procode/b.yaml";
  run.scenarios[3].trouble = "cannot listen on 127.0.0.1:9998: Address already in use";
  return run;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/reports/testdata/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomically(path, text).has_value());
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden.has_value()) << path;
  EXPECT_EQ(text, *golden) << path << " (UPDATE_GOLDEN=1 rewrites it)";
}

TEST(Reports, Console) {
  const RunSummary run = whole_run();
  std::string text;
  for (const ScenarioSummary& scenario : run.scenarios) text += render_console(scenario, {});
  expect_golden("console.txt", text + render_console_total(run, {}));
}

TEST(Reports, ConsoleColoursOnlyWhenAsked) {
  ConsoleOptions options;
  EXPECT_EQ(render_console(failing(), options).find('\x1b'), std::string::npos);
  options.colour = true;
  EXPECT_NE(render_console(failing(), options).find("\x1b[1;31mFAIL"), std::string::npos);
}

TEST(Reports, Json) {
  expect_golden("report.json", render_json(whole_run()));
}

TEST(Reports, Junit) {
  expect_golden("junit.xml", render_junit(whole_run()));
}

TEST(Reports, JunitStrict) {
  const std::string text = render_junit(whole_run(), {.strict_inconclusive = true});
  EXPECT_EQ(text.find("<skipped"), std::string::npos);
  EXPECT_NE(text.find("type=\"inconclusive\""), std::string::npos);
}

TEST(Reports, Markdown) {
  expect_golden("report.md", render_markdown(whole_run()));
}

TEST(Reports, MarkdownFitsAStepSummary) {
  RunSummary run = whole_run();
  run.scenarios.assign(3000, failing());
  const std::string text = render_markdown(run);
  EXPECT_LT(text.size(), 1u << 20);
  EXPECT_NE(text.find("more in report.json"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::reports
