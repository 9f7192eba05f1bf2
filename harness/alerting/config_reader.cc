#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "harness/alerting/config.h"
#include "harness/alerting/integration_rules.h"
#include "harness/alerting/schemas.h"
#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/yaml/parse.h"

namespace tocsin::alerting {
namespace {

class ConfigReader {
 public:
  ConfigReader(Config& config, Diagnostics& diagnostics)
      : config_(config), diagnostics_(diagnostics) {}

  void read(const yaml::Node& root) {
    check_map(root, config_schema(), diagnostics_);
    if (!root.is_map()) return;
    global_ = find_value(root, "global");
    if (global_ != nullptr && global_->is_map()) {
      check_global(*global_, diagnostics_);
      config_.resolve_timeout =
          duration_of(*global_, "resolve_timeout").value_or(config_.resolve_timeout);
    }
    read_templates(root);
    for (const yaml::NodePtr& item : items_of(root, "receivers")) read_receiver(item);
    for (const std::string_view key : {"mute_time_intervals", "time_intervals"}) {
      for (const yaml::NodePtr& item : items_of(root, key)) read_intervals(*item, key);
    }
    for (const yaml::NodePtr& item : items_of(root, "inhibit_rules")) read_inhibit_rule(*item);
    read_tracing(root);
    const yaml::Node* route = find_value(root, "route");
    if (route == nullptr) {
      const yaml::Node::Entry* entry = root.find_entry("route");
      fail(entry == nullptr ? root : *entry->key, "no routes provided");
    } else if (route->is_map()) {
      read_root(*route);
    }
  }

 private:
  void fail(const yaml::Node& node, std::string message, std::string hint = {}) {
    Error error = node.error(std::move(message));
    if (!hint.empty()) error.hints.push_back(std::move(hint));
    diagnostics_.add(std::move(error));
  }

  void read_templates(const yaml::Node& root) {
    const std::filesystem::path folder = std::filesystem::path(config_.path).parent_path();
    for (const yaml::NodePtr& item : items_of(root, "templates")) {
      if (item->is_scalar()) config_.templates.push_back((folder / item->text).string());
    }
  }

  // --- receivers ---

  void read_receiver(const yaml::NodePtr& node) {
    Receiver receiver;
    receiver.pos = node->pos();
    if (!node->is_map()) {
      if (node->is_null()) fail(*node, "missing name in receiver");
      return;
    }
    receiver.name = text_of(*node, "name");
    if (receiver.name.empty()) fail(*node, "missing name in receiver");
    if (!receiver.name.empty() && config_.find_receiver(receiver.name) != nullptr) {
      fail(*find_value(*node, "name"),
           fmt::format("notification config name \"{}\" is not unique", receiver.name));
    }
    read_receiver_labels(*node, receiver);
    for (const IntegrationKind& kind : integration_kinds()) {
      std::size_t index = 0;
      for (const yaml::NodePtr& item : items_of(*node, std::string(kind.name) + "_configs")) {
        receiver.integrations.push_back(
            read_integration(kind, index++, item, global_, diagnostics_));
      }
    }
    config_.receivers.push_back(std::move(receiver));
  }

  void read_receiver_labels(const yaml::Node& node, Receiver& receiver) {
    const yaml::Node* labels = find_value(node, "labels");
    if (labels != nullptr && labels->is_map()) {
      for (const auto& [key, value] : labels->entries) receiver.labels[key->text] = value->text;
      const auto name = receiver.labels.find("name");
      if (name != receiver.labels.end() && name->second != receiver.name) {
        fail(*labels->find("name"),
             fmt::format("receiver label \"name\" must match receiver name \"{}\", got \"{}\"",
                         receiver.name, name->second));
      }
    }
    receiver.labels["name"] = receiver.name;
  }

  // --- time intervals ---

  void read_intervals(const yaml::Node& node, std::string_view key) {
    if (!node.is_map()) return;
    const bool mute = key == "mute_time_intervals";
    const std::string what = mute ? "mute time interval" : "time interval";
    const std::string name = text_of(node, "name");
    if (name.empty()) return fail(node, "missing name in " + what);
    std::vector<TimeInterval> intervals;
    for (const yaml::NodePtr& item : items_of(node, "time_intervals")) {
      intervals.push_back(read_time_interval(*item, diagnostics_));
    }
    if (!config_.time_intervals.emplace(name, std::move(intervals)).second) {
      fail(*find_value(node, "name"), fmt::format("{} \"{}\" is not unique", what, name));
    }
  }

  // --- matchers ---

  Matchers read_matchers(const yaml::Node& node, const std::string& prefix) {
    Matchers matchers;
    if (const yaml::Node* equal = find_value(node, prefix + "match"); equal && equal->is_map()) {
      for (const auto& [key, value] : equal->entries) {
        if (!is_legacy_label_name(key->text)) {
          fail(*key, fmt::format("invalid label name \"{}\"", key->text));
        }
        matchers.push_back(Matcher::equal(key->text, value->text));
      }
    }
    if (const yaml::Node* regex = find_value(node, prefix + "match_re"); regex && regex->is_map()) {
      for (const auto& [key, value] : regex->entries) {
        // Alertmanager keeps the pattern with its anchors; its route keys show them.
        Result<Matcher> matcher =
            Matcher::make(MatchOp::kRegex, key->text, "^(?:" + value->text + ")$");
        if (matcher.has_value()) matchers.push_back(std::move(*matcher));
      }
    }
    for (const yaml::NodePtr& item : items_of(node, prefix + "matchers")) {
      if (!item->is_scalar()) continue;
      Result<Matchers> parsed = parse_matchers(item->text);
      if (parsed.has_error()) continue;  // complained of by the schema
      warn_of_old_grammar(*item, *parsed);
      matchers.insert(matchers.end(), parsed->begin(), parsed->end());
    }
    return matchers;
  }

  void warn_of_old_grammar(const yaml::Node& item, const Matchers& matchers) {
    Result<Matchers> modern = parse_matchers(item.text, MatcherMode::kUtf8);
    if (modern.has_value() && *modern == matchers) return;
    const std::string written = matchers_text(matchers);
    Error warning = item.error(modern.has_error()
                                   ? "only Alertmanager's old grammar takes this matcher"
                                   : "Alertmanager's two grammars read this matcher differently");
    warning.hints.push_back("write " + written.substr(1, written.size() - 2));
    config_.warnings.push_back(std::move(warning));
  }

  void read_inhibit_rule(const yaml::Node& node) {
    InhibitRule rule;
    rule.pos = node.pos();
    if (node.is_map()) {
      rule.name = text_of(node, "name");
      rule.source = read_matchers(node, "source_");
      rule.target = read_matchers(node, "target_");
      for (const yaml::NodePtr& item : items_of(node, "equal")) {
        if (!item->is_scalar()) continue;
        if (!is_label_name(item->text)) {
          fail(*item, fmt::format("invalid label name \"{}\" in equal list", item->text));
        }
        rule.equal.push_back(item->text);
      }
      std::sort(rule.equal.begin(), rule.equal.end());
      rule.equal.erase(std::unique(rule.equal.begin(), rule.equal.end()), rule.equal.end());
    }
    config_.inhibit_rules.push_back(std::move(rule));
  }

  void read_tracing(const yaml::Node& root) {
    const yaml::Node* tracing = find_value(root, "tracing");
    if (tracing == nullptr || !tracing->is_map()) return;
    if (text_of(*tracing, "endpoint").empty()) fail(*tracing, "tracing endpoint must be set");
    const yaml::Node* client = find_value(*tracing, "client_type");
    if (client != nullptr && client->text != "http" && client->text != "grpc") {
      fail(*client,
           "expected tracing client type to be to be http or grpc, but got " + client->text);
    }
    const yaml::Node* compression = find_value(*tracing, "compression");
    if (compression != nullptr && !compression->text.empty() && compression->text != "gzip") {
      fail(*compression, fmt::format("invalid compression type {} provided, valid options: gzip",
                                     compression->text));
    }
  }

  // --- routes ---

  void read_root(const yaml::Node& node) {
    if (text_of(node, "receiver").empty()) {
      fail(node, "root route must specify a default receiver");
    }
    for (const std::string_view key : {"match", "match_re", "matchers"}) {
      const yaml::Node* matchers = find_value(node, key);
      if (matchers != nullptr && (!matchers->items.empty() || !matchers->entries.empty())) {
        fail(*node.find_entry(key)->key, "root route must not have any matchers");
      }
    }
    if (!items_of(node, "mute_time_intervals").empty()) {
      fail(*node.find_entry("mute_time_intervals")->key,
           "root route must not have any mute time intervals");
    }
    if (!items_of(node, "active_time_intervals").empty()) {
      fail(*node.find_entry("active_time_intervals")->key,
           "root route must not have any active time intervals");
    }
    if (flag_of(node, "continue").value_or(false)) {
      fail(*node.find_entry("continue")->key, "cannot have continue in root route");
    }
    config_.route = read_route(node, nullptr, 0);
  }

  Route read_route(const yaml::Node& node, const Route* parent, std::size_t place) {
    Route route;
    if (parent != nullptr) inherit(route, *parent);
    route.pos = node.pos();
    read_receiver_name(node, route);
    read_group_by(node, route);
    read_timers(node, route);
    route.matchers = read_matchers(node, "");
    sort_matchers(route.matchers);
    route.continues = flag_of(node, "continue").value_or(false);
    route.mute_time_intervals = interval_names(node, "mute_time_intervals");
    route.active_time_intervals = interval_names(node, "active_time_intervals");
    read_labels(node, route);
    const std::string matchers = matchers_text(route.matchers);
    route.key = parent == nullptr ? matchers : parent->key + '/' + matchers;
    route.id = parent == nullptr ? matchers : fmt::format("{}/{}/{}", parent->id, matchers, place);
    for (const yaml::NodePtr& child : items_of(node, "routes")) {
      if (child->is_map()) route.routes.push_back(read_route(*child, &route, route.routes.size()));
      if (child->is_null()) fail(*child, "a route must be a mapping, not nothing");
    }
    route.index = config_.route_count++;
    return route;
  }

  static void inherit(Route& route, const Route& parent) {
    route.receiver = parent.receiver;
    route.group_by = parent.group_by;
    route.group_by_all = parent.group_by_all;
    route.group_wait = parent.group_wait;
    route.group_interval = parent.group_interval;
    route.repeat_interval = parent.repeat_interval;
    route.labels = parent.labels;
  }

  void read_receiver_name(const yaml::Node& node, Route& route) {
    const std::string name = text_of(node, "receiver");
    if (name.empty()) return;
    route.receiver = name;
    if (config_.find_receiver(name) != nullptr) return;
    std::vector<std::string> names;
    for (const Receiver& receiver : config_.receivers) names.push_back(receiver.name);
    fail(*find_value(node, "receiver"),
         fmt::format("undefined receiver \"{}\" used in route", name),
         unknown_name_hint(name, names));
  }

  void read_group_by(const yaml::Node& node, Route& route) {
    const yaml::Node* list = find_value(node, "group_by");
    if (list == nullptr || !list->is_list()) return;
    std::set<std::string> names;
    bool all = false;
    for (const yaml::NodePtr& item : list->items) {
      if (item->text == "...") {
        all = true;
      } else if (!is_label_name(item->text)) {
        fail(*item, fmt::format("invalid label name \"{}\" in group_by list", item->text));
      } else if (!names.insert(item->text).second) {
        fail(*item, fmt::format("duplicated label \"{}\" in group_by", item->text));
      }
    }
    if (all && !names.empty()) {
      fail(*list, "cannot have wildcard group_by (`...`) and other labels at the same time");
    }
    // '...' alone leaves the inherited names, which no longer count.
    if (!all) route.group_by.assign(names.begin(), names.end());
    route.group_by_all = all;
  }

  void read_timers(const yaml::Node& node, Route& route) {
    route.group_wait = duration_of(node, "group_wait").value_or(route.group_wait);
    for (const auto& [key, timer] : {std::pair{"group_interval", &route.group_interval},
                                     std::pair{"repeat_interval", &route.repeat_interval}}) {
      const std::optional<Duration> written = duration_of(node, key);
      if (!written) continue;
      if (*written == Duration(0)) fail(*node.find(key), std::string(key) + " cannot be zero");
      *timer = *written;
    }
  }

  std::vector<std::string> interval_names(const yaml::Node& node, std::string_view key) {
    std::vector<std::string> names;
    for (const yaml::NodePtr& item : items_of(node, key)) {
      names.push_back(item->text);
      if (config_.time_intervals.count(item->text) > 0) continue;
      std::vector<std::string> known;
      for (const auto& [name, intervals] : config_.time_intervals) known.push_back(name);
      fail(*item, fmt::format("undefined time interval \"{}\" used in route", item->text),
           unknown_name_hint(item->text, known));
    }
    return names;
  }

  void read_labels(const yaml::Node& node, Route& route) {
    const yaml::Node* labels = find_value(node, "labels");
    if (labels == nullptr || !labels->is_map()) return;
    for (const auto& [key, value] : labels->entries) {
      if (!is_label_name(key->text)) {
        fail(*key, fmt::format("invalid label name \"{}\" in route labels", key->text));
      }
      route.labels[key->text] = value->text;
    }
  }

  Config& config_;
  Diagnostics& diagnostics_;
  const yaml::Node* global_ = nullptr;
};

}  // namespace

std::shared_ptr<const Config> parse_config(std::string path, std::string text,
                                           Diagnostics& diagnostics) {
  auto config = std::make_shared<Config>();
  config->path = path;
  config->text = text;
  yaml::Bounds bounds;
  bounds.largest_file = kLargestConfig;
  bounds.most_values = kLargestConfig / 4;
  const std::size_t before = diagnostics.size();
  const yaml::ForeignDocument document =
      yaml::parse_foreign(path, std::move(text), bounds, diagnostics);
  config->root = document.root;
  if (config->root != nullptr && !config->root->is_null()) {
    ConfigReader(*config, diagnostics).read(*config->root);
  } else if (diagnostics.size() == before) {
    diagnostics.add(input_error({std::move(path), 1, 1}, "no route provided in config"));
  }
  return config;
}

std::shared_ptr<const Config> load_config(const std::string& path, Diagnostics& diagnostics) {
  Result<std::string> text = read_file(path, kLargestConfig);
  if (text.has_error()) {
    diagnostics.add(std::move(text).error());
    return std::make_shared<Config>();
  }
  return parse_config(path, std::move(*text), diagnostics);
}

}  // namespace tocsin::alerting
