#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/scenario/json_text.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/scenario/when.h"

/// What is expected of health endpoints, of the load and of scrapes.

namespace tocsin::scenario {
namespace {

/// The target named at `node`; "service" without one. Null after a problem.
const Target* read_target_name(const yaml::Node* node, const ExpectationContext& context) {
  if (node == nullptr) return &context.system.service;
  const Target* target = context.system.target(node->text);
  if (target != nullptr || !node->is_scalar()) return target;
  std::vector<std::string> known = {"service"};
  for (const Target& exporter : context.system.exporters) known.push_back(exporter.name);
  context.problems.unknown(*node, fmt::format("the system has no target \"{}\"", node->text),
                           node->text, known);
  return nullptr;
}

/// RFC 6901: "" or "/a/b", "~" only as ~0 and ~1.
bool is_json_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) {
      return false;
    }
  }
  return true;
}

class HealthExpectationReader {
 public:
  HealthExpectationReader(const yaml::Node& node, const ExpectationContext& context)
      : node_(node), context_(context) {}

  /// `path`: the key above, or null in a list.
  HealthExpectation read(const yaml::Node* path) {
    out_.pos = node_.pos();
    read_endpoint(path);
    const auto when = read_when(node_, context_);
    out_.window = when ? when->window : whole_run();
    out_.eventually = when && when->hold == MetricExpectation::Hold::kEventually;
    if (const yaml::Node* is = node_.find("is")) out_.state = is->text;
    if (const yaml::Node* code = node_.find("code")) read_code(*code);
    if (const yaml::Node* body = node_.find("body")) read_body(*body);
    if (const yaml::Node* latency = node_.find("latency")) {
      out_.latency = read_claim(*latency, Dimension::kTime, context_);
    }
    if (const yaml::Node* probe = node_.find("probe"))
      out_.considered_ok = probe->text == "passing";
    const auto claims = {"is", "code", "body", "latency", "probe"};
    if (std::none_of(claims.begin(), claims.end(),
                     [&](const char* key) { return node_.find(key) != nullptr; })) {
      context_.problems.add(node_, "this expects nothing", "add is, code, body, latency or probe");
    }
    return std::move(out_);
  }

 private:
  void read_endpoint(const yaml::Node* path) {
    const yaml::Node* endpoint = node_.find("endpoint");
    if (path != nullptr && endpoint != nullptr) {
      context_.problems.add(*endpoint, fmt::format("the endpoint is named above: {}", path->text));
    }
    if (path == nullptr) path = endpoint;
    if (path == nullptr) {
      context_.problems.add(node_, "which endpoint?", "add endpoint: /health");
      return;
    }
    const Target* target = read_target_name(node_.find("target"), context_);
    if (target == nullptr || !path->is_scalar()) return;
    out_.target = target->name;
    out_.endpoint = path->text;
    std::vector<std::string> known;
    for (const HealthEndpoint& one : target->health) known.push_back(one.path);
    if (std::find(known.begin(), known.end(), path->text) != known.end()) return;
    context_.problems.unknown(
        *path, fmt::format("{} has no health endpoint \"{}\"", target->name, path->text),
        path->text, known);
  }

  void read_code(const yaml::Node& node) {
    const std::uint64_t code = count_of(&node, 200);
    if (code < 100 || code > 599) context_.problems.add(node, "expected an HTTP status");
    out_.code = static_cast<int>(std::min<std::uint64_t>(code, 599));
  }

  void read_body(const yaml::Node& body) {
    for (const yaml::Node::Entry& entry : body.entries) {
      if (!is_json_pointer(entry.key->text)) {
        context_.problems.add(*entry.key, fmt::format("\"{}\" is no JSON pointer", entry.key->text),
                              "write it like /checks/database/status");
      }
      out_.fields[entry.key->text] = json_text(*entry.value);
    }
  }

  const yaml::Node& node_;
  const ExpectationContext& context_;
  HealthExpectation out_;
};

struct Percentile {
  std::string_view key;
  double share;
};
constexpr std::array<Percentile, 7> kPercentileFields = {{{"p50", 0.5},
                                                          {"p75", 0.75},
                                                          {"p90", 0.9},
                                                          {"p95", 0.95},
                                                          {"p99", 0.99},
                                                          {"p99.9", 0.999},
                                                          {"max", 1}}};

class LoadExpectationReader {
 public:
  LoadExpectationReader(const yaml::Node& node, const ExpectationContext& context,
                        Expectations& out)
      : node_(node), context_(context), out_(out) {}

  /// Claims with a time of their own make an expectation each.
  void read() {
    common_.pos = node_.pos();
    if (const yaml::Node* endpoint = node_.find("endpoint")) read_endpoint(*endpoint);
    if (const auto when = read_when(node_, context_)) common_.window = when->window;
    LoadExpectation all = common_;
    bool any = false;
    each_claim([&](const yaml::Node& node, Dimension dimension, auto set) {
      any = true;
      if (!node.is_map()) {
        if (auto claim = read_claim(node, dimension, context_)) set(all, std::move(*claim));
        return;
      }
      LoadExpectation alone = common_;
      alone.pos = node.pos();
      if (auto window = read_from_to(node.find("from"), node.find("to"), context_)) {
        alone.window = std::move(window);
      }
      const yaml::Node* is = node.find("is");
      if (is == nullptr) return;
      if (auto claim = read_claim(*is, dimension, context_)) set(alone, std::move(*claim));
      out_.load.push_back(std::move(alone));
    });
    if (!any) {
      context_.problems.add(node_, "this expects nothing", "like error_rate: < 1% or p95: < 2s");
    }
    if (all.throughput || all.error_rate || all.requests || !all.percentiles.empty()) {
      out_.load.push_back(std::move(all));
    }
  }

 private:
  void read_endpoint(const yaml::Node& endpoint) {
    std::vector<std::string> known;
    for (const Endpoint& one : context_.system.service.endpoints) known.push_back(one.name);
    common_.endpoint = text_of(&endpoint);
    if (std::find(known.begin(), known.end(), common_.endpoint) != known.end()) return;
    context_.problems.unknown(endpoint,
                              fmt::format("the service has no endpoint \"{}\"", common_.endpoint),
                              common_.endpoint, known);
  }

  /// Calls visit(node, dimension, set), where set(expectation, claim) stores the claim.
  template <class Visit>
  void each_claim(Visit visit) const {
    const auto scalar = [&](std::string_view key, Dimension dimension, auto member) {
      const yaml::Node* node = node_.find(key);
      if (node == nullptr) return;
      visit(*node, dimension,
            [member](LoadExpectation& load, ValueClaim claim) { load.*member = std::move(claim); });
    };
    scalar("throughput", Dimension::kRate, &LoadExpectation::throughput);
    scalar("error_rate", Dimension::kRatio, &LoadExpectation::error_rate);
    scalar("requests", Dimension::kNumber, &LoadExpectation::requests);
    for (const Percentile& percentile : kPercentileFields) {
      const yaml::Node* node = node_.find(percentile.key);
      if (node == nullptr) continue;
      const double share = percentile.share;
      visit(*node, Dimension::kTime, [share](LoadExpectation& load, ValueClaim claim) {
        load.percentiles.emplace_back(share, std::move(claim));
      });
    }
  }

  const yaml::Node& node_;
  const ExpectationContext& context_;
  Expectations& out_;
  LoadExpectation common_;
};

class ScrapeExpectationReader {
 public:
  ScrapeExpectationReader(const yaml::Node::Entry& entry, const ExpectationContext& context)
      : key_(*entry.key), node_(*entry.value), context_(context) {}

  ScrapeExpectation read() {
    out_.pos = key_.pos();
    const Target* target = read_target_name(&key_, context_);
    out_.target = key_.text;
    if (const yaml::Node* up = node_.find("up")) read_up(*up);
    if (const yaml::Node* families = node_.find("families")) read_families(*families, target);
    out_.lint = node_.find("naming") != nullptr;
    return std::move(out_);
  }

 private:
  void read_up(const yaml::Node& node) {
    if (node.is_scalar()) {
      out_.up.push_back({bool_of(&node, true), whole_run(), node.pos()});
      return;
    }
    const auto add = [&](const yaml::Node& item) {
      const auto when = read_when(item, context_);
      out_.up.push_back(
          {text_of(item.find("is")) != "down", when ? when->window : whole_run(), item.pos()});
    };
    if (node.is_map()) add(node);
    for (const yaml::NodePtr& item : node.items) add(*item);
  }

  void read_families(const yaml::Node& node, const Target* target) {
    for (const yaml::NodePtr& name : node.items) add_family(*name, nullptr, target);
    for (const yaml::Node::Entry& entry : node.entries) {
      add_family(*entry.key, entry.value.get(), target);
    }
  }

  void add_family(const yaml::Node& name, const yaml::Node* details, const Target* target) {
    ScrapeExpectation::Family family;
    family.name = name.text;
    family.pos = name.pos();
    if (target != nullptr && name.is_scalar()) check_family(name, *target);
    if (const yaml::Node* type = details != nullptr ? details->find("type") : nullptr) {
      for (const MetricType one : {MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram,
                                   MetricType::kSummary, MetricType::kInfo}) {
        if (to_string(one) == type->text) family.type = one;
      }
    }
    const yaml::Node* labels = details != nullptr ? details->find("labels") : nullptr;
    if (labels != nullptr) {
      if (labels->is_scalar()) family.labels.push_back(labels->text);
      for (const yaml::NodePtr& label : labels->items) family.labels.push_back(label->text);
    }
    out_.families.push_back(std::move(family));
  }

  void check_family(const yaml::Node& name, const Target& target) {
    std::vector<std::string> known;
    for (const Instrument& one : target.instruments) known.push_back(one.family.name);
    if (std::find(known.begin(), known.end(), name.text) != known.end()) return;
    context_.problems.unknown(
        name, fmt::format("{} exports no metric \"{}\"", target.name, name.text), name.text, known);
  }

  const yaml::Node& key_;
  const yaml::Node& node_;
  const ExpectationContext& context_;
  ScrapeExpectation out_;
};

}  // namespace

void read_health_expectations(const yaml::Node& node, const ExpectationContext& context,
                              Expectations& out) {
  const auto add = [&](const yaml::Node& item, const yaml::Node* path) {
    if (item.is_map()) out.health.push_back(HealthExpectationReader(item, context).read(path));
  };
  for (const yaml::NodePtr& item : node.items) add(*item, nullptr);
  for (const yaml::Node::Entry& entry : node.entries) {
    add(*entry.value, entry.key.get());
    for (const yaml::NodePtr& item : entry.value->items) add(*item, entry.key.get());
  }
}

void read_load_expectations(const yaml::Node& node, const ExpectationContext& context,
                            Expectations& out) {
  if (node.is_map()) LoadExpectationReader(node, context, out).read();
  for (const yaml::NodePtr& item : node.items) LoadExpectationReader(*item, context, out).read();
}

void read_scrape_expectations(const yaml::Node& node, const ExpectationContext& context,
                              Expectations& out) {
  for (const yaml::Node::Entry& entry : node.entries) {
    out.scrape.push_back(ScrapeExpectationReader(entry, context).read());
  }
}

}  // namespace tocsin::scenario
