#include "harness/alerting/integration_rules.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/alerting/http_rules.h"
#include "harness/alerting/schema.h"
#include "harness/alerting/templates.h"

namespace tocsin::alerting {
namespace {

constexpr std::string_view kSlackPost = "https://slack.com/api/chat.postMessage";

/// A setting that an integration takes from `global` when it has none of its own.
struct Inherited {
  std::string_view own;
  std::string_view global;
  std::string_view otherwise = {};
};

/// One integration on its way in.
class IntegrationRules {
 public:
  IntegrationRules(Integration& integration, const yaml::Node* global, Diagnostics& diagnostics)
      : one_(integration), node_(*integration.node), global_(global), diagnostics_(diagnostics) {}

  void check() {
    if (const yaml::Node* http = find_value(node_, "http_config")) {
      check_http_config(*http, diagnostics_);
    }
    if (const yaml::Node* tls = find_value(node_, "tls_config"))
      check_tls_config(*tls, diagnostics_);
    static const std::map<std::string_view, void (IntegrationRules::*)()> rules = {
        {"webhook", &IntegrationRules::webhook},
        {"email", &IntegrationRules::email},
        {"pagerduty", &IntegrationRules::pagerduty},
        {"opsgenie", &IntegrationRules::opsgenie},
        {"wechat", &IntegrationRules::wechat},
        {"slack", &IntegrationRules::slack},
        {"victorops", &IntegrationRules::victorops},
        {"pushover", &IntegrationRules::pushover},
        {"sns", &IntegrationRules::sns},
        {"telegram", &IntegrationRules::telegram},
        {"discord", &IntegrationRules::webhook_url},
        {"webex", &IntegrationRules::webex},
        {"msteams", &IntegrationRules::webhook_url},
        {"msteamsv2", &IntegrationRules::webhook_url},
        {"jira", &IntegrationRules::jira},
        {"rocketchat", &IntegrationRules::rocketchat},
        {"mattermost", &IntegrationRules::mattermost},
        {"incidentio", &IntegrationRules::incidentio}};
    (this->*rules.at(one_.kind))();
  }

 private:
  // --- tools ---

  bool own(std::string_view key) const { return !text_of(node_, key).empty(); }
  bool global(std::string_view key) const {
    return global_ != nullptr && !text_of(*global_, key).empty();
  }
  void fail(std::string message) { diagnostics_.add(node_.error(std::move(message))); }
  void fail_at(const yaml::Node& node, std::string message) {
    diagnostics_.add(node.error(std::move(message)));
  }
  void not_both(std::string_view a, std::string_view b) {
    if (own(a) && own(b)) not_both_named(a, b);
  }
  void not_both_named(std::string_view a, std::string_view b) {
    fail(fmt::format("at most one of {} & {} must be configured", a, b));
  }
  void one_of(std::string_view a, std::string_view b) {
    if (!own(a) && !own(b)) fail(fmt::format("one of {} or {} must be configured", a, b));
    not_both(a, b);
  }
  void inherit(const Inherited& setting) {
    if (own(setting.own)) return;
    std::string value = global_ == nullptr ? "" : text_of(*global_, setting.global);
    if (value.empty()) value = setting.otherwise;
    if (!value.empty()) one_.globals[std::string(setting.own)] = std::move(value);
  }
  /// A secret and its file are taken together.
  void inherit_pair(std::string_view own_key, std::string_view global_key) {
    const std::string own_file = std::string(own_key) + "_file";
    const std::string global_file = std::string(global_key) + "_file";
    if (own(own_key) || own(own_file)) return;
    inherit({own_key, global_key});
    inherit({own_file, global_file});
  }
  bool has_pair(std::string_view key) const {
    return one_.has(key) || one_.has(std::string(key) + "_file");
  }
  /// A bearer token is an authorization, too.
  bool authorizes() const {
    const yaml::Node* http = find_value(node_, "http_config");
    return http != nullptr && (find_value(*http, "authorization") != nullptr ||
                               !text_of(*http, "bearer_token").empty() ||
                               !text_of(*http, "bearer_token_file").empty());
  }

  // --- one integration each ---

  void webhook() {
    one_of("url", "url_file");
    const yaml::Node* url = find_value(node_, "url");
    if (url == nullptr || !url->is_scalar()) return;
    const Result<bool> is_template = contains_template(url->text);
    if (is_template.has_error()) {
      fail("url: invalid template syntax: " + is_template.error().message);
    }
  }
  void webhook_url() { one_of("webhook_url", "webhook_url_file"); }

  void email() {
    if (!own("to")) fail("missing to address in email config");
    std::set<std::string> headers;
    if (const yaml::Node* written = find_value(node_, "headers"); written && written->is_map()) {
      for (const yaml::Node::Entry& entry : written->entries) {
        std::string name = canonical_header(entry.key->text);
        if (!headers.insert(name).second) {
          fail_at(*entry.key, fmt::format("duplicate header \"{}\" in email config", name));
        }
      }
    }
    const yaml::Node* threading = find_value(node_, "threading");
    if (threading != nullptr && flag_of(*threading, "enabled").value_or(false)) {
      for (const std::string name : {"References", "In-Reply-To"}) {
        if (headers.count(name) == 0) continue;
        fail_at(*threading,
                fmt::format("conflicting configuration: threading.enabled conflicts with custom {} "
                            "header",
                            name));
      }
      const std::string by = text_of(*threading, "thread_by_date");
      if (by != "none" && by != "daily") {
        fail_at(*threading, "threading.thread_by_date must be either 'none' or 'daily'");
      }
    }
    for (const Inherited& setting :
         std::initializer_list<Inherited>{{"smarthost", "smtp_smarthost"},
                                          {"from", "smtp_from"},
                                          {"hello", "smtp_hello", "localhost"},
                                          {"auth_username", "smtp_auth_username"},
                                          {"auth_identity", "smtp_auth_identity"},
                                          {"require_tls", "smtp_require_tls", "true"},
                                          {"force_implicit_tls", "smtp_force_implicit_tls"}}) {
      inherit(setting);
    }
    inherit_pair("auth_password", "smtp_auth_password");
    inherit_pair("auth_secret", "smtp_auth_secret");
    if (!one_.has("smarthost")) fail("no global SMTP smarthost set");
    if (!one_.has("from")) fail("no global SMTP from set");
  }

  /// As Go's textproto writes header names.
  static std::string canonical_header(std::string name) {
    bool upper = true;
    for (char& c : name) {
      const auto byte = static_cast<unsigned char>(c);
      c = static_cast<char>(upper ? std::toupper(byte) : std::tolower(byte));
      upper = c == '-';
    }
    return name;
  }

  void slack() {
    not_both("api_url", "api_url_file");
    not_both("app_token", "app_token_file");
    const bool url = own("api_url") || own("api_url_file");
    const bool token = own("app_token") || own("app_token_file");
    if (url && token) {
      fail("at most one of api_url/api_url_file & app_token/app_token_file must be configured");
    }
    if (flag_of(node_, "update_message").value_or(false) &&
        text_of(node_, "api_url") != kSlackPost) {
      fail("update_message can only be used with bot tokens. api_url must be set to " +
           std::string(kSlackPost));
    }
    inherit({"app_url", "slack_app_url", kSlackPost});
    if (!authorizes() && !own("api_url")) inherit_pair("app_token", "slack_app_token");
    inherit_pair("api_url", "slack_api_url");
    if (!has_pair("api_url") && !has_pair("app_token")) {
      fail("no Slack API URL nor App token set either inline or in a file");
    }
    if (has_pair("app_token") && authorizes()) {
      fail("http authorization can't be set when using Slack App tokens");
    }
    for (const yaml::NodePtr& item : items_of(node_, "actions")) slack_action(*item);
    titled_fields("Slack");
  }

  void slack_action(const yaml::Node& action) {
    if (!action.is_map()) return;
    if (text_of(action, "type").empty()) {
      fail_at(action, "missing type in Slack action configuration");
    }
    if (text_of(action, "text").empty()) {
      fail_at(action, "missing text in Slack action configuration");
    }
    if (text_of(action, "url").empty() && text_of(action, "name").empty()) {
      fail_at(action, "missing name or url in Slack action configuration");
    }
    const yaml::Node* confirm = find_value(action, "confirm");
    if (confirm != nullptr && text_of(*confirm, "text").empty()) {
      fail_at(*confirm, "missing text in Slack confirmation configuration");
    }
  }

  void titled_fields(std::string_view who) { titled_fields(node_, who); }
  void titled_fields(const yaml::Node& of, std::string_view who) {
    for (const yaml::NodePtr& item : items_of(of, "fields")) {
      if (!item->is_map()) continue;
      for (const std::string_view key : {"title", "value"}) {
        if (!text_of(*item, key).empty()) continue;
        fail_at(*item, fmt::format("missing {} in {} field configuration", key, who));
      }
    }
  }

  void pagerduty() {
    const bool any = own("routing_key") || own("service_key") || own("routing_key_file") ||
                     own("service_key_file");
    if (!any) fail("missing service or routing key in PagerDuty config");
    not_both("routing_key", "routing_key_file");
    not_both("service_key", "service_key_file");
    inherit({"url", "pagerduty_url", "https://events.pagerduty.com/v2/enqueue"});
  }

  void opsgenie() {
    not_both("api_key", "api_key_file");
    for (const yaml::NodePtr& item : items_of(node_, "responders")) {
      if (item->is_map()) opsgenie_responder(*item);
    }
    inherit({"api_url", "opsgenie_api_url", "https://api.opsgenie.com/"});
    inherit_pair("api_key", "opsgenie_api_key");
    if (!has_pair("api_key")) {
      fail("no global OpsGenie API Key set either inline or in a file");
    }
  }

  void opsgenie_responder(const yaml::Node& responder) {
    const bool named = !text_of(responder, "id").empty() ||
                       !text_of(responder, "username").empty() ||
                       !text_of(responder, "name").empty();
    if (!named) {
      fail_at(
          responder,
          "opsGenieConfig responder has to have at least one of id, username or name specified");
    }
    std::string type = text_of(responder, "type");
    const Result<bool> is_template = contains_template(type);
    if (is_template.has_error()) {
      fail_at(responder, "opsGenieConfig responder type contains invalid template syntax: " +
                             is_template.error().message);
    }
    if (is_template.has_error() || *is_template) return;
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::set<std::string> known = {"team", "teams", "user", "escalation", "schedule"};
    if (known.count(type) == 0) {
      fail_at(responder,
              "opsGenieConfig responder type does not match valid options "
              "^(team|teams|user|escalation|schedule)$");
    }
  }

  void wechat() {
    const std::string type = text_of(node_, "message_type");
    if (!type.empty() && type != "text" && type != "markdown") {
      fail(fmt::format("weChat message type \"{}\" does not match valid options ^(text|markdown)$",
                       type));
    }
    not_both("api_secret", "api_secret_file");
    inherit({"api_url", "wechat_api_url", "https://qyapi.weixin.qq.com/cgi-bin/"});
    inherit_pair("api_secret", "wechat_api_secret");
    inherit({"corp_id", "wechat_api_corp_id"});
    if (!has_pair("api_secret")) {
      fail("no global Wechat Api Secret set either inline or in a file");
    }
    if (!one_.has("corp_id")) fail("no global Wechat CorpID set");
  }

  void victorops() {
    if (!own("routing_key")) fail("missing Routing key in VictorOps config");
    not_both("api_key", "api_key_file");
    const yaml::Node* fields = find_value(node_, "custom_fields");
    if (fields != nullptr && fields->is_map()) {
      for (const std::string_view name :
           {"routing_key", "message_type", "state_message", "entity_display_name",
            "monitoring_tool", "entity_id", "entity_state"}) {
        const yaml::Node::Entry* entry = fields->find_entry(name);
        if (entry == nullptr) continue;
        fail_at(*entry->key,
                fmt::format("victorOps config contains custom field {} which cannot be used as it "
                            "conflicts with the fixed/static fields",
                            name));
      }
    }
    inherit({"api_url", "victorops_api_url",
             "https://alert.victorops.com/integrations/generic/20131114/alert/"});
    inherit_pair("api_key", "victorops_api_key");
    if (!has_pair("api_key")) fail("no global VictorOps API Key set");
  }

  void pushover() {
    one_of("user_key", "user_key_file");
    one_of("token", "token_file");
    if (flag_of(node_, "html").value_or(false) && flag_of(node_, "monospace").value_or(false)) {
      fail("at most one of monospace & html must be configured");
    }
  }

  void sns() {
    const int given = own("target_arn") + own("topic_arn") + own("phone_number");
    // Alertmanager chains two inequalities, so three are as good as one.
    if (given % 2 == 0) {
      fail("must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
    }
    const yaml::Node* sigv4 = find_value(node_, "sigv4");
    if (sigv4 != nullptr &&
        text_of(*sigv4, "access_key").empty() != text_of(*sigv4, "secret_key").empty()) {
      fail_at(*sigv4,
              "must provide a AWS SigV4 Access key and Secret Key if credentials are "
              "specified in the SigV4 config");
    }
  }

  void telegram() {
    not_both("bot_token", "bot_token_file");
    const bool id = integer_of(node_, "chat_id").value_or(0) != 0;
    if (!id && !own("chat_id_file")) fail("missing chat_id or chat_id_file on telegram_config");
    if (id && own("chat_id_file")) {
      fail("at most one of chat_id & chat_id_file must be configured");
    }
    const std::string mode = text_of(node_, "parse_mode");
    if (!mode.empty() && mode != "Markdown" && mode != "MarkdownV2" && mode != "HTML") {
      fail(
          "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty "
          "string");
    }
    inherit({"api_url", "telegram_api_url", "https://api.telegram.org"});
    inherit_pair("bot_token", "telegram_bot_token");
    if (!has_pair("bot_token")) fail("missing bot_token or bot_token_file on telegram_config");
  }

  void webex() {
    if (!own("room_id")) fail("missing room_id on webex_config");
    if (!authorizes()) fail("missing webex_configs.http_config.authorization");
    inherit({"api_url", "webex_api_url", "https://webexapis.com/v1/messages"});
  }

  void jira() {
    if (!own("project")) fail("missing project in jira_config");
    if (!own("issue_type")) fail("missing issue_type in jira_config");
    const yaml::Node* type = node_.find("api_type");
    const std::string written = text_of(node_, "api_type");
    if (type != nullptr && written != "auto" && written != "cloud" && written != "datacenter") {
      fail_at(*type, "unknown api_type on jira_config, must be auto, cloud or datacenter");
    }
    inherit({"api_url", "jira_api_url"});
    if (!one_.has("api_url")) fail("no global Jira Cloud URL set");
  }

  /// Empty tokens count as given.
  void rocketchat() {
    inherit({"api_url", "rocketchat_api_url", "https://open.rocket.chat/"});
    for (const std::string key : {"token", "token_id"}) {
      const bool given = find_value(node_, key) != nullptr;
      if (given && own(key + "_file")) not_both_named(key, key + "_file");
      if (!given) inherit_pair(key, "rocketchat_" + key);
      const bool global_given =
          global_ != nullptr && find_value(*global_, "rocketchat_" + key) != nullptr;
      if (given || global_given || has_pair(key)) continue;
      fail(fmt::format("no global Rocketchat {} set either inline or in a file",
                       key == "token" ? "Token" : "TokenID"));
    }
  }

  void mattermost() {
    not_both("webhook_url", "webhook_url_file");
    inherit_pair("webhook_url", "mattermost_webhook_url");
    if (!has_pair("webhook_url")) {
      fail("missing webhook_url or webhook_url_file on mattermost_config");
    }
    titled_fields("Mattermost");
    for (const yaml::NodePtr& item : items_of(node_, "attachments")) {
      if (item->is_map()) titled_fields(*item, "Mattermost");
    }
  }

  void incidentio() {
    one_of("url", "url_file");
    not_both("alert_source_token", "alert_source_token_file");
    const bool token = own("alert_source_token") || own("alert_source_token_file");
    if (authorizes() && token) {
      fail(
          "cannot specify alert_source_token or alert_source_token_file when using "
          "http_config.authorization");
    }
    if (find_value(node_, "http_config") != nullptr && !authorizes() && !token) {
      fail(
          "at least one of alert_source_token, alert_source_token_file or "
          "http_config.authorization must be configured");
    }
  }

  Integration& one_;
  const yaml::Node& node_;
  const yaml::Node* global_;
  Diagnostics& diagnostics_;
};

/// A mapping that an integration has of itself or takes from `global`; or null.
yaml::NodePtr own_or_global(const yaml::Node& own, std::string_view own_key,
                            const yaml::Node* global, std::string_view global_key) {
  for (const auto& [from, key] : {std::pair(&own, own_key), std::pair(global, global_key)}) {
    if (from == nullptr || !from->is_map()) continue;
    const yaml::Node::Entry* entry = from->find_entry(key);
    if (entry != nullptr && entry->value->is_map()) return entry->value;
  }
  return nullptr;
}

}  // namespace

const std::vector<IntegrationKind>& integration_kinds() {
  static const std::vector<IntegrationKind> kinds = {
      {"webhook", true},    {"email", false},    {"pagerduty", true}, {"opsgenie", true},
      {"wechat", false},    {"slack", false},    {"victorops", true}, {"pushover", true},
      {"sns", true},        {"telegram", true},  {"discord", true},   {"webex", true},
      {"msteams", true},    {"msteamsv2", true}, {"jira", true},      {"rocketchat", false},
      {"mattermost", true}, {"incidentio", true}};
  return kinds;
}

Integration read_integration(const IntegrationKind& kind, std::size_t index, yaml::NodePtr node,
                             const yaml::Node* global, Diagnostics& diagnostics) {
  Integration integration;
  integration.kind = kind.name;
  integration.index = index;
  integration.pos = node->pos();
  integration.node = std::move(node);
  integration.send_resolved = kind.send_resolved;
  const yaml::Node& written = *integration.node;
  integration.http = own_or_global(written, "http_config", global, "http_config");
  if (kind.name == "email") {
    integration.tls = own_or_global(written, "tls_config", global, "smtp_tls_config");
  }
  if (!written.is_map()) {
    if (written.is_null())
      diagnostics.add(written.error(fmt::format("missing {} config", kind.name)));
    return integration;
  }
  if (written.find("send_resolved") != nullptr) {
    integration.send_resolved = flag_of(written, "send_resolved").value_or(false);
  }
  if (const yaml::Node* timeout = find_value(written, "timeout");
      timeout != nullptr && timeout->is_scalar()) {
    const Result<Nanos> length = parse_go_duration(timeout->text);
    const Nanos nanos =
        length.has_value() ? *length : Nanos(integer_of(written, "timeout").value_or(0));
    if (nanos > Nanos(0)) integration.timeout = nanos;
  }
  IntegrationRules(integration, global, diagnostics).check();
  return integration;
}

void check_global(const yaml::Node& global, Diagnostics& diagnostics) {
  const auto has = [&](std::string_view key) { return !text_of(global, key).empty(); };
  for (const std::string_view key :
       {"slack_app_token", "slack_api_url", "opsgenie_api_key", "victorops_api_key",
        "telegram_bot_token", "smtp_auth_password", "rocketchat_token", "rocketchat_token_id",
        "smtp_auth_secret", "wechat_api_secret", "mattermost_webhook_url"}) {
    const std::string file = std::string(key) + "_file";
    if (!has(key) || !has(file)) continue;
    diagnostics.add(global.find_entry(file)->key->error(
        fmt::format("at most one of {} & {} must be configured", key, file)));
  }
  const bool token = has("slack_app_token") || has("slack_app_token_file");
  const bool url = has("slack_api_url") || has("slack_api_url_file");
  const std::string app_url =
      has("slack_app_url") ? text_of(global, "slack_app_url") : std::string(kSlackPost);
  if (token && url && text_of(global, "slack_api_url") != app_url) {
    diagnostics.add(global.error(
        "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file "
        "must be configured"));
  }
  if (const yaml::Node* http = find_value(global, "http_config")) {
    check_http_config(*http, diagnostics);
  }
  if (const yaml::Node* tls = find_value(global, "smtp_tls_config")) {
    check_tls_config(*tls, diagnostics);
  }
}

}  // namespace tocsin::alerting
