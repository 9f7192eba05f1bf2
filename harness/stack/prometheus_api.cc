#include "harness/stack/prometheus_api.h"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/stack/json_read.h"

namespace tocsin::stack {
namespace {

using nlohmann::json;

constexpr const char* kForm = "application/x-www-form-urlencoded";

Duration seconds_at(const json& object, const char* key) {
  return Duration(std::llround(number_at(object, key) * 1000));
}

Result<const json*> data_of(const json& answer) {
  if (answer.is_object() && text_at(answer, "status") == "success" && answer.contains("data") &&
      answer["data"].is_object()) {
    return &answer["data"];
  }
  return io_error("Prometheus' answer is not what its API documents");
}

ActiveAlert alert_of(const json& shown) {
  ActiveAlert alert;
  alert.labels = labels_at(shown, "labels");
  alert.annotations = texts_at(shown, "annotations");
  alert.firing = text_at(shown, "state") == "firing";
  alert.active_at = time_at(shown, "activeAt").value_or(Timestamp{});
  alert.value = std::strtod(text_at(shown, "value").c_str(), nullptr);
  return alert;
}

RuleStatus rule_of(const json& shown) {
  RuleStatus rule;
  rule.name = text_at(shown, "name");
  rule.alerting = text_at(shown, "type") == "alerting";
  rule.query = text_at(shown, "query");
  rule.hold = seconds_at(shown, "duration");
  rule.keep_firing_for = seconds_at(shown, "keepFiringFor");
  rule.labels = texts_at(shown, "labels");
  rule.health = text_at(shown, "health");
  rule.error = text_at(shown, "lastError");
  for (const json& alert : list_at(shown, "alerts")) rule.alerts.push_back(alert_of(alert));
  return rule;
}

}  // namespace

Result<std::vector<TargetStatus>> targets_of_answer(const json& answer) {
  TRY(const json* data, data_of(answer));
  std::vector<TargetStatus> targets;
  for (const json& shown : list_at(*data, "activeTargets")) {
    TargetStatus& target = targets.emplace_back();
    target.pool = text_at(shown, "scrapePool");
    target.labels = labels_at(shown, "labels");
    target.url = text_at(shown, "scrapeUrl");
    target.health = text_at(shown, "health");
    target.error = text_at(shown, "lastError");
    target.last_scrape = time_at(shown, "lastScrape");
  }
  return targets;
}

Result<std::vector<GroupStatus>> rules_of_answer(const json& answer) {
  TRY(const json* data, data_of(answer));
  std::vector<GroupStatus> groups;
  for (const json& shown : list_at(*data, "groups")) {
    GroupStatus& group = groups.emplace_back();
    group.name = text_at(shown, "name");
    group.file = text_at(shown, "file");
    group.interval = seconds_at(shown, "interval");
    group.last_evaluation = time_at(shown, "lastEvaluation");
    group.evaluation_time = Nanos(std::llround(number_at(shown, "evaluationTime") * 1e9));
    for (const json& rule : list_at(shown, "rules")) group.rules.push_back(rule_of(rule));
  }
  return groups;
}

net::Task<Result<void>> PrometheusApi::ready() {
  ApiRequest request;
  request.path = "/-/ready";
  Result<std::string> answer = co_await api_.text(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return Result<void>();
}

net::Task<Result<std::string>> PrometheusApi::version() {
  ApiRequest request;
  request.path = "/api/v1/status/buildinfo";
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  auto data = data_of(*answer);
  if (data.has_error()) co_return data.error();
  co_return text_at(**data, "version");
}

net::Task<Result<void>> PrometheusApi::reload() {
  ApiRequest request;
  request.method = "POST";
  request.path = "/-/reload";
  Result<std::string> answer = co_await api_.text(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return Result<void>();
}

net::Task<Result<void>> PrometheusApi::forget(Timestamp until) {
  ApiRequest request;
  request.method = "POST";
  request.path =
      fmt::format("/api/v1/admin/tsdb/delete_series?match[]={}&end={:.3f}",
                  url_encoded("{__name__=~\".+\"}"), static_cast<double>(to_ms(until)) / 1000);
  Result<std::string> answer = co_await api_.text(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return Result<void>();
}

net::Task<Result<std::vector<TargetStatus>>> PrometheusApi::targets() {
  ApiRequest request;
  request.path = "/api/v1/targets?state=active";
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return targets_of_answer(*answer);
}

net::Task<Result<std::size_t>> PrometheusApi::alertmanagers() {
  ApiRequest request;
  request.path = "/api/v1/alertmanagers";
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  Result<const json*> data = data_of(*answer);
  if (data.has_error()) co_return data.error();
  co_return list_at(**data, "activeAlertmanagers").size();
}

net::Task<Result<std::vector<GroupStatus>>> PrometheusApi::rules() {
  ApiRequest request;
  request.path = "/api/v1/rules";
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return rules_of_answer(*answer);
}

net::Task<Result<std::vector<backtest::AnswerSeries>>> PrometheusApi::samples(std::string selector,
                                                                              Timestamp from,
                                                                              Timestamp to) {
  ApiRequest request;
  request.method = "POST";
  request.path = "/api/v1/query";
  request.content_type = kForm;
  request.body = fmt::format("query={}&time={:.3f}",
                             url_encoded(fmt::format("{}[{}ms]", selector, (to - from).count())),
                             static_cast<double>(to_ms(to)) / 1000);
  Result<std::string> answer = co_await api_.text(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return backtest::parse_matrix_answer(*answer);
}

net::Task<Result<std::map<std::string, FamilyInfo>>> PrometheusApi::metadata() {
  ApiRequest request;
  request.path = "/api/v1/metadata";
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  auto data = data_of(*answer);
  if (data.has_error()) co_return data.error();
  std::map<std::string, FamilyInfo> families;
  for (const auto& [name, entries] : (*data)->items()) {
    if (!entries.is_array() || entries.empty()) continue;
    FamilyInfo info;
    info.name = name;
    info.help = text_at(entries.front(), "help");
    info.unit = text_at(entries.front(), "unit");
    const std::string type = text_at(entries.front(), "type");
    for (const MetricType known :
         {MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram, MetricType::kSummary,
          MetricType::kInfo, MetricType::kStateSet, MetricType::kGaugeHistogram}) {
      if (to_string(known) == type) info.type = known;
    }
    families.emplace(name, std::move(info));
  }
  co_return families;
}

}  // namespace tocsin::stack
