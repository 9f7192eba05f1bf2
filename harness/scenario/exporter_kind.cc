#include "harness/scenario/exporter_kind.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/check.h"
#include "harness/scenario/kind_sources.h"
#include "harness/scenario/kind_template.h"
#include "harness/scenario/problems.h"
#include "harness/scenario/values.h"
#include "harness/yaml/include.h"
#include "harness/yaml/parse.h"

namespace tocsin::scenario {
namespace {

/// How many of anything: a bound for hostile files.
constexpr std::size_t kMostItems = 256;
/// Of the description of one exporter, in bytes.
constexpr std::size_t kLargestDescription = 2 << 20;

/// The part of a signal's name that stands for an item: "/" is root, "/var/lib" var_lib.
std::string id_of(std::string_view name) {
  std::string id;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) {
      id += c;
    } else if (!id.empty() && id.back() != '_') {
      id += '_';
    }
  }
  while (id.ends_with('_')) id.pop_back();
  return id.empty() ? "root" : id;
}

bool is_item_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_./:@-").find(c) != std::string_view::npos;
  });
}

/// Reads the options of one exporter into what its kind's template names.
class OptionReader {
 public:
  OptionReader(const yaml::Node& node, Problems& problems) : node_(node), problems_(problems) {}

  const TemplateValues& values() const { return values_; }

  void set(const std::string& name, std::string value) {
    values_[name] = {TemplateItem{{"", std::move(value)}}};
  }
  void items(const std::string& name, std::vector<TemplateItem> items) {
    values_[name] = std::move(items);
  }
  /// 0, 1, … below `end`.
  void numbers(const std::string& name, std::uint64_t end) {
    values_[name].clear();
    for (std::uint64_t i = 0; i < end; ++i) values_[name].push_back({{"", std::to_string(i)}});
  }
  /// Lines with %NAME% stay when it is true.
  void flag(const std::string& name, bool on) {
    values_[name].clear();
    if (on) set(name, "");
  }

  std::uint64_t count(const std::string& name, std::uint64_t fallback, std::uint64_t most) {
    const yaml::Node* option = node_.find(name);
    std::uint64_t value = count_of(option, fallback);
    if (option != nullptr && (value < 1 || value > most)) {
      problems_.add(*option, fmt::format("expected 1 to {} {}", most, name));
      value = fallback;
    }
    set(name, std::to_string(value));
    return value;
  }

  double size(const std::string& name, double fallback, double least) {
    const yaml::Node* option = node_.find(name);
    double value = value_of(option, Dimension::kBytes, fallback);
    if (option != nullptr && value < least) {
      problems_.add(*option, fmt::format("expected at least {}",
                                         format_quantity({least, Dimension::kBytes})));
      value = fallback;
    }
    set(name, fmt::format("{:.0f}", value));
    return value;
  }

  /// A single name.
  std::string text(const std::string& name, std::string fallback) {
    const yaml::Node* option = node_.find(name);
    std::string value = text_of(option, std::move(fallback));
    if (option != nullptr && option->is_scalar()) check_name(*option, value);
    set(name, value);
    return value;
  }

  /// %NAME%, %NAME.id% for signals, %NAME.index%. `or_else`: when the option is left out; null: it
  /// may then be empty.
  std::vector<TemplateItem>& list(const std::string& option_name, const std::string& name,
                                  std::initializer_list<std::string_view> or_else) {
    std::vector<TemplateItem>& items = values_[name];
    items.clear();
    const yaml::Node* option = node_.find(option_name);
    read_items(option_name, option, items);
    if (items.empty() && option != nullptr && or_else.size() > 0) {
      problems_.add(*option, fmt::format("expected at least one of {}", option_name));
    }
    if (items.empty()) {
      for (const std::string_view item : or_else) add_item(items, std::string(item));
    }
    set(name + "_count", std::to_string(items.size()));
    return items;
  }

  /// A size that stands under an item's name, alone or as a key.
  double item_size(const std::string& option_name, const std::string& item, double fallback) {
    const yaml::Node* given = item_of(option_name, item);
    if (given != nullptr && given->is_map()) given = given->find("size");
    const double size = value_of(given, Dimension::kBytes, fallback);
    if (given != nullptr && size <= 0) {
      problems_.add(*given, "expected a size above 0");
      return fallback;
    }
    return size;
  }
  std::string item_text(const std::string& option_name, const std::string& item,
                        std::string_view key, std::string fallback) {
    const yaml::Node* given = item_of(option_name, item);
    const yaml::Node* value = given != nullptr ? given->find(key) : nullptr;
    if (value != nullptr && value->is_scalar()) check_name(*value, value->text);
    return text_of(value, std::move(fallback));
  }

  /// The single value under an item's name; empty when there is none.
  std::string item_word(const std::string& option_name, const std::string& item) const {
    return text_of(item_of(option_name, item));
  }
  void unknown_queue(const std::string& task, const std::vector<TemplateItem>& queues) {
    std::vector<std::string> names;
    for (const TemplateItem& queue : queues) names.push_back(queue.at(""));
    const yaml::Node& at = *item_of("tasks", task);
    problems_.unknown(at, fmt::format("there is no queue \"{}\"", at.text), at.text, names);
  }

  void collectors(std::initializer_list<std::string_view> known) {
    for (const std::string_view name : known) collector(std::string(name), false);
    const yaml::Node* option = node_.find("collectors");
    if (option == nullptr) return;
    const std::vector<std::string> names(known.begin(), known.end());
    for (const yaml::NodePtr& item : option->items) {
      if (std::find(names.begin(), names.end(), item->text) == names.end()) {
        problems_.unknown(*item, fmt::format("this exporter has no collector \"{}\"", item->text),
                          item->text, names);
      } else {
        collector(item->text, true);
      }
    }
  }

  const yaml::Node* find(std::string_view option) const { return node_.find(option); }

 private:
  void read_items(const std::string& option_name, const yaml::Node* option,
                  std::vector<TemplateItem>& items) {
    if (option == nullptr) return;
    const auto add = [&](const yaml::Node& at) {
      if (!at.is_scalar()) return;
      if (items.size() >= kMostItems) {
        problems_.add(at, fmt::format("more than {} {}", kMostItems, option_name));
        return;
      }
      check_name(at, at.text);
      const std::string id = id_of(at.text);
      const auto same = [&](const TemplateItem& item) { return item.at("id") == id; };
      if (std::any_of(items.begin(), items.end(), same)) {
        problems_.add(at, fmt::format("\"{}\" is here twice, or its name in signals, \"{}\", is",
                                      at.text, id));
      } else {
        add_item(items, at.text);
      }
    };
    for (const yaml::NodePtr& item : option->items) add(*item);
    for (const yaml::Node::Entry& entry : option->entries) add(*entry.key);
  }

  /// For lines of its own, and its place in lists of all collectors.
  void collector(const std::string& name, bool on) {
    flag("if_" + name, on);
    set("col_" + name, on ? "1" : "0");
  }

  void check_name(const yaml::Node& at, std::string_view name) {
    if (is_item_name(name)) return;
    problems_.add(at, fmt::format("\"{}\" is no name here", name),
                  "names are made of letters, digits and _ . / : @ -");
  }

  const yaml::Node* item_of(const std::string& option_name, const std::string& item) const {
    const yaml::Node* option = node_.find(option_name);
    return option != nullptr ? option->find(item) : nullptr;
  }

  static void add_item(std::vector<TemplateItem>& items, const std::string& name) {
    // What is refused must not break the template.
    const std::string text = is_item_name(name) ? name : "x";
    items.push_back({{"", text}, {"id", id_of(text)}, {"index", std::to_string(items.size())}});
  }

  const yaml::Node& node_;
  Problems& problems_;
  TemplateValues values_;
};

constexpr double kGB = 1e9;

void read_node(OptionReader& options) {
  const std::uint64_t cores = options.count("cores", 4, kMostItems);
  options.numbers("cpu", cores);
  options.text("host", "node-1");
  options.size("memory", 16 * kGB, 64e6);
  options.size("swap", 2 * kGB, 0);
  options.list("disks", "disk", {"sda"});
  for (TemplateItem& fs : options.list("filesystems", "fs", {"/"})) {
    const std::string mountpoint = fs[""];
    fs["size"] = fmt::format("{:.0f}", options.item_size("filesystems", mountpoint, 100 * kGB));
    fs["device"] = options.item_text("filesystems", mountpoint, "device",
                                     fmt::format("/dev/sda{}", fs["index"] == "0" ? "1" : "2"));
    fs["fstype"] = options.item_text("filesystems", mountpoint, "fstype", "ext4");
  }
  options.list("networks", "net", {"eth0"});
  options.list("units", "unit", {"ssh.service", "cron.service"});
  options.collectors({"systemd", "mdadm", "bonding", "hwmon", "edac"});
}

void read_postgres(OptionReader& options) {
  options.text("host", "localhost:5432");
  options.count("max_connections", 100, 100'000);
  int oid = 16384;
  for (TemplateItem& db : options.list("databases", "db", {"app"})) {
    const std::string name = db[""];
    db["size"] = fmt::format("{:.0f}", options.item_size("databases", name, kGB));
    db["oid"] = std::to_string(++oid);
  }
  options.list("tables", "table", {"orders"});
  options.flag("if_replicas", !options.list("replicas", "replica", {}).empty());
  options.text("replica_of", "");
  options.flag("if_replica", options.find("replica_of") != nullptr);
  options.flag("if_primary", options.find("replica_of") == nullptr);
  options.collectors({"stat_user_tables", "postmaster", "replication", "bloat", "txid",
                      "general_index_info", "stat_ssl"});
}

void read_redis(OptionReader& options) {
  options.collectors({"system"});
  const bool limited = options.size("memory", kGB, 0) > 0;
  options.flag("if_limit", limited);
  options.flag("if_no_limit", !limited);
  options.count("max_clients", 10'000, 10'000'000);
  for (TemplateItem& replica : options.list("replicas", "replica", {})) {
    const std::string address = replica[""];
    const std::size_t colon = address.rfind(':');
    replica["host"] = address.substr(0, colon);
    replica["port"] = colon == std::string::npos ? "6379" : address.substr(colon + 1);
  }
  const std::string primary = options.text("replica_of", "");
  const std::size_t colon = primary.rfind(':');
  options.set("primary_host", primary.substr(0, colon));
  options.set("primary_port", colon == std::string::npos ? "6379" : primary.substr(colon + 1));
  options.flag("if_replica", options.find("replica_of") != nullptr);
  options.flag("if_primary", options.find("replica_of") == nullptr);
  const bool replicated = !options.values().find("replica")->second.empty();
  options.flag("if_replicas", replicated);
  options.set("replicated", replicated ? "1" : "0");
  const bool cluster = bool_of(options.find("cluster"), false);
  options.flag("if_cluster", cluster);
  options.set("clustered", cluster ? "1" : "0");
  options.set("mode", cluster ? "cluster" : "standalone");
}

/// How many workers run is a sum over all of them, by tens: formulas have a length.
void add_worker_groups(OptionReader& options) {
  constexpr std::size_t kInGroup = 10;
  const std::vector<TemplateItem> workers = options.values().find("worker")->second;
  std::vector<TemplateItem> groups;
  std::vector<std::string> sums;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (i % kInGroup == 0) {
      groups.push_back({{"", std::to_string(groups.size())}, {"sum", ""}});
      sums.push_back(fmt::format("workers.n{}", groups.size() - 1));
    }
    std::string& sum = groups.back()["sum"];
    sum += fmt::format("{}worker.{}.up", sum.empty() ? "" : " + ", workers[i].at("id"));
  }
  options.items("group", std::move(groups));
  options.set("workers_running", fmt::format("{}", fmt::join(sums, " + ")));
}

void read_celery(OptionReader& options) {
  options.text("host", "app-1");
  options.list("queues", "queue", {"celery"});
  const std::vector<TemplateItem> queues = options.values().find("queue")->second;
  for (TemplateItem& task : options.list("tasks", "task", {"tasks.process"})) {
    const std::string given = options.item_word("tasks", task[""]);
    const auto named = [&](const TemplateItem& queue) { return queue.at("") == given; };
    const auto queue = std::find_if(queues.begin(), queues.end(), named);
    if (!given.empty() && queue == queues.end()) options.unknown_queue(task[""], queues);
    task["queue"] = queue != queues.end() ? given : queues.front().at("");
  }
  for (TemplateItem& worker : options.list("workers", "worker", {"celery@worker-1"})) {
    const std::string name = worker[""];
    const std::size_t at = name.find('@');
    worker["host"] = at == std::string::npos ? name : name.substr(at + 1);
  }
  add_worker_groups(options);
  options.count("processes", 4, 10'000);
}

struct Kind {
  std::string_view name;
  std::string_view source;
  void (*read)(OptionReader& options);
  std::vector<std::string> options;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = {
      {"node",
       kNodeSource,
       read_node,
       {"host", "cores", "memory", "swap", "disks", "filesystems", "networks", "units",
        "collectors"}},
      {"postgres",
       kPostgresSource,
       read_postgres,
       {"host", "max_connections", "databases", "tables", "replicas", "replica_of", "collectors"}},
      {"redis",
       kRedisSource,
       read_redis,
       {"memory", "max_clients", "replicas", "replica_of", "cluster", "collectors"}},
      {"celery", kCelerySource, read_celery, {"host", "queues", "workers", "tasks", "processes"}},
  };
  return kKinds;
}

/// An option that some kind has, but not this one; `kind` is null for an exporter without.
void refuse_others_options(const yaml::Node& node, const Kind* kind, Problems& problems) {
  for (const yaml::Node::Entry& entry : node.entries) {
    const std::string& name = entry.key->text;
    std::vector<std::string_view> owners;
    for (const Kind& other : kinds()) {
      if (std::find(other.options.begin(), other.options.end(), name) != other.options.end()) {
        owners.push_back(other.name);
      }
    }
    if (owners.empty()) continue;
    if (kind == nullptr) {
      problems.add(*entry.key,
                   fmt::format("\"{}\" is an option of kind: {}", name, fmt::join(owners, ", ")));
    } else if (std::find(owners.begin(), owners.end(), kind->name) == owners.end()) {
      problems.unknown(*entry.key,
                       fmt::format("a {} exporter has no option \"{}\"", kind->name, name), name,
                       kind->options);
    }
  }
}

/// A signal of a kind keeps its kind: 40% of what is told in per cent would be 0.4 of a hundred.
/// False after a problem.
bool check_override(const std::string& name, const yaml::Node& base, const yaml::Node& over,
                    Problems& problems) {
  const yaml::Node* before = base.find("value");
  const yaml::Node* now = over.find("value");
  if (bool_of(base.find("derived"), false)) {
    problems.add(over, fmt::format("\"{}\" follows from other signals of this kind", name),
                 fmt::format("it is {}", text_of(before)));
    return false;
  }
  if (before == nullptr || now == nullptr || !now->is_scalar()) return true;
  const auto was = parse_quantity(before->text);
  const auto is = parse_quantity(now->text);
  if (was.has_error() || is.has_error() || is->dimension == Dimension::kNumber ||
      is->dimension == was->dimension) {
    return true;
  }
  problems.add(*now, fmt::format("expected {}, not \"{}\"", example_of(was->dimension), now->text),
               fmt::format("it is {} by default", before->text));
  return false;
}

/// Signals in the long form, so that a value alone leaves help and bounds as they are.
yaml::NodePtr lay_signals(const yaml::NodePtr& base, const yaml::NodePtr& over,
                          Problems& problems) {
  auto longer = std::make_shared<yaml::Node>(*over);
  auto under = std::make_shared<yaml::Node>(*base);
  for (yaml::Node::Entry& entry : longer->entries) {
    if (entry.value->is_scalar()) {
      auto signal = std::make_shared<yaml::Node>(*entry.value);
      signal->kind = yaml::Node::Kind::kMap;
      signal->text.clear();
      auto key = std::make_shared<yaml::Node>(*entry.key);
      key->text = "value";
      signal->entries.push_back({std::move(key), entry.value});
      entry.value = std::move(signal);
    }
    const auto same = [&](const auto& known) { return known.key->text == entry.key->text; };
    const auto known = std::find_if(under->entries.begin(), under->entries.end(), same);
    if (known == under->entries.end() || !known->value->is_map() || !entry.value->is_map())
      continue;
    if (!check_override(entry.key->text, *known->value, *entry.value, problems)) {
      entry.value = known->value;
      continue;
    }
    auto kept = std::make_shared<yaml::Node>(*known->value);
    // A value instead of percentiles, or the other way round.
    if (entry.value->find("value") != nullptr || entry.value->find("percentiles") != nullptr) {
      std::erase_if(kept->entries, [](const auto& key) {
        return key.key->text == "value" || key.key->text == "percentiles" ||
               key.key->text == "mean" || key.key->text == "noise";
      });
    }
    known->value = std::move(kept);
  }
  return yaml::overlay(under, longer);
}

yaml::NodePtr lay_over(const yaml::NodePtr& base, const yaml::NodePtr& exporter,
                       Problems& problems) {
  auto under = std::make_shared<yaml::Node>(*base);
  auto over = std::make_shared<yaml::Node>(*exporter);
  for (yaml::Node::Entry& entry : over->entries) {
    if (entry.key->text != "signals" || !entry.value->is_map()) continue;
    const yaml::Node::Entry* signals = base->find_entry("signals");
    if (signals == nullptr) continue;
    entry.value = lay_signals(signals->value, entry.value, problems);
    // They are whole now: another layer would bring back what was replaced.
    std::erase_if(under->entries, [](const auto& key) { return key.key->text == "signals"; });
  }
  return yaml::overlay(under, over);
}

const Kind* find_kind(const yaml::Node& exporter) {
  const std::string wanted = text_of(exporter.find("kind"));
  const auto kind = std::find_if(kinds().begin(), kinds().end(),
                                 [&](const Kind& known) { return known.name == wanted; });
  return kind != kinds().end() ? &*kind : nullptr;
}

/// The kind's description in the shape that the exporter's options give it; null after a problem.
yaml::NodePtr description_of(const Kind& kind, const yaml::Node& exporter, Problems& problems) {
  OptionReader options(exporter, problems);
  kind.read(options);
  const auto text = expand_template(kind.source, options.values(), kLargestDescription);
  if (!text) {
    problems.add(exporter, "with these options the exporter has too many series");
    return nullptr;
  }
  const yaml::ForeignDocument base = yaml::parse_foreign(
      fmt::format("<kind: {}>", kind.name), *text,
      {.largest_file = 2 * kLargestDescription, .most_values = kLargestDescription},
      problems.diagnostics());
  TOCSIN_CHECK(base.root != nullptr && base.root->is_map(),
               "the descriptions of kinds are good YAML");
  return base.root;
}

}  // namespace

const std::vector<std::string>& exporter_kinds() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Kind& kind : kinds()) names.emplace_back(kind.name);
    return names;
  }();
  return kNames;
}

std::map<std::string, std::string> kind_formulas(const yaml::Node& exporter) {
  Diagnostics ignored;  // they were told when the exporter was expanded
  Problems problems(ignored);
  const Kind* kind = find_kind(exporter);
  const yaml::NodePtr base = kind != nullptr ? description_of(*kind, exporter, problems) : nullptr;
  const yaml::Node* signals = base != nullptr ? base->find("signals") : nullptr;
  std::map<std::string, std::string> formulas;
  if (signals == nullptr) return formulas;
  for (const yaml::Node::Entry& entry : signals->entries) {
    const yaml::Node* value = entry.value->find("value");
    const yaml::Node* percentiles = entry.value->find("percentiles");
    if (value == nullptr && percentiles != nullptr && !percentiles->entries.empty()) {
      value = percentiles->entries.front().value.get();
    }
    if (value != nullptr) formulas.emplace(entry.key->text, value->text);
  }
  return formulas;
}

yaml::NodePtr expand_exporter_kind(const yaml::NodePtr& exporter, Diagnostics& diagnostics) {
  if (!exporter->is_map()) return exporter;
  Problems problems(diagnostics);
  const Kind* kind = find_kind(*exporter);
  if (kind == nullptr) {
    // A kind that nobody knows is the shape's to report.
    if (exporter->find("kind") == nullptr) refuse_others_options(*exporter, nullptr, problems);
    return exporter;
  }
  refuse_others_options(*exporter, kind, problems);
  const yaml::NodePtr base = description_of(*kind, *exporter, problems);
  return base != nullptr ? lay_over(base, exporter, problems) : exporter;
}

}  // namespace tocsin::scenario
