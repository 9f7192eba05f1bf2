#include "harness/stack/alertmanager_config.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/model/notification_mark.h"
#include "harness/yaml/writer.h"

namespace tocsin::stack {
namespace {

using yaml::Node;
using yaml::NodePtr;

constexpr std::size_t kLargestSecret = 64 << 10;
constexpr std::string_view kConfigs = "_configs";
constexpr std::string_view kFile = "_file";

/// The setting that says where an integration sends to; empty: there is none.
std::string_view address_key(std::string_view kind) {
  static const std::map<std::string_view, std::string_view> keys = {{"webhook", "url"},
                                                                    {"slack", "api_url"},
                                                                    {"pagerduty", "url"},
                                                                    {"opsgenie", "api_url"},
                                                                    {"msteams", "webhook_url"},
                                                                    {"msteamsv2", "webhook_url"},
                                                                    {"discord", "webhook_url"},
                                                                    {"telegram", "api_url"},
                                                                    {"webex", "api_url"},
                                                                    {"victorops", "api_url"},
                                                                    {"wechat", "api_url"},
                                                                    {"sns", "api_url"},
                                                                    {"mattermost", "webhook_url"},
                                                                    {"rocketchat", "api_url"},
                                                                    {"jira", "api_url"},
                                                                    {"incidentio", "url"},
                                                                    {"email", "smarthost"}};
  const auto it = keys.find(kind);
  return it == keys.end() ? std::string_view() : it->second;
}

bool is_url_file(std::string_view key) {
  return key == "url_file" || key == "api_url_file" || key == "webhook_url_file" ||
         key.ends_with("_api_url_file") || key.ends_with("_webhook_url_file");
}

/// What would lead elsewhere than to our receivers.
bool leads_elsewhere(std::string_view key) {
  static const std::set<std::string_view> keys = {"proxy_url",
                                                  "no_proxy",
                                                  "proxy_from_environment",
                                                  "proxy_connect_header",
                                                  "tls_config",
                                                  "oauth2",
                                                  "force_implicit_tls",
                                                  "tracing",
                                                  "smtp_tls_config",
                                                  "smtp_force_implicit_tls",
                                                  "update_message"};
  return keys.count(key) > 0;
}

class Rewriter {
 public:
  Rewriter(const alerting::Config& config, const ReceiverAddresses& addresses, double time_scale)
      : config_(config), addresses_(addresses), scale_(time_scale) {
    folder_ = config.path.substr(0, config.path.find_last_of('/') + 1);
  }

  RewrittenConfig run() {
    NodePtr root = config_.root;
    const NodePtr none = std::make_shared<const Node>();
    root = yaml::with(*root, "tracing", nullptr);
    root = yaml::with(*root, "global", global(child(*root, "global")));
    root = yaml::with(*root, "route", route(*config_.root->find("route"), &config_.route));
    root = yaml::with(*root, "templates", templates(*root));
    if (const Node* list = config_.root->find("receivers")) {
      std::vector<NodePtr> receivers;
      for (const NodePtr& item : list->items) receivers.push_back(receiver(*item));
      root = yaml::with(*root, "receivers", yaml::with_items(*list, std::move(receivers)));
    }
    note_intervals();
    result_.text = yaml::write(*root);
    return std::move(result_);
  }

 private:
  /// A map; an empty one when there is none.
  static NodePtr child(const Node& map, std::string_view key) {
    const Node::Entry* entry = map.find_entry(key);
    if (entry != nullptr && entry->value->is_map()) return entry->value;
    auto made = std::make_shared<Node>();
    made->kind = Node::Kind::kMap;
    made->source = map.source;
    made->offset = map.offset;
    return made;
  }

  NodePtr text(std::string value) const { return yaml::scalar(*config_.root, std::move(value)); }

  NodePtr duration(Duration written) const {
    if (written.count() == 0 || scale_ == 1) return text(format_duration(written));
    const auto ms = std::llround(static_cast<double>(written.count()) / scale_);
    return text(format_duration(Duration(std::max<std::int64_t>(1, ms))));
  }

  NodePtr global(NodePtr map) {
    NodePtr made = settings(*map, "global");
    // Every integration has its own address.
    for (const Node::Entry& entry : map->entries) {
      const std::string& key = entry.key->text;
      if (key.ends_with("_url") || key == "smtp_smarthost") made = yaml::with(*made, key, nullptr);
    }
    return yaml::with(*made, "resolve_timeout", duration(config_.resolve_timeout));
  }

  /// `known`: what the reader made of it, with what it inherited. The root's waits are written down
  /// even where they are defaults.
  NodePtr route(const Node& node, const alerting::Route* known) {
    NodePtr made = std::make_shared<const Node>(node);
    const bool root = known == &config_.route;
    const std::pair<const char*, Duration> waits[] = {{"group_wait", known->group_wait},
                                                      {"group_interval", known->group_interval},
                                                      {"repeat_interval", known->repeat_interval}};
    for (const auto& [key, value] : waits) {
      const Node* own = node.find(key);
      const bool written = own != nullptr && !own->is_null();
      if (root || written) made = yaml::with(*made, key, duration(value));
    }
    const Node* children = node.find("routes");
    if (children == nullptr || !children->is_list()) return made;
    std::vector<NodePtr> routes;
    for (std::size_t i = 0; i < children->items.size() && i < known->routes.size(); ++i) {
      routes.push_back(route(*children->items[i], &known->routes[i]));
    }
    return yaml::with(*made, "routes", yaml::with_items(*children, std::move(routes)));
  }

  NodePtr templates(const Node& root) const {
    std::vector<NodePtr> patterns;
    for (const std::string& pattern : config_.templates) patterns.push_back(text(pattern));
    return patterns.empty() ? nullptr : yaml::with_items(root, std::move(patterns));
  }

  NodePtr receiver(const Node& node) {
    NodePtr made = std::make_shared<const Node>(node);
    const Node* name = node.find("name");
    for (const auto& [key, value] : node.entries) {
      if (!key->text.ends_with(kConfigs) || !value->is_list()) continue;
      const std::string kind = key->text.substr(0, key->text.size() - kConfigs.size());
      std::vector<NodePtr> integrations;
      for (std::size_t i = 0; i < value->items.size(); ++i) {
        NodePtr one = integration(*value->items[i], name->text, kind, i);
        if (one != nullptr) integrations.push_back(std::move(one));
      }
      made = yaml::with(
          *made, key->text,
          integrations.empty() ? nullptr : yaml::with_items(*value, std::move(integrations)));
    }
    return made;
  }

  NodePtr integration(const Node& node, const std::string& receiver, const std::string& kind,
                      std::size_t index) {
    std::string address(address_key(kind));
    if (address.empty() && !addresses_.fixed_ones) {
      result_.left_out.push_back(fmt::format(
          "receiver {}: {} cannot be pointed at our receivers and was left out", receiver, kind));
      result_.gone.emplace_back(receiver, kind);
      return nullptr;
    }
    NodePtr made = settings(node, "receiver " + receiver);
    const bool mail = kind == "email";
    if (kind == "slack" && by_token(*made)) {
      made = yaml::with(*made, "api_url", nullptr);
      address = "app_url";
    }
    if (!address.empty()) {
      made = yaml::with(*made, address,
                        text((mail ? addresses_.mail : addresses_.url)(receiver, kind, index)));
    }
    if (kind == "pagerduty" && !addresses_.fixed_ones) made = second_version(made, receiver);
    if (kind == "sns") made = yaml::with(*made, "sigv4", signature(*child(*made, "sigv4")));
    if (kind == "incidentio") made = with_token(made);
    if (mail) made = with_tls(made, receiver, index);
    return addresses_.mark ? marked(std::move(made), kind) : made;
  }

  /// Whether Slack is told by its web API, with a token, perhaps that of `global`.
  bool by_token(const Node& slack) const {
    if (has(slack, "app_token")) return true;
    const NodePtr global = child(*config_.root, "global");
    const bool global_token =
        has(*global, "slack_app_token") || has(*global, "slack_app_token_file");
    return global_token && !has(slack, "api_url") && !authorizes(slack);
  }

  /// Whether its own http_config brings a token.
  static bool authorizes(const Node& integration) {
    const NodePtr http = child(integration, "http_config");
    return has(*http, "authorization") || has(*http, "bearer_token");
  }

  static bool has(const Node& map, std::string_view key) {
    const Node* value = map.find(key);
    return value != nullptr && !value->is_null() && !(value->is_scalar() && value->text.empty());
  }

  /// PagerDuty's first version has one place only.
  NodePtr second_version(NodePtr pagerduty, const std::string& receiver) {
    if (!has(*pagerduty, "service_key")) return pagerduty;
    result_.left_out.push_back(
        fmt::format("receiver {}: pagerduty is told by version 2 of its API here, since version 1 "
                    "cannot be pointed at our receivers",
                    receiver));
    const std::string key = pagerduty->find("service_key")->text;
    pagerduty = yaml::with(*pagerduty, "service_key", nullptr);
    return yaml::with(*pagerduty, "routing_key", text(key));
  }

  /// Without what Amazon would have to be asked for.
  NodePtr signature(const Node& written) const {
    NodePtr made = std::make_shared<const Node>(written);
    for (const char* key : {"profile", "role_arn", "external_id"}) {
      made = yaml::with(*made, key, nullptr);
    }
    if (!has(*made, "region")) made = yaml::with(*made, "region", text("us-east-1"));
    if (has(*made, "access_key")) return made;
    made = yaml::with(*made, "access_key", text("not-here"));
    return yaml::with(*made, "secret_key", text("not-here"));
  }

  /// An http_config of its own has to bring a token for incident.io.
  NodePtr with_token(const NodePtr& incidentio) const {
    const bool fine = has(*incidentio, "alert_source_token") || !has(*incidentio, "http_config") ||
                      authorizes(*incidentio);
    return fine ? incidentio : yaml::with(*incidentio, "alert_source_token", text("not-here"));
  }

  /// With a mark where no human looks. A field that the user has is left to them.
  NodePtr marked(NodePtr node, const std::string& kind) const {
    const auto with_entry = [&](std::string_view map_key, std::string_view key) {
      NodePtr map = child(*node, map_key);
      if (map->find(key) != nullptr) return node;
      return yaml::with(*node, map_key, yaml::with(*map, key, text(notification_mark_template())));
    };
    if (kind == "slack") {
      const bool taken = node->find("callback_id") != nullptr;
      return taken ? node : yaml::with(*node, "callback_id", text(notification_mark_template()));
    }
    if (kind == "pagerduty" || kind == "opsgenie") return with_entry("details", kMarkField);
    if (kind == "victorops") return with_entry("custom_fields", kMarkField);
    if (kind == "email") return with_entry("headers", kMarkHeader);
    return node;
  }

  NodePtr with_tls(NodePtr mail, const std::string& receiver, std::size_t index) const {
    auto tls = std::make_shared<Node>(*child(*mail, "tls_config"));
    if (addresses_.mail_authority.empty()) {
      tls->entries = {{text("insecure_skip_verify"), plain("true")}};
    } else {
      tls->entries = {{text("ca_file"), text(addresses_.mail_authority)}};
    }
    mail = yaml::with(*mail, "tls_config", std::move(tls));
    if (!addresses_.implicit_tls) return mail;
    for (const alerting::Integration& one : config_.find_receiver(receiver)->integrations) {
      if (one.kind != "email" || one.index != index || !wants_implicit_tls(one)) continue;
      return yaml::with(*mail, "force_implicit_tls", plain("true"));
    }
    return mail;
  }

  static NodePtr plain_of(const Node& like, std::string value) {
    auto made = std::make_shared<Node>(*yaml::scalar(like, std::move(value)));
    made->plain = true;
    return made;
  }
  NodePtr plain(std::string value) const { return plain_of(*config_.root, std::move(value)); }

  /// A map of settings, and the maps within it, without what leads elsewhere, and with secrets
  /// instead of the files that they are in.
  NodePtr settings(const Node& map, const std::string& where) {
    auto made = std::make_shared<Node>(map);
    made->kind = Node::Kind::kMap;
    made->entries.clear();
    for (const Node::Entry& entry : map.entries) {
      const std::string& key = entry.key->text;
      if (leads_elsewhere(key) || is_url_file(key)) continue;
      if (entry.value->is_map()) {
        made->entries.push_back({entry.key, settings(*entry.value, where)});
      } else if (key == "chat_id_file" && entry.value->is_scalar()) {
        // The one of them that holds a number.
        const std::string chat = secret_in(entry.value->text, where + ": " + key);
        const bool number = chat.find_first_not_of("-0123456789") == std::string::npos;
        made->entries.push_back({text("chat_id"), plain(number ? chat : "1")});
      } else if (key.ends_with(kFile) && entry.value->is_scalar()) {
        made->entries.push_back({text(key.substr(0, key.size() - kFile.size())),
                                 text(secret_in(entry.value->text, where + ": " + key))});
      } else {
        made->entries.push_back(entry);
      }
    }
    return made;
  }

  std::string secret_in(const std::string& file, const std::string& where) {
    const auto content = read_file(file.starts_with('/') ? file : folder_ + file, kLargestSecret);
    if (content.has_error()) {
      result_.left_out.push_back(where + " cannot be read here; a made-up secret stands for it");
      return "not-here";
    }
    std::string secret = *content;
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    return secret;
  }

  void note_intervals() {
    std::set<std::string> names;
    collect_intervals(config_.route, names);
    if (scale_ == 1) return;
    for (const std::string& name : names) {
      result_.unscaled.push_back("time interval " + name +
                                 " goes by the calendar, which the time scale leaves as it is");
    }
  }

  static void collect_intervals(const alerting::Route& route, std::set<std::string>& names) {
    names.insert(route.mute_time_intervals.begin(), route.mute_time_intervals.end());
    names.insert(route.active_time_intervals.begin(), route.active_time_intervals.end());
    for (const alerting::Route& child : route.routes) collect_intervals(child, names);
  }

  const alerting::Config& config_;
  const ReceiverAddresses& addresses_;
  double scale_;
  std::string folder_;
  RewrittenConfig result_;
};

}  // namespace

RewrittenConfig rewrite_config(const alerting::Config& config, const ReceiverAddresses& addresses,
                               double time_scale) {
  return Rewriter(config, addresses, time_scale).run();
}

void redirect_fixed(alerting::Config& config, const ReceiverAddresses& addresses) {
  for (alerting::Receiver& receiver : config.receivers) {
    for (alerting::Integration& one : receiver.integrations) {
      const bool version_1 =
          one.kind == "pagerduty" && (one.has("service_key") || one.has("service_key_file"));
      if (!version_1 && one.kind != "pushover") continue;
      one.address = addresses.url(receiver.name, one.kind, one.index);
    }
  }
}

bool wants_implicit_tls(const alerting::Integration& integration) {
  return integration.flag("force_implicit_tls", integration.text("smarthost").ends_with(":465"));
}

}  // namespace tocsin::stack
