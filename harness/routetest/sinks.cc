#include "harness/routetest/sinks.h"

#include "harness/alerting/message.h"
#include "harness/alerting/schema.h"

namespace tocsin::routetest {
namespace {

constexpr std::string_view kDomain = ".sink.invalid";
constexpr std::string_view kExternalUrl = "http://alertmanager.invalid:9093";

bool is_sink_name(std::string_view name) {
  if (name.empty() || name.size() > 40) return false;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') return false;
  }
  return true;
}

}  // namespace

std::string Sinks::with_addresses(const std::string& config) {
  std::string out;
  for (std::size_t at = 0; at < config.size();) {
    const std::size_t begin = config.find('@', at);
    const std::size_t end = begin == std::string::npos ? begin : config.find('@', begin + 1);
    if (end == std::string::npos) return out + config.substr(at);
    const std::string name = config.substr(begin + 1, end - begin - 1);
    if (is_sink_name(name)) {
      out += config.substr(at, begin - at) + name + std::string(kDomain) + ":80";
      at = end + 1;
    } else {
      out += config.substr(at, end - at);
      at = end;
    }
  }
  return out;
}

std::string Sinks::sink_of(const alerting::Integration& integration) const {
  for (const char* key : {"url", "api_url", "webhook_url", "smarthost"}) {
    const std::string url = integration.text(key);
    const std::size_t end = url.find(kDomain);
    if (end == std::string::npos) continue;
    const std::size_t slash = url.rfind('/', end);
    const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
    return url.substr(begin, end - begin);
  }
  return integration.kind;
}

std::optional<alerting::Answer> Sinks::send(const alerting::Delivery& delivery) {
  const std::string sink = sink_of(*delivery.integration);
  const SinkScript& script = scripts_[sink];
  const Duration at = delivery.at - begin_;
  alerting::Answer answer;
  if (script.slow_until && at < *script.slow_until) answer.latency = script.slow_by;
  if (delivery.at + answer.latency > delivery.deadline) return answer;  // nobody waits so long
  const bool refused =
      (script.status_until && at < *script.status_until) ||
      (script.fail_window && at >= script.fail_window->first && at <= script.fail_window->second);
  if (refused) {
    answer.status = script.status;
    if (answer.status / 100 != 2) ++refused_[sink];
    return answer;
  }
  if (script.ignore_until && at < *script.ignore_until) return answer;
  const auto most = alerting::integer_of(*delivery.integration->node, "max_alerts").value_or(0);
  alerting::WebhookForm form;
  form.max_alerts = static_cast<std::size_t>(most);
  const std::string body =
      alerting::webhook_body(*delivery.notification, form, std::string(kExternalUrl));
  arrivals_.push_back({sink, at + answer.latency, nlohmann::json::parse(body), refused_[sink]});
  return answer;
}

}  // namespace tocsin::routetest
