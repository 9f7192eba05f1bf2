#include "harness/contract/read.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/contract/contract.h"
#include "harness/contract/language.h"
#include "harness/scenario/json_text.h"
#include "harness/scenario/language.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/yaml/include.h"
#include "harness/yaml/parse.h"

namespace tocsin::contract {

using scenario::Problems;
using scenario::text_of;
using yaml::Node;

std::vector<std::string> texts_of(const Node* node) {
  std::vector<std::string> texts;
  if (node == nullptr) return texts;
  if (node->is_scalar()) texts.push_back(node->text);
  for (const yaml::NodePtr& item : node->items) texts.push_back(item->text);
  return texts;
}

std::vector<int> lines_of(const Node& node, Problems& problems) {
  constexpr std::uint64_t kLastLine = 10'000'000;
  std::vector<int> lines;
  const auto add = [&](const Node* line) {
    if (line == nullptr || !line->is_scalar()) return;
    const std::uint64_t value = scenario::count_of(line, 1);
    if (value < 1 || value > kLastLine) problems.add(*line, "expected a line number, from 1 on");
    lines.push_back(static_cast<int>(std::min(value, kLastLine)));
  };
  add(node.find("line"));
  if (const Node* several = node.find("lines")) {
    for (const yaml::NodePtr& line : several->items) add(line.get());
  }
  return lines;
}

std::vector<faults::Fault> read_state(const Node& node, const scenario::System& system,
                                      Problems& problems) {
  std::vector<faults::Fault> all;
  for (const Node::Entry& entry : node.entries) {
    const scenario::Target* target = find_target(*entry.key, system, problems);
    if (target == nullptr) continue;
    faults::Fault fault;
    fault.target = target->name;
    fault.pos = entry.key->pos();
    scenario::read_target_fault(*target, *entry.value, problems, fault);
    all.push_back(std::move(fault));
  }
  if (node.is_map() && node.entries.empty()) problems.add(node, "this state breaks nothing");
  return all;
}

const scenario::Target* find_target(const Node& name, const scenario::System& system,
                                    Problems& problems) {
  const scenario::Target* target = system.target(name.text);
  if (target != nullptr) return target;
  std::vector<std::string> known = {"service"};
  for (const scenario::Target& exporter : system.exporters) known.push_back(exporter.name);
  problems.unknown(name,
                   fmt::format("the system \"{}\" has no target \"{}\"", system.name, name.text),
                   name.text, known);
  return nullptr;
}

namespace {

class ContractReader {
 public:
  ContractReader(const Node& root, const scenario::System& system, Problems& problems)
      : root_(root), system_(system), problems_(problems) {}

  Contract read() {
    out_.file = root_.source->file();
    out_.pos = root_.pos();
    read_name();
    if (const Node* guide = root_.find("guide")) {
      out_.guide = text_of(guide->find("title"));
      out_.guide_date = text_of(guide->find("date"));
      out_.guide_file = text_of(guide->find("file"));
    }
    read_traffic();
    if (const Node* alerts = root_.find("alerts")) {
      out_.alerts = read_alerts(*alerts, system_, problems_);
    }
    for_each("metrics", [&](const Node& key, const Node& node) { read_metric(key, node); });
    for_each("health", [&](const Node&, const Node& node) { read_health(node); });
    if (const Node* scrape = root_.find("scrape")) read_scrape(*scrape);
    for_each("counts", [&](const Node&, const Node& node) { read_count(node); });
    for_each("sampling", [&](const Node&, const Node& node) {
      out_.sampling.push_back(read_limit(node, "rate"));
    });
    for_each("budgets", [&](const Node&, const Node& node) {
      out_.budgets.push_back(read_limit(node, "limit"));
    });
    for_each("admin", [&](const Node&, const Node& node) {
      out_.admin.push_back({node.pos(), text_of(node.find("path")),
                            text_of(node.find("method"), "GET"), text_of(node.find("says")),
                            lines_of(node, problems_)});
    });
    for_each("runbooks", [&](const Node&, const Node& node) { read_runbook(node); });
    for_each("promises", [&](const Node&, const Node& node) { read_promise(node); });
    check_ids();
    return std::move(out_);
  }

 private:
  template <class Read>
  void for_each(std::string_view key, Read read) {
    const Node* node = root_.find(key);
    if (node == nullptr) return;
    for (const yaml::NodePtr& item : node->items) {
      if (item->is_map()) read(*item, *item);
    }
    for (const Node::Entry& entry : node->entries) {
      if (entry.value->is_map()) read(*entry.key, *entry.value);
    }
  }

  void read_name() {
    const Node* name = root_.find("contract");
    out_.system = text_of(name);
    if (name == nullptr || !name->is_scalar() || out_.system == system_.name) return;
    problems_.add(*name, fmt::format("this stands beside the system \"{}\", not \"{}\"",
                                     system_.name, out_.system));
  }

  void read_traffic() {
    const Node* traffic = root_.find("traffic");
    out_.traffic_hz = scenario::value_of(traffic, Dimension::kRate, out_.traffic_hz);
    if (traffic != nullptr && (out_.traffic_hz <= 0 || out_.traffic_hz > 1e9)) {
      problems_.add(*traffic, "expected a rate above 0/s and up to 1000000000/s");
      out_.traffic_hz = 1;
    }
  }

  std::string target_of(const Node& node) {
    const Node* target = node.find("target");
    if (target == nullptr || !target->is_scalar()) return "service";
    find_target(*target, system_, problems_);
    return target->text;
  }

  void read_metric(const Node& key, const Node& node) {
    Metric metric;
    metric.name = key.text;
    metric.pos = key.pos();
    metric.target = target_of(node);
    const std::string type = text_of(node.find("type"));
    for (const MetricType known : {MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram,
                                   MetricType::kSummary, MetricType::kInfo}) {
      if (to_string(known) == type) metric.type = known;
    }
    metric.labels = texts_of(node.find("labels"));
    check_labels(node, metric);
    metric.unit = text_of(node.find("unit"));
    metric.lines = lines_of(node, problems_);
    metric.ours = texts_of(node.find("ours"));
    metric.note = text_of(node.find("note"));
    check_ours(node, metric.ours, {"name"});
    out_.metrics.push_back(std::move(metric));
  }

  /// `le` and `quantile` come with the type.
  void check_labels(const Node& node, Metric& metric) {
    std::set<std::string> seen;
    const Node* labels = node.find("labels");
    if (labels == nullptr) return;
    for (const yaml::NodePtr& label : labels->items) {
      if (!seen.insert(label->text).second) problems_.add(*label, "this label is listed twice");
    }
    if (metric.type == MetricType::kHistogram) std::erase(metric.labels, "le");
    if (metric.type == MetricType::kSummary) std::erase(metric.labels, "quantile");
  }

  /// What is ours must be there, except where `implied` says that it always is.
  void check_ours(const Node& node, const std::vector<std::string>& ours,
                  const std::set<std::string>& implied) {
    for (const std::string& part : ours) {
      if (node.find(part) != nullptr || implied.contains(part)) continue;
      const Node* list = node.find("ours");
      problems_.add(*list, fmt::format("\"{}\" is said to be ours, but is not given", part));
    }
  }

  void read_health(const Node& node) {
    HealthPromise promise;
    promise.pos = node.pos();
    promise.id = text_of(node.find("id"));
    promise.target = target_of(node);
    promise.endpoint = text_of(node.find("endpoint"));
    promise.state = text_of(node.find("state"));
    if (const Node* code = node.find("code")) {
      const std::uint64_t value = scenario::count_of(code, 200);
      if (value < 100 || value > 599) problems_.add(*code, "expected a status from 100 to 599");
      promise.code = static_cast<int>(std::min<std::uint64_t>(value, 599));
    }
    promise.after = scenario::length_of(node.find("after"), Duration(0));
    if (const Node* when = node.find("when")) promise.when = read_state(*when, system_, problems_);
    if (const Node* fields = node.find("fields")) read_fields(*fields, promise);
    if (const Node* latency = node.find("latency"); latency != nullptr && latency->is_scalar()) {
      auto claim = scenario::parse_claim(latency->text, Dimension::kTime);
      if (claim.has_error()) {
        problems_.add_parse_error(*latency, claim.error());
      } else {
        promise.latency = std::move(*claim);
      }
    }
    promise.lines = lines_of(node, problems_);
    promise.ours = texts_of(node.find("ours"));
    promise.note = text_of(node.find("note"));
    check_ours(node, promise.ours, {});
    check_endpoint(node, promise);
    if (promise.state.empty() && !promise.code && promise.fields.empty() && !promise.latency) {
      problems_.add(node, "this promises nothing", "give a state, code, fields or latency");
    }
    out_.health.push_back(std::move(promise));
  }

  void read_fields(const Node& fields, HealthPromise& promise) {
    for (const Node::Entry& field : fields.entries) {
      if (!field.key->text.starts_with('/')) {
        problems_.add(*field.key, "a JSON pointer begins with \"/\"");
      }
      promise.fields[field.key->text] = scenario::json_text(*field.value);
    }
  }

  void check_endpoint(const Node& node, const HealthPromise& promise) {
    const scenario::Target* target = system_.target(promise.target);
    const Node* endpoint = node.find("endpoint");
    if (target == nullptr || endpoint == nullptr || !endpoint->is_scalar()) return;
    std::vector<std::string> known;
    for (const scenario::HealthEndpoint& one : target->health) known.push_back(one.path);
    if (std::find(known.begin(), known.end(), promise.endpoint) != known.end()) return;
    problems_.unknown(
        *endpoint,
        fmt::format("{} has no health endpoint \"{}\"", promise.target, promise.endpoint),
        promise.endpoint, known);
  }

  std::optional<Duration> positive(const Node& node, std::string_view key) {
    const Node* length = node.find(key);
    if (length == nullptr) return std::nullopt;
    const Duration value = scenario::length_of(length, Duration(1));
    if (value <= Duration(0)) problems_.add(*length, "expected a duration longer than 0s");
    return value;
  }

  void read_scrape(const Node& node) {
    out_.scrape.interval = positive(node, "interval");
    out_.scrape.evaluation_interval = positive(node, "evaluation_interval");
    out_.scrape.ours = texts_of(node.find("ours"));
    check_ours(node, out_.scrape.ours, {});
    const Node* jobs = node.find("jobs");
    if (jobs == nullptr) return;
    for (const Node::Entry& entry : jobs->entries) {
      if (!entry.value->is_map()) continue;
      ScrapeJob job;
      job.job = entry.key->text;
      job.pos = entry.key->pos();
      if (const Node* port = entry.value->find("port")) {
        const std::uint64_t value = scenario::count_of(port, 1);
        if (value < 1 || value > 65535) problems_.add(*port, "expected a port from 1 to 65535");
        job.port = static_cast<std::uint16_t>(value);
      }
      job.path = text_of(entry.value->find("path"), "/metrics");
      job.interval = positive(*entry.value, "interval");
      job.lines = lines_of(*entry.value, problems_);
      out_.scrape.jobs.push_back(std::move(job));
    }
  }

  void read_count(const Node& node) {
    CountPromise promise;
    promise.pos = node.pos();
    promise.what = text_of(node.find("what"));
    promise.lines = lines_of(node, problems_);
    promise.note = text_of(node.find("note"));
    if (const Node* documented = node.find("documented"); documented != nullptr) {
      std::string text = documented->text;
      promise.at_least = text.ends_with('+');
      if (promise.at_least) text.pop_back();
      const auto count = scenario::parse_count(text);
      if (count.has_error() && documented->is_scalar()) {
        problems_.add(*documented, "expected a whole number like 16, or 50+ for at least so many");
      }
      if (count.has_value()) promise.documented = *count;
    }
    out_.counts.push_back(std::move(promise));
  }

  LimitPromise read_limit(const Node& node, std::string_view key) {
    LimitPromise promise;
    promise.pos = node.pos();
    promise.id = text_of(node.find("id"));
    promise.what = text_of(node.find("what"));
    promise.limit = text_of(node.find(key));
    const auto quantity = parse_quantity(promise.limit);
    if (quantity.has_value()) promise.quantity = *quantity;
    promise.per = text_of(node.find("per"));
    promise.lines = lines_of(node, problems_);
    promise.note = text_of(node.find("note"));
    return promise;
  }

  void read_runbook(const Node& node) {
    RunbookPromise runbook;
    runbook.pos = node.pos();
    runbook.id = text_of(node.find("id"));
    runbook.title = text_of(node.find("title"));
    runbook.says = text_of(node.find("says"));
    runbook.alerts = texts_of(node.find("alerts"));
    runbook.lines = lines_of(node, problems_);
    if (const Node* alerts = node.find("alerts")) {
      check_alert_names(*alerts, out_.alerts, problems_);
    }
    out_.runbooks.push_back(std::move(runbook));
  }

  void read_promise(const Node& node) {
    FurtherPromise promise;
    promise.pos = node.pos();
    promise.id = text_of(node.find("id"));
    promise.says = text_of(node.find("says"));
    promise.shown_by = texts_of(node.find("shown_by"));
    promise.lines = lines_of(node, problems_);
    promise.note = text_of(node.find("note"));
    if (const Node* files = node.find("shown_by")) check_files(*files);
    out_.promises.push_back(std::move(promise));
  }

  void check_files(const Node& node) {
    const auto check = [&](const Node& file) {
      if (!file.is_scalar()) return;
      std::error_code failure;
      const auto path = std::filesystem::path(system_.folder) / file.text;
      if (std::filesystem::is_regular_file(path, failure)) return;
      problems_.add(file, fmt::format("there is no file \"{}\" beside this one", file.text));
    };
    check(node);
    for (const yaml::NodePtr& file : node.items) check(*file);
  }

  /// No two promises have the same id.
  void check_ids() {
    std::map<std::string, std::string> seen;
    const auto claim = [&](const std::string& id, const SourcePos& pos, std::string what) {
      if (id.empty()) return;
      const auto [first, fresh] = seen.emplace(id, what);
      if (fresh) return;
      problems_.add(input_error(pos, fmt::format("the id \"{}\" is {}'s too", id, first->second)));
    };
    for (const Alert& alert : out_.alerts) claim(alert.id, alert.pos, alert.name);
    for (const HealthPromise& one : out_.health) claim(one.id, one.pos, one.endpoint);
    for (const LimitPromise& one : out_.sampling) claim(one.id, one.pos, one.what);
    for (const LimitPromise& one : out_.budgets) claim(one.id, one.pos, one.what);
    for (const RunbookPromise& one : out_.runbooks) claim(one.id, one.pos, one.title);
    for (const FurtherPromise& one : out_.promises) claim(one.id, one.pos, one.says);
  }

  const Node& root_;
  const scenario::System& system_;
  Problems& problems_;
  Contract out_;
};

}  // namespace

std::string contract_file(const scenario::System& system) {
  return (std::filesystem::path(system.folder) / "contract.yaml").lexically_normal().string();
}

std::optional<Contract> load_contract(const scenario::System& system, Diagnostics& diagnostics) {
  Diagnostics own;
  std::optional<Contract> contract;
  yaml::NodePtr root = yaml::load(contract_file(system), own);
  if (root != nullptr && !root->is_map()) {
    own.add(root->error("a contract is a map of keys"));
  } else if (root != nullptr) {
    root = yaml::resolve_includes(root, own);
  }
  if (root != nullptr && root->is_map()) {
    Problems problems(own);
    scenario::check_shape(*root, scenario::map_of(kContractTable), problems);
    contract = ContractReader(*root, system, problems).read();
  }
  diagnostics.add(own.sorted());
  if (!own.ok()) return std::nullopt;
  return contract;
}

std::string contract_schema() {
  return scenario::schema_of(kContractTable, "Tocsin contract");
}

}  // namespace tocsin::contract
