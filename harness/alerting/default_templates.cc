#include "harness/alerting/default_templates.h"

#include <string_view>
#include <utility>

namespace tocsin::alerting {
namespace {

std::string definition(std::string_view name, std::string_view body) {
  return "{{define \"" + std::string(name) + "\"}}" + std::string(body) + "{{end}}";
}

std::string call_of(std::string_view name, std::string_view data = ".") {
  return "{{template \"" + std::string(name) + "\" " + std::string(data) + "}}";
}

/// `text` around the list of the firing, and then of the resolved alerts, where there are any.
std::string sections(std::string_view list, std::string_view before, std::string_view behind,
                     std::string_view between) {
  std::string out;
  for (const std::string_view state : {"Firing", "Resolved"}) {
    const std::string alerts = ".Alerts." + std::string(state);
    if (state == "Resolved") out += between;
    out += "{{if " + alerts + "}}" + std::string(before) + "Alerts " + std::string(state) + ":\n" +
           call_of(list, alerts) + std::string(behind) + "{{end}}";
  }
  return out;
}

/// Names that say the same as another one.
constexpr std::pair<std::string_view, std::string_view> kSame[] = {
    {"slack.default.title", "__subject"},
    {"slack.default.username", "__alertmanager"},
    {"slack.default.titlelink", "__alertmanagerURL"},
    {"slack.default.color", "__color"},
    {"pagerduty.default.description", "__subject"},
    {"pagerduty.default.client", "__alertmanager"},
    {"pagerduty.default.clientURL", "__alertmanagerURL"},
    {"pagerduty.default.instances", "__text_alert_list"},
    {"opsgenie.default.message", "__subject"},
    {"opsgenie.default.description", "__tight"},
    {"opsgenie.default.source", "__alertmanagerURL"},
    {"victorops.default.state_message", "__tight"},
    {"victorops.default.entity_display_name", "__subject"},
    {"victorops.default.monitoring_tool", "__alertmanager"},
    {"pushover.default.title", "__subject"},
    {"pushover.default.message", "__loose"},
    {"pushover.default.url", "__alertmanagerURL"},
    {"sns.default.subject", "__subject"},
    {"sns.default.message", "__loose"},
    {"telegram.default.message", "__bare"},
    {"discord.default.title", "__subject"},
    {"discord.default.message", "__bare"},
    {"webex.default.message", "__loose"},
    {"msteams.default.summary", "__subject"},
    {"msteams.default.title", "__subject"},
    {"msteams.default.text", "__markdown"},
    {"msteamsv2.default.title", "__subject"},
    {"msteamsv2.default.text", "__markdown"},
    {"jira.default.summary", "__subject"},
    {"jira.default.description", "__markdown"},
    {"rocketchat.default.title", "__subject"},
    {"rocketchat.default.alias", "__alertmanager"},
    {"rocketchat.default.titlelink", "__alertmanagerURL"},
    {"mattermost.default.color", "__color"},
    {"mattermost.default.username", "__alertmanager"},
    {"mattermost.default.title", "__subject"},
    {"mattermost.default.titlelink", "__alertmanagerURL"},
    {"mattermost.default.text", "__markdown"},
    {"email.default.subject", "__subject"},
};

/// Names that say nothing.
constexpr std::string_view kNothing[] = {
    "__description",
    "slack.default.callbackid",
    "slack.default.pretext",
    "slack.default.iconemoji",
    "slack.default.iconurl",
    "slack.default.text",
    "slack.default.footer",
    "wechat.default.to_user",
    "wechat.default.to_party",
    "wechat.default.to_tag",
    "wechat.default.agent_id",
    "discord.default.content",
    "rocketchat.default.emoji",
    "rocketchat.default.iconurl",
    "rocketchat.default.text",
};

constexpr std::string_view kSubject =
    R"([{{if eq .Status "firing"}}FIRING:{{len .Alerts.Firing}}{{else}}{{toUpper .Status}}{{end}}])"
    R"( {{.GroupLabels.Values.Join " "}} )"
    R"({{if lt (len .GroupLabels) (len .CommonLabels)}})"
    R"(({{(.CommonLabels.Remove .GroupLabels.Names).Values.Join " "}}){{end}})";

/// The highest severity of a list, into $is; what is only informative does not lower it.
constexpr std::string_view kHighest =
    R"({{$s := .Labels.severity}}{{if eq $s "critical"}}{{$is = "High"}})"
    R"({{else if and (eq $s "warning") (ne $is "High")}}{{$is = "Medium"}})"
    R"({{else if and (eq $s "info") (eq $is "")}}{{$is = "Low"}}{{end}})";

std::string priority() {
  const std::string highest(kHighest);
  return R"({{$is := ""}}{{range .Alerts.Firing}})" + highest +
         "{{end}}{{if not $is}}{{range .Alerts.Resolved}}" + highest + "{{end}}{{end}}{{$is}}";
}

}  // namespace

std::string default_templates() {
  const std::string values = R"({{.CommonAnnotations.Values.Join " "}})";
  std::string out;
  out += definition("__alertmanager", "Alertmanager");
  out +=
      definition("__alertmanagerURL", "{{.ExternalURL}}/#/alerts?receiver={{urlquery .Receiver}}");
  out += definition("__subject", kSubject);
  out += definition("__color", R"({{if eq .Status "firing"}}danger{{else}}good{{end}})");
  out += definition("__items", "{{range .SortedPairs}} - {{.Name}} = {{.Value}}\n{{end}}");
  out += definition("__text_alert_list", "{{range .}}Labels:\n" + call_of("__items", ".Labels") +
                                             "Annotations:\n" + call_of("__items", ".Annotations") +
                                             "Source: {{.GeneratorURL}}\n{{end}}");
  out +=
      definition("__markdown_items", "{{range .SortedPairs}}  - {{.Name}} = {{.Value}}\n{{end}}");
  out += definition("__text_alert_list_markdown",
                    "{{range .}}\nLabels:\n" + call_of("__markdown_items", ".Labels") +
                        "\nAnnotations:\n" + call_of("__markdown_items", ".Annotations") +
                        "\nSource: {{.GeneratorURL}}\n{{end}}\n");
  out += definition("__tight", values + "\n" + sections("__text_alert_list", "", "", "\n"));
  const std::string loose = "\n" + sections("__text_alert_list", "\n", "\n", "\n") + "\n";
  out += definition("__loose", values + loose);
  out += definition("__bare", loose);
  out += definition("__markdown",
                    "\n" + sections("__text_alert_list_markdown", "\n# ", "\n", "\n") + "\n");
  for (const auto& [name, same] : kSame) out += definition(name, call_of(same));
  for (const std::string_view name : kNothing) out += definition(name, "");
  for (const std::string_view who : {"slack.default", "mattermost.default"}) {
    out += definition(std::string(who) + ".fallback", call_of(std::string(who) + ".title") + " | " +
                                                          call_of(std::string(who) + ".titlelink"));
  }
  out += definition("wechat.default.message", call_of("__subject") + "\n" + call_of("__tight") +
                                                  "\nAlertmanagerUrl:\n" +
                                                  call_of("__alertmanagerURL"));
  out += definition("jira.default.priority", priority());
  return out;
}

}  // namespace tocsin::alerting
