#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/model/labels.h"
#include "harness/scenario/kind_overrides.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/yaml/parse.h"

namespace tocsin::scenario {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kService = "service";

class TargetReader {
 public:
  TargetReader(std::string name, const yaml::Node& node, std::shared_ptr<const Target> service,
               Problems& problems)
      : node_(node), problems_(problems) {
    target_.name = std::move(name);
    target_.service = std::move(service);
  }

  Target read() {
    target_.pos = node_.pos();
    target_.job = text_of(node_.find("job"), target_.name);
    target_.version = text_of(node_.find("version"));
    read_port();
    target_.instance = text_of(node_.find("instance"), default_instance());
    target_.metrics_path = text_of(node_.find("metrics_path"), target_.metrics_path);
    if (!target_.metrics_path.starts_with('/')) {
      problems_.add(*node_.find("metrics_path"), "a path begins with \"/\"");
    }
    if (const yaml::Node* labels = node_.find("labels")) read_labels(*labels);
    if (const yaml::Node* scrape = node_.find("scrape")) read_scrape(*scrape);
    read_model();
    return std::move(target_);
  }

 private:
  void read_port() {
    const yaml::Node* port = node_.find("port");
    const std::uint64_t value = count_of(port, 0);
    if (port != nullptr && (value < 1 || value > std::numeric_limits<std::uint16_t>::max())) {
      problems_.add(*port, "expected a port from 1 to 65535");
      return;
    }
    target_.port = static_cast<std::uint16_t>(value);
  }

  std::string default_instance() const {
    return target_.port != 0 ? fmt::format("localhost:{}", target_.port) : target_.name;
  }

  void read_labels(const yaml::Node& labels) {
    for (const yaml::Node::Entry& entry : labels.entries) {
      const std::string& name = entry.key->text;
      if (!is_legacy_label_name(name) || name.starts_with("__")) {
        problems_.add(*entry.key, fmt::format("\"{}\" is no label name", name));
      } else if (name == "job" || name == "instance") {
        problems_.add(*entry.key, fmt::format("the label \"{}\" has a key of its own", name));
      }
      target_.labels.emplace_back(name, entry.value->text);
    }
  }

  void read_scrape(const yaml::Node& scrape) {
    const auto positive = [&](const yaml::Node* node, Duration fallback) {
      const Duration length = length_of(node, fallback);
      if (length <= Duration(0)) problems_.add(*node, "expected a duration longer than 0s");
      return length;
    };
    target_.scrape_interval = positive(scrape.find("interval"), target_.scrape_interval);
    const yaml::Node* timeout = scrape.find("timeout");
    target_.scrape_timeout =
        positive(timeout, std::min(target_.scrape_timeout, target_.scrape_interval));
    if (target_.scrape_timeout > target_.scrape_interval) {
      problems_.add(*timeout, fmt::format("longer than the scrape interval, {}",
                                          format_duration(target_.scrape_interval)));
    }
    target_.honor_labels = bool_of(scrape.find("honor_labels"), false);
  }

  void read_model() {
    if (const yaml::Node* endpoints = node_.find("endpoints")) {
      target_.endpoints = read_endpoints(*endpoints, problems_);
    }
    target_.kind = text_of(node_.find("kind"));
    const yaml::Node* backend = node_.find("backend");
    if (backend != nullptr) read_backend(*backend);
    if (const yaml::Node* signals = node_.find("signals")) {
      target_.signals = read_signals(*signals, problems_);
      link(*signals);
    }
    if (backend != nullptr) {
      read_optional_formula(*backend, "up", target_.backend->up);
      read_optional_formula(*backend, "shown", target_.backend->shown);
      if (const yaml::Node* its = backend->find("instruments")) {
        read_instruments(*its, target_, InstrumentsOf::kBackend, problems_);
      }
    }
    if (const yaml::Node* instruments = node_.find("instruments")) {
      read_instruments(*instruments, target_, InstrumentsOf::kProcess, problems_);
    }
    if (const yaml::Node* answer = node_.find("answer")) read_answer(*answer);
    if (const yaml::Node* health = node_.find("health")) {
      target_.health = read_health(*health, target_, problems_);
    }
    if (const yaml::Node* admin = node_.find("admin")) {
      target_.admin = read_admin(*admin, target_, problems_);
    }
  }

  void link(const yaml::Node& signals) {
    Diagnostics found;
    Problems of_links(found);
    link_signals(target_, signals, of_links);
    const bool fits = check_kind_overrides(node_, target_, problems_);
    for (const Error& error : found.sorted()) {
      // What does not fit its kind has consequences in the kind's own text.
      if (fits || !error.pos.file.starts_with('<')) problems_.add(error);
    }
  }

  void read_backend(const yaml::Node& node) {
    if (!target_.endpoints.empty()) {
      problems_.add(node, "only exporters speak for a backend; this target has endpoints");
    }
    Backend backend;
    backend.age = length_of(node.find("age"), backend.age);
    backend.keeps_counters = text_of(node.find("counters")) == "kept";
    backend.takes_exporter = bool_of(node.find("takes_exporter"), false);
    target_.backend = std::move(backend);
  }

  void read_optional_formula(const yaml::Node& owner, std::string_view key,
                             std::optional<Formula>& into) {
    const yaml::Node* node = owner.find(key);
    if (node == nullptr) return;
    if (auto formula = read_formula(*node, target_, problems_)) into = std::move(formula->formula);
  }

  void read_answer(const yaml::Node& node) {
    read_optional_formula(node, "delay", target_.answer.delay);
    read_optional_formula(node, "hangs", target_.answer.hangs);
    read_optional_formula(node, "fails", target_.answer.fails);
    target_.answer.failure = text_of(node.find("failure"));
  }

  const yaml::Node& node_;
  Problems& problems_;
  Target target_;
};

class SystemReader {
 public:
  SystemReader(const yaml::Node& root, Problems& problems) : root_(root), problems_(problems) {}

  System read() {
    system_.file = root_.source->file();
    system_.folder = fs::path(system_.file).parent_path().string();
    system_.name = text_of(root_.find("system"));
    system_.title = text_of(root_.find("title"), system_.name);
    system_.guide = text_of(root_.find("guide"));
    if (const yaml::Node* interval = root_.find("evaluation_interval")) {
      system_.evaluation_interval = length_of(interval, system_.evaluation_interval);
      if (system_.evaluation_interval <= Duration(0)) {
        problems_.add(*interval, "expected a duration longer than 0s");
      }
    }
    if (const yaml::Node* rules = root_.find("rules")) read_rules(*rules);
    read_alert_routing(root_, system_, problems_);
    if (const yaml::Node* service = root_.find("service")) {
      system_.service = read_target(std::string(kService), *service, nullptr, problems_);
      claim(system_.service, *service);
    }
    if (const yaml::Node* exporters = root_.find("exporters")) read_exporters(*exporters);
    return std::move(system_);
  }

 private:
  void read_rules(const yaml::Node& rules) {
    const auto add = [&](const yaml::Node& node) {
      const auto path = read_file_name(node, "rule file", problems_);
      if (!path) return;
      auto& files = system_.rule_files;
      if (std::find(files.begin(), files.end(), *path) != files.end()) {
        problems_.add(node, "this rule file is listed twice");
      } else {
        files.push_back(*path);
      }
    };
    add(rules);
    for (const yaml::NodePtr& rule : rules.items) add(*rule);
    system_.alert_names = read_alert_names(system_.rule_files);
  }

  void read_exporters(const yaml::Node& exporters) {
    const auto service = std::make_shared<const Target>(system_.service);
    for (const yaml::Node::Entry& entry : exporters.entries) {
      static const std::set<std::string> kTaken = {"service", "network",  "receiver", "name",
                                                   "at",      "for",      "repeat",   "run",
                                                   "http",    "toxiproxy"};
      if (kTaken.contains(entry.key->text)) {
        problems_.add(*entry.key, fmt::format("\"{}\" means something else in faults; choose "
                                              "another name",
                                              entry.key->text));
        continue;
      }
      system_.exporters.push_back(read_target(entry.key->text, *entry.value, service, problems_));
      claim(system_.exporters.back(), *entry.value);
    }
  }

  /// No two targets have the same port, or the same job and instance.
  void claim(const Target& target, const yaml::Node& node) {
    // What its kind says is blamed on the exporter.
    const auto place = [&](std::string_view key) {
      const yaml::Node* own = node.find(key);
      return own != nullptr && !own->source->file().starts_with('<') ? own : &node;
    };
    const yaml::Node* port = place("port");
    if (target.port != 0) {
      const auto [owner, fresh] = ports_.emplace(target.port, target.name);
      if (!fresh) {
        problems_.add(*port, fmt::format("the port {} is {}'s too", target.port, owner->second),
                      target.kind.empty() ? "" : "give this exporter a port of its own");
      }
    }
    const yaml::Node* job = place("job");
    const auto [owner, fresh] = jobs_.emplace(std::pair(target.job, target.instance), target.name);
    if (!fresh) {
      problems_.add(*job, fmt::format("job \"{}\" and instance \"{}\" are {}'s too", target.job,
                                      target.instance, owner->second));
    }
  }

  const yaml::Node& root_;
  Problems& problems_;
  System system_;
  std::map<std::uint16_t, std::string> ports_;
  std::map<std::pair<std::string, std::string>, std::string> jobs_;
};

}  // namespace

Target read_target(std::string name, const yaml::Node& node, std::shared_ptr<const Target> service,
                   Problems& problems) {
  return TargetReader(std::move(name), node, std::move(service), problems).read();
}

System read_system(const yaml::Node& root, Problems& problems) {
  return SystemReader(root, problems).read();
}

std::vector<std::string> read_alert_names(const std::vector<std::string>& rule_files) {
  std::vector<std::string> names;
  for (const std::string& file : rule_files) {
    Diagnostics ignored;  // the rules' own reader words its problems better
    const yaml::NodePtr root = yaml::load(file, ignored);
    const yaml::Node* groups = root != nullptr ? root->find("groups") : nullptr;
    if (groups == nullptr) continue;
    for (const yaml::NodePtr& group : groups->items) {
      const yaml::Node* rules = group->find("rules");
      if (rules == nullptr) continue;
      for (const yaml::NodePtr& rule : rules->items) {
        const std::string name = text_of(rule->find("alert"));
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
          names.push_back(name);
        }
      }
    }
  }
  return names;
}

}  // namespace tocsin::scenario
