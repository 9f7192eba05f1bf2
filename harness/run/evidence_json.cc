#include "harness/run/evidence_json.h"

#include <nlohmann/json.hpp>

#include "harness/run/json_values.h"
#include "harness/run/notification_json.h"

/// Times are milliseconds since the epoch, latencies nanoseconds; keys are the members' names.

namespace tocsin::run {
namespace {

using nlohmann::json;

json to_json(const RunInfo& run) {
  return {{"scenario", run.scenario},
          {"scenario_file", run.scenario_file},
          {"system", run.system},
          {"live", run.mode == RunMode::kLive},
          {"seed", run.seed},
          {"start", to_ms(run.start)},
          {"end", to_ms(run.end)},
          {"planned", run.planned.count()},
          {"time_scale", run.time_scale},
          {"evaluation_interval", run.evaluation_interval.count()},
          {"scrape_interval", run.scrape_interval.count()},
          {"partial", run.partial},
          {"invalid_reason", run.invalid_reason},
          {"warnings", run.warnings}};
}

RunInfo run_from(const json& object) {
  RunInfo run;
  object.at("scenario").get_to(run.scenario);
  object.at("scenario_file").get_to(run.scenario_file);
  object.at("system").get_to(run.system);
  run.mode = object.at("live").get<bool>() ? RunMode::kLive : RunMode::kSimulated;
  object.at("seed").get_to(run.seed);
  run.start = time_from(object.at("start"));
  run.end = time_from(object.at("end"));
  run.planned = duration_from(object.at("planned"));
  object.at("time_scale").get_to(run.time_scale);
  run.evaluation_interval = duration_from(object.at("evaluation_interval"));
  run.scrape_interval = duration_from(object.at("scrape_interval"));
  object.at("partial").get_to(run.partial);
  object.at("invalid_reason").get_to(run.invalid_reason);
  object.at("warnings").get_to(run.warnings);
  // What scenarios and `tocsin run --time-scale` may say.
  if (!(run.time_scale >= 1e-3 && run.time_scale <= 1e6)) refuse("time_scale out of range", object);
  return run;
}

json to_json(const AlertEpisode& episode) {
  json object = {{"group", episode.group},
                 {"alert", episode.alert},
                 {"labels", labels_to_json(episode.labels)},
                 {"annotations", episode.annotations},
                 {"hold", episode.hold.count()},
                 {"pending_at", to_ms(episode.pending_at)},
                 {"value_at_start", number(episode.value_at_start)},
                 {"value_at_firing", number(episode.value_at_firing)},
                 {"value_last", number(episode.value_last)}};
  if (episode.firing_at) object["firing_at"] = to_ms(*episode.firing_at);
  if (episode.resolved_at) object["resolved_at"] = to_ms(*episode.resolved_at);
  return object;
}

AlertEpisode episode_from(const json& object) {
  AlertEpisode episode;
  object.at("group").get_to(episode.group);
  object.at("alert").get_to(episode.alert);
  episode.labels = labels_from(object.at("labels"));
  object.at("annotations").get_to(episode.annotations);
  episode.hold = duration_from(object.at("hold"));
  episode.pending_at = time_from(object.at("pending_at"));
  episode.value_at_start = number(object.at("value_at_start"));
  episode.value_at_firing = number(object.at("value_at_firing"));
  episode.value_last = number(object.at("value_last"));
  if (object.contains("firing_at")) episode.firing_at = time_from(object["firing_at"]);
  if (object.contains("resolved_at")) episode.resolved_at = time_from(object["resolved_at"]);
  return episode;
}

json to_json(const LatencyHistogram& histogram) {
  json buckets = json::array();
  for (const LatencyHistogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back({bucket.index, bucket.count});
  }
  return {{"buckets", std::move(buckets)},
          {"min", histogram.min().count()},
          {"max", histogram.max().count()},
          {"sum", histogram.sum_ns()}};
}

LatencyHistogram histogram_from(const json& object) {
  std::vector<LatencyHistogram::Bucket> buckets;
  for (const json& pair : object.at("buckets")) {
    const auto index = pair.at(0).get<std::uint32_t>();
    // The bucket of the largest nanosecond count.
    if (index > 7295) refuse("bucket index out of range", object);
    buckets.push_back({index, pair.at(1).get<std::uint64_t>()});
  }
  return LatencyHistogram::from_buckets(buckets, Nanos(object.at("min").get<std::int64_t>()),
                                        Nanos(object.at("max").get<std::int64_t>()),
                                        object.at("sum").get<double>());
}

json to_json(const LoadCounts& counts) {
  const LoadLedger& ledger = counts.ledger;
  json by_status = json::array();
  for (const auto& [status, count] : counts.by_status) by_status.push_back({status, count});
  return {{"ledger",
           {ledger.scheduled, ledger.completed, ledger.failed, ledger.dropped, ledger.unfinished}},
          {"by_status", std::move(by_status)},
          {"by_error", counts.by_error},
          {"bytes_in", counts.bytes_in},
          {"bytes_out", counts.bytes_out},
          {"response", to_json(counts.response)},
          {"service", to_json(counts.service)},
          {"send_lag", to_json(counts.send_lag)}};
}

json to_json(const std::map<std::string, LoadCounts>& by_endpoint) {
  json object = json::object();
  for (const auto& [endpoint, counts] : by_endpoint) object[endpoint] = to_json(counts);
  return object;
}

LoadCounts counts_from(const json& object) {
  LoadCounts counts;
  const json& ledger = object.at("ledger");
  counts.ledger = {ledger.at(0), ledger.at(1), ledger.at(2), ledger.at(3), ledger.at(4)};
  if (!counts.ledger.balanced()) refuse("the ledger does not balance", ledger);
  for (const json& pair : object.at("by_status")) {
    counts.by_status[pair.at(0).get<int>()] = pair.at(1).get<std::uint64_t>();
  }
  object.at("by_error").get_to(counts.by_error);
  object.at("bytes_in").get_to(counts.bytes_in);
  object.at("bytes_out").get_to(counts.bytes_out);
  counts.response = histogram_from(object.at("response"));
  counts.service = histogram_from(object.at("service"));
  counts.send_lag = histogram_from(object.at("send_lag"));
  return counts;
}

std::map<std::string, LoadCounts> by_endpoint_from(const json& object) {
  std::map<std::string, LoadCounts> by_endpoint;
  for (const auto& [endpoint, counts] : object.items()) by_endpoint[endpoint] = counts_from(counts);
  return by_endpoint;
}

json to_json(const LoadResult& load) {
  json slices = json::array();
  for (const LoadSlice& slice : load.slices) {
    slices.push_back({{"from", to_ms(slice.from)},
                      {"length", slice.length.count()},
                      {"counts", to_json(slice.counts)},
                      {"by_endpoint", to_json(slice.by_endpoint)}});
  }
  return {{"from", to_ms(load.from)},
          {"to", to_ms(load.to)},
          {"total", to_json(load.total)},
          {"by_endpoint", to_json(load.by_endpoint)},
          {"slices", std::move(slices)}};
}

LoadResult load_from(const json& object) {
  LoadResult load;
  load.from = time_from(object.at("from"));
  load.to = time_from(object.at("to"));
  load.total = counts_from(object.at("total"));
  load.by_endpoint = by_endpoint_from(object.at("by_endpoint"));
  for (const json& slice : object.at("slices")) {
    load.slices.push_back({time_from(slice.at("from")), duration_from(slice.at("length")),
                           counts_from(slice.at("counts")),
                           by_endpoint_from(slice.at("by_endpoint"))});
  }
  return load;
}

json to_json(const ProbeResult& probe) {
  return {{"target", probe.target},
          {"endpoint", probe.endpoint},
          {"at", to_ms(probe.at)},
          {"status_code", probe.status_code},
          {"latency", probe.latency.count()},
          {"body", probe.body},
          {"error", probe.error},
          {"considered_ok", probe.considered_ok}};
}

ProbeResult probe_from(const json& object) {
  ProbeResult probe;
  object.at("target").get_to(probe.target);
  object.at("endpoint").get_to(probe.endpoint);
  probe.at = time_from(object.at("at"));
  object.at("status_code").get_to(probe.status_code);
  probe.latency = Nanos(object.at("latency").get<std::int64_t>());
  object.at("body").get_to(probe.body);
  object.at("error").get_to(probe.error);
  object.at("considered_ok").get_to(probe.considered_ok);
  return probe;
}

json to_json(const ScrapeRecord& scrape) {
  return {{"target", scrape.target},   {"at", to_ms(scrape.at)},
          {"ok", scrape.ok},           {"duration", scrape.duration.count()},
          {"samples", scrape.samples}, {"error", scrape.error}};
}

ScrapeRecord scrape_from(const json& object) {
  ScrapeRecord scrape;
  object.at("target").get_to(scrape.target);
  scrape.at = time_from(object.at("at"));
  object.at("ok").get_to(scrape.ok);
  scrape.duration = Nanos(object.at("duration").get<std::int64_t>());
  object.at("samples").get_to(scrape.samples);
  object.at("error").get_to(scrape.error);
  return scrape;
}

json to_json(const TargetFamilies& target) {
  json families = json::array();
  for (const FamilyInfo& family : target.families) {
    families.push_back({family.name, static_cast<int>(family.type), family.help, family.unit});
  }
  return {{"target", target.target},
          {"labels", labels_to_json(target.labels)},
          {"families", std::move(families)},
          {"lint", target.lint}};
}

TargetFamilies target_from(const json& object) {
  TargetFamilies target;
  object.at("target").get_to(target.target);
  target.labels = labels_from(object.at("labels"));
  object.at("lint").get_to(target.lint);
  for (const json& family : object.at("families")) {
    target.families.push_back({family.at(0), enum_from(family.at(1), MetricType::kGaugeHistogram),
                               family.at(2), family.at(3)});
  }
  return target;
}

template <class T>
json list(const std::vector<T>& items) {
  json array = json::array();
  for (const T& item : items) array.push_back(to_json(item));
  return array;
}

}  // namespace

json evidence_to_json(const Evidence& evidence) {
  json events = json::array();
  for (const Event& event : evidence.events) {
    events.push_back(
        {static_cast<int>(event.kind), event.name, event.description, to_ms(event.at)});
  }
  json rules = json::array();
  for (const AlertRuleInfo& rule : evidence.rules) {
    rules.push_back({rule.group, rule.alert, rule.expression, rule.hold.count()});
  }
  json object = {{"schema", "tocsin-evidence/1"},       {"run", to_json(evidence.run)},
                 {"events", std::move(events)},         {"rules", std::move(rules)},
                 {"episodes", list(evidence.episodes)}, {"probes", list(evidence.probes)},
                 {"scrapes", list(evidence.scrapes)},   {"targets", list(evidence.targets)}};
  if (evidence.load) object["load"] = to_json(*evidence.load);
  add_notifications_to_json(evidence, object);
  return object;
}

Evidence evidence_from_json(const json& object) {
  if (object.at("schema") != "tocsin-evidence/1") {
    refuse("not tocsin-evidence/1", object);
  }
  Evidence evidence;
  evidence.run = run_from(object.at("run"));
  for (const json& event : object.at("events")) {
    evidence.events.push_back({enum_from(event.at(0), EventKind::kFaultEnd), event.at(1),
                               event.at(2), time_from(event.at(3))});
  }
  for (const json& rule : object.at("rules")) {
    evidence.rules.push_back({rule.at(0), rule.at(1), rule.at(2), duration_from(rule.at(3))});
  }
  for (const json& item : object.at("episodes")) evidence.episodes.push_back(episode_from(item));
  for (const json& item : object.at("probes")) evidence.probes.push_back(probe_from(item));
  for (const json& item : object.at("scrapes")) evidence.scrapes.push_back(scrape_from(item));
  for (const json& item : object.at("targets")) evidence.targets.push_back(target_from(item));
  if (object.contains("load")) evidence.load = load_from(object["load"]);
  read_notifications_from_json(object, evidence);
  return evidence;
}

}  // namespace tocsin::run
