// rules and alerts, as they stand after the last sample.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "harness/promapi/failure.h"
#include "harness/promapi/json_text.h"
#include "harness/promapi/result_json.h"
#include "harness/promapi/routes.h"

namespace tocsin::promapi {
namespace {

template <class Pairs>
void append_object(std::string& out, const Pairs& pairs) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : pairs) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

/// "1e+00": alerts have their value in another form than samples.
std::string alert_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto written =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return {buffer, written.ptr};
}

bool is_active(const AlertEpisode& episode) {
  return !episode.resolved_at;
}

void append_alert(std::string& out, const AlertEpisode& episode) {
  out += "{\"labels\":";
  append_json_labels(out, episode.labels);
  out += ",\"annotations\":";
  append_object(out, episode.annotations);
  out += fmt::format(",\"state\":\"{}\",\"activeAt\":\"{}\",\"value\":\"{}\"}}",
                     episode.firing_at ? "firing" : "pending", format_rfc3339(episode.pending_at),
                     alert_value(episode.value_last));
}

template <class Wanted>
void append_alerts(std::string& out, const RuleState& state, Wanted&& wanted) {
  out += '[';
  bool first = true;
  for (const AlertEpisode& episode : state.outcome.episodes) {
    if (!is_active(episode) || !wanted(episode)) continue;
    if (!first) out += ',';
    first = false;
    append_alert(out, episode);
  }
  out += ']';
}

std::string answer_alerts(const RouteCall& call) {
  std::string data = "{\"alerts\":";
  if (const RuleState* state = call.api.rules()) {
    append_alerts(data, *state, [](const AlertEpisode&) { return true; });
  } else {
    data += "[]";
  }
  return success_json(data + '}');
}

/// Which rules a request wants.
struct RuleFilter {
  explicit RuleFilter(const Parameters& parameters)
      : type(parameters.get("type")),
        names(parameters.all("rule_name[]")),
        groups(parameters.all("rule_group[]")),
        files(parameters.all("file[]")),
        without_alerts(parameters.get("exclude_alerts") == "true") {
    if (!type.empty() && type != "alert" && type != "record") {
      throw bad_parameter("type", "not supported value \"" + type + "\"");
    }
  }

  static bool allows(const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
  }
  bool wants(const rules::Rule& rule) const {
    const bool alerting = rule.kind == rules::Rule::Kind::kAlerting;
    return (type.empty() || (type == "alert") == alerting) && allows(names, rule.name);
  }

  std::string type;
  std::vector<std::string> names;
  std::vector<std::string> groups;
  std::vector<std::string> files;
  bool without_alerts;
};

class RuleWriter {
 public:
  RuleWriter(std::string& out, const RuleState& state, const RuleFilter& filter)
      : out_(out), state_(state), filter_(filter) {}

  void write_group(const rules::RuleFile& file, const rules::RuleGroup& group) {
    out_ += "{\"name\":";
    append_json_string(out_, group.name);
    out_ += ",\"file\":";
    append_json_string(out_, file.path);
    out_ += ",\"rules\":[";
    bool first = true;
    for (const rules::Rule& rule : group.rules) {
      if (!filter_.wants(rule)) continue;
      if (!first) out_ += ',';
      first = false;
      write_rule(group, rule);
    }
    out_ += fmt::format("],\"interval\":{},\"limit\":{}",
                        to_seconds(group.interval.value_or(state_.interval)), group.limit);
    write_evaluation();
    out_ += '}';
  }

 private:
  void write_rule(const rules::RuleGroup& group, const rules::Rule& rule) {
    const bool alerting = rule.kind == rules::Rule::Kind::kAlerting;
    out_ += '{';
    if (alerting) out_ += fmt::format("\"state\":\"{}\",", state_of(group, rule));
    out_ += "\"name\":";
    append_json_string(out_, rule.name);
    out_ += ",\"query\":";
    append_json_string(out_, promql::print(*rule.expression.root));
    if (alerting) {
      out_ += fmt::format(",\"duration\":{},\"keepFiringFor\":{}", to_seconds(rule.hold),
                          to_seconds(rule.keep_firing_for));
    }
    write_texts("labels", rule.labels, !alerting);
    if (alerting) {
      write_texts("annotations", rule.annotations, false);
      out_ += ",\"alerts\":";
      append_alerts(out_, state_, [&](const AlertEpisode& episode) {
        return !filter_.without_alerts && belongs(episode, group, rule);
      });
    }
    write_health(group, rule);
    write_evaluation();
    out_ += fmt::format(",\"type\":\"{}\"}}", alerting ? "alerting" : "recording");
  }

  void write_texts(std::string_view name,
                   const std::vector<std::pair<std::string, rules::TemplateText>>& texts,
                   bool omit_empty) {
    if (texts.empty() && omit_empty) return;
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& [key, text] : texts) pairs.emplace_back(key, text.text);
    out_ += fmt::format(",\"{}\":", name);
    append_object(out_, pairs);
  }

  void write_health(const rules::RuleGroup& group, const rules::Rule& rule) {
    const auto& failures = state_.outcome.failures;
    const auto failed = std::find_if(failures.begin(), failures.end(), [&](const auto& failure) {
      return failure.group == group.name && failure.rule == rule.name;
    });
    if (failed == failures.end()) {
      out_ += ",\"health\":\"ok\"";
      return;
    }
    out_ += ",\"health\":\"err\",\"lastError\":";
    append_json_string(out_, failed->error.message);
  }

  void write_evaluation() {
    out_ += fmt::format(",\"evaluationTime\":0,\"lastEvaluation\":\"{}\"",
                        format_rfc3339(state_.evaluated_at));
  }

  static bool belongs(const AlertEpisode& episode, const rules::RuleGroup& group,
                      const rules::Rule& rule) {
    return episode.group == group.name && episode.alert == rule.name;
  }

  std::string_view state_of(const rules::RuleGroup& group, const rules::Rule& rule) const {
    std::string_view state = "inactive";
    for (const AlertEpisode& episode : state_.outcome.episodes) {
      if (!is_active(episode) || !belongs(episode, group, rule)) continue;
      if (episode.firing_at) return "firing";
      state = "pending";
    }
    return state;
  }

  std::string& out_;
  const RuleState& state_;
  const RuleFilter& filter_;
};

std::string answer_rules(const RouteCall& call) {
  const RuleFilter filter(call.parameters);
  std::string data = "{\"groups\":[";
  bool first = true;
  const RuleState* const state = call.api.rules();
  std::span<const rules::RuleFile> files;
  if (state != nullptr) files = state->files;
  for (const rules::RuleFile& file : files) {
    if (!RuleFilter::allows(filter.files, file.path)) continue;
    for (const rules::RuleGroup& group : file.groups) {
      const bool any = std::any_of(group.rules.begin(), group.rules.end(),
                                   [&](const rules::Rule& rule) { return filter.wants(rule); });
      if (!RuleFilter::allows(filter.groups, group.name) || (!any && !group.rules.empty()))
        continue;
      if (!first) data += ',';
      first = false;
      RuleWriter(data, *state, filter).write_group(file, group);
    }
  }
  return success_json(data + "]}");
}

constexpr std::array kRuleRoutes = {
    Route{"rules", false, answer_rules},
    Route{"alerts", false, answer_alerts},
};

}  // namespace

std::span<const Route> rule_routes() {
  return kRuleRoutes;
}

}  // namespace tocsin::promapi
