#include <cmath>

#include <nlohmann/json.hpp>

#include "harness/backtest/report.h"

namespace tocsin::backtest {
namespace {

using nlohmann::ordered_json;

/// JSON has no NaN or infinity; Prometheus' API writes them as strings.
ordered_json number_or_name(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return value;
}

ordered_json label_object(const Labels& labels) {
  ordered_json object = ordered_json::object();
  for (const LabelView label : labels) object[std::string(label.name)] = std::string(label.value);
  return object;
}

ordered_json place_object(const SourcePos& pos) {
  return {{"file", pos.file}, {"line", pos.line}, {"column", pos.column}};
}

ordered_json to_json(const RuleResult& rule, double days) {
  ordered_json object;
  object["alert"] = rule.alert;
  object["group"] = rule.group;
  object["place"] = place_object(rule.pos);
  object["expr"] = rule.expression;
  object["for_ms"] = rule.hold.count();
  object["keep_firing_for_ms"] = rule.keep_firing_for.count();
  ordered_json labels = ordered_json::object();
  for (const auto& [name, value] : rule.labels) labels[name] = value;
  object["labels"] = std::move(labels);
  object["episodes"] = rule.episodes;
  object["pages"] = rule.pages;
  object["pages_a_day"] = static_cast<double>(rule.pages) / days;
  object["pending_ms"] = rule.pending.count();
  object["firing_ms"] = rule.firing.count();
  object["longest_ms"] = rule.longest.count();
  object["at_once"] = rule.at_once;
  return object;
}

ordered_json to_json(const Episode& episode) {
  const AlertEpisode& life = episode.life;
  ordered_json object;
  object["rule"] = episode.rule;
  object["alert"] = life.alert;
  object["labels"] = label_object(life.labels);
  object["annotations"] = life.annotations;
  object["pending_at"] = format_rfc3339(life.pending_at);
  if (life.firing_at) object["firing_at"] = format_rfc3339(*life.firing_at);
  if (life.resolved_at) object["resolved_at"] = format_rfc3339(*life.resolved_at);
  object["pending_ms"] = episode.pending().count();
  object["firing_ms"] = episode.firing().count();
  object["open_at_start"] = episode.open_at_start;
  object["value_at_start"] = number_or_name(life.value_at_start);
  if (life.firing_at) object["value_at_firing"] = number_or_name(life.value_at_firing);
  object["value_last"] = number_or_name(life.value_last);
  return object;
}

ordered_json to_json(const Backtest& result) {
  ordered_json object;
  object["pages"] = result.pages();
  object["pages_a_day"] = result.pages_a_day();
  object["recording_rules"] = result.recording_rules;
  object["rules"] = ordered_json::array();
  for (const RuleResult& rule : result.rules) {
    object["rules"].push_back(to_json(rule, result.days()));
  }
  object["episodes"] = ordered_json::array();
  for (const Episode& episode : result.episodes) object["episodes"].push_back(to_json(episode));
  object["failures"] = ordered_json::array();
  for (const rules::RuleFailure& failure : result.failures) {
    object["failures"].push_back({{"group", failure.group},
                                  {"rule", failure.rule},
                                  {"first", format_rfc3339(failure.first)},
                                  {"times", failure.times},
                                  {"message", failure.error.message},
                                  {"place", place_object(failure.error.pos)}});
  }
  object["notes"] = ordered_json::array();
  for (const rules::RuleNote& note : result.notes) {
    const bool warning = note.kind == promql::AnnotationKind::kWarning;
    object["notes"].push_back({{"group", note.group},
                               {"rule", note.rule},
                               {"kind", warning ? "warning" : "info"},
                               {"message", note.note.message},
                               {"place", place_object(note.note.pos)}});
  }
  return object;
}

ordered_json to_json(const RuleChange& change) {
  ordered_json object;
  object["fate"] = to_string(change.fate);
  if (change.before) object["before"] = *change.before;
  if (change.after) object["after"] = *change.after;
  object["differences"] = change.words;
  object["same"] = change.same;
  object["episodes"] = ordered_json::array();
  for (const EpisodeChange& episode : change.episodes) {
    ordered_json entry;
    entry["fate"] = to_string(episode.fate);
    if (episode.before) entry["before"] = *episode.before;
    if (episode.after) entry["after"] = *episode.after;
    entry["differences"] = episode.words;
    object["episodes"].push_back(std::move(entry));
  }
  return object;
}

}  // namespace

std::string render_json(const Study& study) {
  ordered_json report;
  report["schema"] = "tocsin-backtest/1";
  report["tocsin"] = study.version;
  report["from"] = format_rfc3339(study.result.from);
  report["to"] = format_rfc3339(study.result.to);
  report["days"] = study.result.days();
  report["interval_ms"] = study.result.interval.count();
  report["samples"] = {{"source", study.samples.source},
                       {"series", study.samples.series},
                       {"samples", study.samples.samples},
                       {"refused", study.samples.refused}};
  if (study.samples.without_stale_markers) report["samples"]["without_stale_markers"] = true;
  if (study.interrupted) report["interrupted"] = true;
  report["result"] = to_json(study.result);
  if (study.comparison) {
    report["against"] = to_json(*study.old_result);
    report["changes"] = ordered_json::array();
    for (const RuleChange& change : study.comparison->rules) {
      if (change.is_change()) report["changes"].push_back(to_json(change));
    }
  }
  // Labels come from outside: what is no UTF-8 is replaced.
  return report.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::backtest
