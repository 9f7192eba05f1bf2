#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/scenario/json_text.h"
#include "harness/scenario/read.h"
#include "harness/scenario/text_template.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using FieldKind = HealthField::Kind;

constexpr std::array<HealthState, 3> kStates = {HealthState::kHealthy, HealthState::kDegraded,
                                                HealthState::kUnhealthy};

struct Placeholder {
  std::string_view name;
  FieldKind kind;
};
constexpr std::array<Placeholder, 6> kPlaceholders = {{{"$state", FieldKind::kState},
                                                       {"$ok", FieldKind::kOk},
                                                       {"$timestamp", FieldKind::kTimestamp},
                                                       {"$uptime", FieldKind::kUptime},
                                                       {"$checks", FieldKind::kChecks},
                                                       {"$message", FieldKind::kMessage}}};

/// Where a body stands: a check has a message, an endpoint has checks, another answer neither.
enum class BodyOf { kEndpoint, kCheck, kAnswer };

bool may_stand(FieldKind kind, BodyOf body_of) {
  if (kind == FieldKind::kTimestamp || kind == FieldKind::kUptime) return true;
  if (kind == FieldKind::kChecks) return body_of == BodyOf::kEndpoint;
  if (kind == FieldKind::kMessage) return body_of == BodyOf::kCheck;
  return body_of != BodyOf::kAnswer;
}

class HealthReader {
 public:
  HealthReader(const Target& target, Problems& problems) : target_(target), problems_(problems) {}

  HealthEndpoint read(const yaml::Node::Entry& entry) {
    const yaml::Node& node = *entry.value;
    HealthEndpoint endpoint;
    endpoint.path = entry.key->text;
    endpoint.pos = entry.key->pos();
    check_path(*entry.key);
    read_codes(node.find("codes"), endpoint);
    endpoint.latency = length_of(node.find("latency"), endpoint.latency);
    if (const yaml::Node* probe = node.find("probe")) endpoint.probe = read_probe(*probe);
    if (const yaml::Node* checks = node.find("checks")) {
      for (const yaml::Node::Entry& check : checks->entries) {
        endpoint.checks.push_back(read_check(check));
      }
    }
    if (const yaml::Node* body = node.find("body")) {
      endpoint.body = read_body(*body, BodyOf::kEndpoint);
    }
    return endpoint;
  }

  std::vector<HealthField> read_body(const yaml::Node& node, BodyOf body_of) {
    std::vector<HealthField> fields;
    for (const yaml::Node::Entry& entry : node.entries) {
      HealthField field = read_field(*entry.value, body_of);
      field.key = entry.key->text;
      fields.push_back(std::move(field));
    }
    return fields;
  }

 private:
  void check_path(const yaml::Node& key) {
    if (!key.text.starts_with('/')) problems_.add(key, "a path begins with \"/\"");
    if (key.text == target_.metrics_path) {
      problems_.add(key, fmt::format("{} is where metrics are", key.text));
    }
    for (const Endpoint& endpoint : target_.endpoints) {
      if (endpoint.path == key.text && endpoint.method == "GET") {
        problems_.add(key, fmt::format("{} is an endpoint too", key.text));
      }
    }
  }

  void read_codes(const yaml::Node* node, HealthEndpoint& endpoint) {
    for (const HealthState state : kStates) {
      const int fallback = state == HealthState::kUnhealthy ? 503 : 200;
      const yaml::Node* code = node != nullptr ? node->find(to_string(state)) : nullptr;
      const std::uint64_t value = count_of(code, static_cast<std::uint64_t>(fallback));
      if (value < 200 || value > 599) problems_.add(*code, "expected an HTTP status, 200 to 599");
      endpoint.codes[state] = static_cast<int>(std::min<std::uint64_t>(value, 599));
    }
  }

  ProbeSpec read_probe(const yaml::Node& node) {
    ProbeSpec probe;
    probe.initial_delay = length_of(node.find("initial_delay"), probe.initial_delay);
    probe.period = positive(node.find("period"), probe.period);
    probe.timeout = positive(node.find("timeout"), probe.timeout);
    probe.success_threshold = threshold(node.find("success_threshold"), probe.success_threshold);
    probe.failure_threshold = threshold(node.find("failure_threshold"), probe.failure_threshold);
    return probe;
  }

  Duration positive(const yaml::Node* node, Duration fallback) {
    const Duration length = length_of(node, fallback);
    if (length <= Duration(0)) problems_.add(*node, "expected a duration longer than 0s");
    return length;
  }

  int threshold(const yaml::Node* node, int fallback) {
    const std::uint64_t value = count_of(node, static_cast<std::uint64_t>(fallback));
    if (value < 1 || value > 1000) problems_.add(*node, "expected a threshold from 1 to 1000");
    return static_cast<int>(std::min<std::uint64_t>(value, 1000));
  }

  HealthCheck read_check(const yaml::Node::Entry& entry) {
    const yaml::Node& node = *entry.value;
    HealthCheck check;
    check.name = entry.key->text;
    check.pos = entry.key->pos();
    check.degraded = condition(node.find("degraded"));
    check.unhealthy = condition(node.find("unhealthy"));
    check.critical = bool_of(node.find("critical"), true);
    if (const yaml::Node* message = node.find("message")) read_messages(*message, check);
    const yaml::Node* body = node.find("body");
    if (body != nullptr && body->is_map()) check.fields = read_body(*body, BodyOf::kCheck);
    if (body != nullptr && body->is_scalar()) check.value = read_field(*body, BodyOf::kCheck);
    return check;
  }

  std::optional<Formula> condition(const yaml::Node* node) {
    if (node == nullptr) return std::nullopt;
    auto formula = read_formula(*node, target_, problems_);
    if (!formula) return std::nullopt;
    return std::move(formula->formula);
  }

  void read_messages(const yaml::Node& node, HealthCheck& check) {
    for (const HealthState state : kStates) {
      const yaml::Node* message = node.is_scalar() ? &node : node.find(to_string(state));
      if (message == nullptr || !message->is_scalar()) continue;
      check_text(*message);
      check.messages[state] = message->text;
    }
  }

  void check_text(const yaml::Node& node) {
    const auto text = TextTemplate::parse(node.text);
    if (text.has_error()) {
      problems_.add_parse_error(node, text.error());
      return;
    }
    for (const std::string& name : text->signals()) {
      if (find_signal(target_, name)) continue;
      problems_.unknown(node, fmt::format("{} has no signal \"{}\"", target_.name, name), name,
                        readable_names(target_, name));
    }
  }

  HealthField read_field(const yaml::Node& node, BodyOf body_of) {
    HealthField field;
    if (node.is_map()) {
      field.kind = FieldKind::kObject;
      field.children = read_body(node, body_of);
    } else if (node.is_scalar() && node.text.starts_with('$')) {
      field.kind = placeholder(node, body_of);
    } else if (node.is_scalar() && node.text.starts_with('=')) {
      read_number(node, field);
    } else {
      field.text = json_text(node);
      field.kind =
          node.is_scalar() && field.text.starts_with('"') ? FieldKind::kText : FieldKind::kJson;
      if (field.kind == FieldKind::kText) {
        field.text = node.text;
        check_text(node);
      }
    }
    return field;
  }

  FieldKind placeholder(const yaml::Node& node, BodyOf body_of) {
    std::vector<std::string> known;
    for (const Placeholder& one : kPlaceholders) {
      if (!may_stand(one.kind, body_of)) continue;
      if (one.name == node.text) return one.kind;
      known.emplace_back(one.name);
    }
    problems_.unknown(node, fmt::format("there is no {} here", node.text), node.text, known);
    return FieldKind::kText;
  }

  /// "=free.bytes / 1000" or, rounded, "=free.bytes / 1000 :.1f".
  void read_number(const yaml::Node& node, HealthField& field) {
    field.kind = FieldKind::kNumber;
    std::string formula = node.text;
    formula.front() = ' ';  // in place of "=", so that the columns of errors stay true
    const std::size_t colon = formula.rfind(':');
    if (colon != std::string::npos) {
      const std::string_view format = trim(std::string_view(formula).substr(colon + 1));
      const bool fits = format.size() == 3 && format[0] == '.' && format[1] >= '0' &&
                        format[1] <= '9' && format[2] == 'f';
      if (!fits) {
        problems_.add(node, "expected a rounding like :.1f behind the formula");
        return;
      }
      field.decimals = format[1] - '0';
      formula.resize(colon);
    }
    auto read = read_formula(node, formula, target_, problems_);
    if (read) field.number = std::move(read->formula);
  }

  const Target& target_;
  Problems& problems_;
};

}  // namespace

std::vector<HealthEndpoint> read_health(const yaml::Node& node, const Target& target,
                                        Problems& problems) {
  std::vector<HealthEndpoint> endpoints;
  for (const yaml::Node::Entry& entry : node.entries) {
    endpoints.push_back(HealthReader(target, problems).read(entry));
  }
  return endpoints;
}

std::vector<HealthField> read_answer_body(const yaml::Node& node, const Target& target,
                                          Problems& problems) {
  return HealthReader(target, problems).read_body(node, BodyOf::kAnswer);
}

}  // namespace tocsin::scenario
