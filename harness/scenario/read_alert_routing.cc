#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/model/labels.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/yaml/parse.h"

/// Who is told of a system's alerts.

namespace tocsin::scenario {
namespace {

constexpr std::size_t kLargestRouting = 16 << 20;
constexpr std::string_view kChannels[] = {"slack", "email", "webhook"};

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  names.push_back(name);
}

/// The names in a list of maps.
void read_names(const yaml::Node* list, std::vector<std::string>& names) {
  if (list == nullptr) return;
  for (const yaml::NodePtr& item : list->items) add_once(names, text_of(item->find("name")));
}

void read_routing_names(System& system) {
  const auto text = read_file(system.alertmanager_file, kLargestRouting);
  if (text.has_error()) return;
  Diagnostics ignored;  // the configuration's own reader words its problems better
  const yaml::Bounds bounds{.largest_file = kLargestRouting};
  const auto document = yaml::parse_foreign(system.alertmanager_file, *text, bounds, ignored);
  if (document.root == nullptr) return;
  read_names(document.root->find("receivers"), system.receiver_names);
  read_names(document.root->find("time_intervals"), system.time_interval_names);
  read_names(document.root->find("mute_time_intervals"), system.time_interval_names);
}

void read_external_labels(const yaml::Node& node, System& system, Problems& problems) {
  for (const yaml::Node::Entry& entry : node.entries) {
    const std::string& name = entry.key->text;
    if (!is_legacy_label_name(name) || name.starts_with("__")) {
      problems.add(*entry.key, fmt::format("\"{}\" is no label name", name));
    }
    system.external_labels.emplace_back(name, entry.value->text);
  }
}

class PolledReader {
 public:
  PolledReader(const yaml::Node& node, System& system, Problems& problems)
      : node_(node), system_(system), problems_(problems) {}

  PolledAlerts read() {
    out_.pos = node_.pos();
    const yaml::Node* every = node_.find("every");
    out_.every = length_of(every, out_.every);
    if (out_.every <= Duration(0)) problems_.add(*every, "expected a duration longer than 0s");
    cooldown_ = length_of(node_.find("cooldown"), std::chrono::seconds(300));
    if (const yaml::Node* channels = node_.find("channels")) {
      for (const yaml::Node::Entry& entry : channels->entries) {
        out_.channels[entry.key->text] = read_channels(*entry.value);
      }
    }
    const yaml::Node* alerts = node_.find("alerts");
    if (alerts == nullptr) return std::move(out_);
    if (alerts->is_map() && alerts->entries.empty()) problems_.add(*alerts, "no alert is polled");
    for (const yaml::Node::Entry& entry : alerts->entries) read_alert(entry);
    return std::move(out_);
  }

 private:
  void read_alert(const yaml::Node::Entry& entry) {
    const std::string& name = entry.key->text;
    const auto& known = system_.alert_names;
    if (!known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
      problems_.unknown(*entry.key, fmt::format("the rules have no alert \"{}\"", name), name,
                        known);
    } else if (system_.rule_files.empty()) {
      problems_.add(*entry.key, "a polled alert is one of the rules, and the system has no rules");
    }
    PolledAlerts::Alert alert{name, entry.key->pos(), "warning", {}, cooldown_};
    alert.severity = text_of(entry.value->find("severity"), alert.severity);
    alert.cooldown = length_of(entry.value->find("cooldown"), cooldown_);
    if (const yaml::Node* channels = entry.value->find("channels")) {
      alert.channels = read_channels(*channels);
    }
    out_.alerts.push_back(std::move(alert));
  }

  std::vector<std::string> read_channels(const yaml::Node& node) {
    std::vector<std::string> channels;
    const auto add = [&](const yaml::Node& name) {
      if (!name.is_scalar()) return;
      if (std::find(std::begin(kChannels), std::end(kChannels), name.text) == std::end(kChannels)) {
        const std::vector<std::string> known(std::begin(kChannels), std::end(kChannels));
        problems_.unknown(name, fmt::format("there is no channel \"{}\"", name.text), name.text,
                          known);
      }
      add_once(channels, name.text);
      add_once(system_.receiver_names, name.text);
    };
    add(node);
    for (const yaml::NodePtr& item : node.items) add(*item);
    return channels;
  }

  const yaml::Node& node_;
  System& system_;
  Problems& problems_;
  Duration cooldown_{0};
  PolledAlerts out_;
};

}  // namespace

std::optional<std::string> read_file_name(const yaml::Node& node, std::string_view what,
                                          Problems& problems) {
  namespace fs = std::filesystem;
  if (!node.is_scalar()) return std::nullopt;
  // Relative to the file that names it, which may be an included one.
  const fs::path file = fs::path(node.source->file()).parent_path() / node.text;
  std::string path = file.lexically_normal().string();
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return path;
  problems.add(node, fmt::format("no such {}: {}", what, path));
  return std::nullopt;
}

void read_alert_routing(const yaml::Node& root, System& system, Problems& problems) {
  if (const yaml::Node* file = root.find("alertmanager")) {
    system.alertmanager_file = read_file_name(*file, "file", problems).value_or("");
    read_routing_names(system);
  }
  if (const yaml::Node* labels = root.find("external_labels")) {
    read_external_labels(*labels, system, problems);
  }
  const yaml::Node* polled = root.find("polled_alerts");
  if (polled != nullptr && polled->is_map()) {
    system.polled_alerts = PolledReader(*polled, system, problems).read();
  }
}

}  // namespace tocsin::scenario
