#include <cmath>

#include <nlohmann/json.hpp>

#include "reports/formats.h"

namespace tocsin::reports {
namespace {

using nlohmann::ordered_json;

double ms(Nanos d) {
  return static_cast<double>(d.count()) / 1e6;
}

/// JSON has no NaN or infinity; Prometheus' API writes them as strings.
ordered_json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return value;
}

ordered_json to_json(const Labels& labels) {
  ordered_json object = ordered_json::object();
  for (const LabelView label : labels) object[std::string(label.name)] = std::string(label.value);
  return object;
}

ordered_json to_json(const assertions::Judgement& judgement) {
  ordered_json object;
  object["kind"] = judgement.kind;
  object["subject"] = judgement.subject;
  object["claim"] = judgement.claim;
  object["outcome"] = to_string(judgement.outcome);
  object["seen"] = judgement.seen;
  if (!judgement.around.empty()) object["around"] = judgement.around;
  if (judgement.at) object["at_ms"] = judgement.at->count();
  object["file"] = judgement.pos.file;
  object["line"] = judgement.pos.line;
  object["column"] = judgement.pos.column;
  return object;
}

ordered_json to_json(const AlertEpisode& episode) {
  ordered_json object;
  object["group"] = episode.group;
  object["alert"] = episode.alert;
  object["labels"] = to_json(episode.labels);
  object["annotations"] = episode.annotations;
  object["for_ms"] = episode.hold.count();
  object["pending_at"] = format_rfc3339(episode.pending_at);
  if (episode.firing_at) object["firing_at"] = format_rfc3339(*episode.firing_at);
  if (episode.resolved_at) object["resolved_at"] = format_rfc3339(*episode.resolved_at);
  object["value_at_start"] = number(episode.value_at_start);
  if (episode.firing_at) object["value_at_firing"] = number(episode.value_at_firing);
  return object;
}

ordered_json to_json(const LoadFigures& load) {
  ordered_json object;
  object["scheduled"] = load.ledger.scheduled;
  object["completed"] = load.ledger.completed;
  object["failed"] = load.ledger.failed;
  object["dropped"] = load.ledger.dropped;
  object["unfinished"] = load.ledger.unfinished;
  object["seconds"] = load.seconds;
  object["throughput_per_s"] = load.throughput;
  object["error_rate"] = load.error_rate;
  object["response_ms"] = {{"p50", ms(load.p50)},
                           {"p90", ms(load.p90)},
                           {"p95", ms(load.p95)},
                           {"p99", ms(load.p99)},
                           {"max", ms(load.max)}};
  object["service_ms"] = {{"p50", ms(load.service_p50)}, {"p99", ms(load.service_p99)}};
  object["send_lag_ms"] = {{"p99", ms(load.send_lag_p99)}};
  return object;
}

ordered_json to_json(const PageCounts& counts) {
  ordered_json object;
  object["pages"] = counts.pages();
  object["first"] = counts.first;
  object["updates"] = counts.updates;
  object["repeats"] = counts.repeats;
  object["resolved"] = counts.resolved;
  object["not_delivered"] = counts.failed;
  return object;
}

ordered_json to_json(const PageTotals& totals) {
  ordered_json object = to_json(totals.counts);
  object["alerts_fired"] = totals.fired;
  object["alerts_told"] = totals.told;
  object["pages_per_hour"] = totals.pages_per_hour();
  object["notifications_per_alert"] = totals.notifications_per_alert();
  return object;
}

ordered_json to_json(const ReceiverLoad& receiver) {
  ordered_json object;
  object["receiver"] = receiver.receiver;
  object["integration"] = receiver.integration;
  object.update(to_json(receiver.counts));
  return object;
}

ordered_json to_json(const BusiestHour& busiest) {
  return {{"from_ms", busiest.from.count()}, {"pages", busiest.pages}};
}

ordered_json to_json(const SlowestPage& slowest) {
  return {{"alert", slowest.alert},
          {"receiver", slowest.receiver},
          {"fired_ms", slowest.fired.count()},
          {"took_ms", slowest.took.count()}};
}

ordered_json to_json(const PageLoad& load) {
  ordered_json object = to_json(load.total);
  object["by_hour"] = load.by_hour;
  object["receivers"] = ordered_json::array();
  for (const ReceiverLoad& one : load.receivers) object["receivers"].push_back(to_json(one));
  if (load.busiest) object["busiest_hour"] = to_json(*load.busiest);
  if (load.slowest) object["slowest"] = to_json(*load.slowest);
  return object;
}

ordered_json to_json(const RunPageLoad& load) {
  ordered_json object = to_json(load.total);
  object["scenarios"] = load.scenarios;
  object["receivers"] = ordered_json::array();
  for (const auto& [system, one] : load.receivers) {
    ordered_json receiver = {{"system", system}};
    receiver.update(to_json(one));
    object["receivers"].push_back(std::move(receiver));
  }
  const auto in = [](const ScenarioSummary& scenario, ordered_json what) {
    what["scenario"] = scenario.run.scenario;
    what["system"] = scenario.run.system;
    return what;
  };
  if (load.busiest != nullptr) {
    object["busiest_hour"] = in(*load.busiest, to_json(*load.busiest->pages->busiest));
  }
  if (load.slowest != nullptr) {
    object["slowest"] = in(*load.slowest, to_json(*load.slowest->pages->slowest));
  }
  return object;
}

ordered_json to_json(const NotificationEntry& entry) {
  ordered_json object;
  object["at_ms"] = entry.at.count();
  object["kind"] = entry.kind;
  object["receiver"] = entry.receiver;
  object["integration"] = entry.integration;
  object["group"] = to_json(entry.group);
  object["alerts"] = entry.alerts;
  object["firing"] = entry.firing;
  object["resolved"] = entry.resolved;
  object["title"] = entry.title;
  object["attempts"] = entry.attempts;
  object["delivered"] = entry.delivered;
  if (!entry.error.empty()) object["error"] = entry.error;
  return object;
}

ordered_json to_json(const ScenarioSummary& scenario) {
  const RunInfo& run = scenario.run;
  ordered_json object;
  object["name"] = run.scenario;
  object["file"] = run.scenario_file;
  object["system"] = run.system;
  object["outcome"] = to_string(outcome_of(scenario));
  const std::string& reason = scenario.trouble.empty() ? scenario.verdict.reason : scenario.trouble;
  if (!reason.empty()) object["reason"] = reason;
  object["mode"] = run.mode == RunMode::kLive ? "live" : "simulated";
  object["seed"] = run.seed;
  object["time_scale"] = run.time_scale;
  object["start"] = format_rfc3339(run.start);
  object["end"] = format_rfc3339(run.end);
  object["partial"] = run.partial;
  if (!run.warnings.empty()) object["warnings"] = run.warnings;
  object["took_ms"] = ms(scenario.took);
  object["expectations"] = ordered_json::array();
  for (const auto& judgement : scenario.verdict.judgements) {
    object["expectations"].push_back(to_json(judgement));
  }
  object["timeline"] = ordered_json::array();
  for (const TimelineEntry& entry : scenario.timeline) {
    object["timeline"].push_back(
        {{"at_ms", entry.at.count()}, {"kind", entry.kind}, {"text", entry.text}});
  }
  object["alerts"] = ordered_json::array();
  for (const AlertEpisode& episode : scenario.episodes)
    object["alerts"].push_back(to_json(episode));
  if (scenario.pages) {
    object["pages"] = to_json(*scenario.pages);
    object["notifications"] = ordered_json::array();
    for (const NotificationEntry& entry : scenario.notifications) {
      object["notifications"].push_back(to_json(entry));
    }
    object["notifications_left_out"] = scenario.notifications_left_out;
  }
  if (scenario.load) object["load"] = to_json(*scenario.load);
  return object;
}

}  // namespace

std::string render_json(const RunSummary& run) {
  using assertions::Outcome;
  ordered_json report;
  report["schema"] = "tocsin-report/1";
  report["tocsin"] = run.version;
  report["started"] = format_rfc3339(run.started);
  report["took_ms"] = ms(run.took);
  report["interrupted"] = run.interrupted;
  report["passed"] = run.count(Outcome::kPass);
  report["failed"] = run.count(Outcome::kFail);
  report["inconclusive"] = run.count(Outcome::kInconclusive);
  if (const auto pages = page_load(run)) report["pages"] = to_json(*pages);
  report["scenarios"] = ordered_json::array();
  for (const ScenarioSummary& scenario : run.scenarios) {
    report["scenarios"].push_back(to_json(scenario));
  }
  // Bodies of answers may hold anything; what is not UTF-8 is replaced.
  return report.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::reports
