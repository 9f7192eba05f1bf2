#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <glob.h>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/alerting/message.h"
#include "harness/alerting/notification_functions.h"
#include "harness/alerting/templates.h"
#include "harness/check/alert_labels.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/yaml_scalars.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"
#include "harness/rules/template_syntax.h"

/// What notifications say.

namespace tocsin::check {
namespace {

namespace notice = rules::templates;
using alerting::Config;
using alerting::Integration;
using alerting::Route;

enum NotificationCheck {
  kMissingTemplate,
  kBrokenTemplate,
  kGroupLabelText,
  kUnknownAnnotation,
};

constexpr Check kNotifications[] = {
    {"alertmanager/missing-template", Severity::kWarning,
     "`templates` names a file that is not there",
     "What it would define is missing when a notification is written.",
     "Correct the path; it is relative to the file that names it."},
    {"alertmanager/broken-template", Severity::kError, "A text that cannot be written",
     "The template fails when a notification is due, and nobody is told.",
     "Correct what the message names."},
    {"alertmanager/group-text", Severity::kWarning, "A text shows a label that groups have not",
     ".GroupLabels has what group_by names; other labels are empty there.",
     "Group by it, or show .CommonLabels."},
    {"alertmanager/unknown-annotation", Severity::kWarning,
     "A text shows an annotation that alerts have not", "It is empty there.",
     "Show an annotation that the rules give, or give it."},
};

/// Every field that a template reads, with its place: {"GroupLabels", "alertname"}.
class FieldWalk {
 public:
  using See = std::function<void(const std::vector<std::string>& fields, std::uint32_t pos)>;
  explicit FieldWalk(See see) : see_(std::move(see)) {}

  void walk(const notice::NodeList& nodes) {
    for (const notice::Node& node : nodes) {
      if (node.pipeline) walk(*node.pipeline);
      walk(node.body);
      walk(node.otherwise);
    }
  }

 private:
  void walk(const notice::Pipeline& pipeline) {
    for (const notice::Command& command : pipeline.commands) {
      for (const notice::Operand& operand : command.arguments) walk(operand);
    }
  }
  void walk(const notice::Operand& operand) {
    if (operand.pipeline) walk(*operand.pipeline);
    if (operand.base) walk(*operand.base);
    if (!operand.fields.empty()) see_(operand.fields, operand.pos);
  }

  See see_;
};

class NotificationLook {
 public:
  NotificationLook(const Subject& subject, const Config& config, Findings& findings)
      : subject_(subject), config_(config), findings_(findings) {}

  void look() {
    look_at_files();
    for (const alerting::Receiver& receiver : config_.receivers) {
      receiver_ = receiver.name;
      for (const Integration& integration : receiver.integrations) {
        if (!integration.node) continue;
        for_scalars(*integration.node, "", [&](const std::string&, const yaml::Node& node) {
          if (node.text.find("{{") != std::string::npos) look_at_text(node);
        });
      }
    }
  }

 private:
  void add(NotificationCheck check, const yaml::Node& node, std::string message,
           std::string way_out = {}, std::optional<std::size_t> at = {}, std::size_t length = 0) {
    Finding finding;
    finding.place.pos = node.pos();
    const yaml::ScalarMap map = node.places();
    finding.place.end = map.at(node.text.size());
    if (at) finding.place = {map.at(*at), map.at(*at + length)};
    finding.about = receiver_.empty() ? "" : "receiver " + receiver_;
    finding.message = std::move(message);
    finding.way_out = std::move(way_out);
    findings_.add(kNotifications[check], std::move(finding));
  }

  /// Patterns of files, and the templates in them.
  void look_at_files() {
    const yaml::Node* list = config_.root ? config_.root->find("templates") : nullptr;
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      if (!list->items[i]->is_scalar() || i >= config_.templates.size()) continue;
      glob_t found{};
      const bool any = ::glob(config_.templates[i].c_str(), 0, nullptr, &found) == 0;
      ::globfree(&found);
      all_files_ = all_files_ && any;
      // What is at an absolute path elsewhere nobody can say here.
      const bool elsewhere = std::filesystem::path(list->items[i]->text).is_absolute();
      if (!any && !elsewhere) {
        add(kMissingTemplate, *list->items[i],
            fmt::format("there is no file {}", list->items[i]->text));
      }
    }
    Diagnostics problems;
    templates_ = alerting::Templates::load(config_, problems);
    all_files_ = all_files_ && problems.ok();
    for (const Error& problem : problems.sorted()) {
      Finding finding;
      finding.place.pos = problem.pos;
      finding.message = problem.message;
      findings_.add(kNotifications[kBrokenTemplate], std::move(finding));
    }
  }

  void look_at_text(const yaml::Node& node) {
    const auto tree = notice::parse(node.text, {}, alerting::notification_functions());
    if (tree.has_error()) {
      const auto& problem = tree.error();
      return add(kBrokenTemplate, node, problem.message, problem.hint, problem.pos,
                 static_cast<std::size_t>(std::max(problem.length, 1)));
    }
    if (all_files_) look_for_failure(node);
    FieldWalk([&](const std::vector<std::string>& fields, std::uint32_t pos) {
      for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
        look_at_field(node, fields[i], fields[i + 1], pos);
      }
    }).walk(tree->root);
  }

  /// As if one alert were to be told of.
  void look_for_failure(const yaml::Node& node) {
    const auto alert = sample();
    const auto said = templates_.text(node.text, alert_data(alert), alert.starts_at);
    if (said.has_value()) return;
    add(kBrokenTemplate, node, said.error().message);
  }

  static alerting::NotifiedAlert sample() {
    alerting::NotifiedAlert alert;
    alert.labels = {
        {"alertname", "Sample"}, {"instance", "a:80"}, {"job", "a"}, {"severity", "critical"}};
    alert.starts_at = Timestamp(std::chrono::hours(24 * 365 * 55));
    auto text = std::make_shared<alerting::AlertText>();
    text->annotations = {{"description", "d"}, {"summary", "s"}};
    text->generator_url = "http://localhost:9090/graph";
    alert.text = text;
    return alert;
  }
  static alerting::MessageData alert_data(const alerting::NotifiedAlert& alert) {
    alerting::MessageData data;
    data.receiver = "a";
    data.status = "firing";
    data.alerts = {&alert, 1};
    for (const LabelView label : alert.labels) {
      data.common_labels.emplace(label.name, label.value);
    }
    data.group_labels = data.common_labels;
    data.common_annotations = alert.text->annotations;
    data.external_url = "http://localhost:9093";
    return data;
  }

  void look_at_field(const yaml::Node& node, const std::string& of, const std::string& name,
                     std::uint32_t pos) {
    const bool method =
        name == "SortedPairs" || name == "Names" || name == "Values" || name == "Remove";
    if (method) return;
    const std::size_t at = node.text.rfind("." + of, pos + of.size() + 1);
    const std::size_t from = at == std::string::npos ? pos : at;
    const std::size_t length = of.size() + name.size() + 2;
    if (of == "GroupLabels" && !grouped_by(name)) {
      return add(kGroupLabelText, node, fmt::format("groups have no label {}", name), "", from,
                 length);
    }
    if (of != "Annotations" && of != "CommonAnnotations") return;
    std::set<std::string> known;
    bool any_alert = false;
    for (const RuleUse* use : subject_.rules_for_alertmanager(config_.path)) {
      any_alert = any_alert || use->alerts();
      for (const auto& [annotation, text] : use->rule->annotations) known.insert(annotation);
    }
    // That some alerts lack it is one thing, that all do another.
    if (!any_alert || known.contains(name)) return;
    add(kUnknownAnnotation, node, fmt::format("no alert here has an annotation {}", name),
        known.empty() ? "no alert here has any"
                      : fmt::format("they have {}", listed({known.begin(), known.end()}, 8)),
        from, length);
  }

  /// Whether all routes to the receiver group by the label.
  bool grouped_by(const std::string& label) const {
    bool all = true;
    const std::function<void(const Route&)> visit = [&](const Route& route) {
      if (route.receiver == receiver_ && !route.group_by_all) {
        all = all && std::binary_search(route.group_by.begin(), route.group_by.end(), label);
      }
      for (const Route& child : route.routes) visit(child);
    };
    visit(config_.route);
    return all;
  }

  const Subject& subject_;
  const Config& config_;
  Findings& findings_;
  alerting::Templates templates_;
  bool all_files_ = true;  ///< all template files are here and good
  std::string receiver_;
};

void look_at_notifications(const Subject& subject, Findings& findings) {
  for (const auto& config : subject.alertmanagers) {
    NotificationLook(subject, *config, findings).look();
  }
}

}  // namespace

const CheckGroup kNotificationChecks{kNotifications, look_at_notifications};

}  // namespace tocsin::check
