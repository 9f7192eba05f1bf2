#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/facts.h"
#include "harness/check/label_flow.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"

/// How much of a machine is left: which number says it, and of which machine.

namespace tocsin::check {
namespace {

using promql::BinaryOp;
using promql::NodeKind;

enum ResourceCheck { kFreeForAvailable, kAverageHides };

constexpr Check kResources[] = {
    {"rule/free-for-available", Severity::kWarning, "Free is not what can be used",
     "Of a file system, free counts the blocks that only root may use: it is full for all others "
     "while some are free. Of memory, free leaves out what caches give back: it is always small.",
     "Use the available bytes: node_filesystem_avail_bytes, node_memory_MemAvailable_bytes."},
    {"rule/average-hides", Severity::kWarning,
     "An average over machines hides the one that is full",
     "One of ten machines at 100 % raises the average of all by ten.",
     "Group by instance, or use max()."},
};

struct FreeName {
  std::string_view free;
  std::string_view available;
};
constexpr std::array kFreeNames = {
    FreeName{"node_filesystem_free_bytes", "node_filesystem_avail_bytes"},
    FreeName{"node_filesystem_free", "node_filesystem_avail"},
    FreeName{"node_memory_MemFree_bytes", "node_memory_MemAvailable_bytes"},
    FreeName{"node_memory_MemFree", "node_memory_MemAvailable"},
};

/// Labels that tell one machine, or part of one, from another.
constexpr std::array<std::string_view, 14> kPlaces = {
    "instance", "node",   "host",      "hostname", "nodename", "pod",        "container",
    "device",   "server", "partition", "shard",    "broker",   "mountpoint", "vm"};

/// What a machine has only so much of.
constexpr std::array<std::string_view, 9> kScarce = {"cpu",   "memory",     "mem",   "disk", "load",
                                                     "load1", "filesystem", "load5", "swap"};

template <std::size_t n>
bool has_any_word(std::string_view name, const std::array<std::string_view, n>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return has_word(name, word); });
}

class ResourceLook {
 public:
  ResourceLook(const RuleUse& use, LabelFlow& labels, Findings& findings)
      : use_(use), labels_(labels), findings_(findings) {}

  void look() {
    const promql::Node& root = *use_.rule->expression.root;
    for_all(root, [&](const promql::Node& node) {
      if (const auto* selector = as_selector(node)) read_.insert(metric_name(*selector));
    });
    look_for_free(root, Wanted::kAny, false);
    for_all(root, [&](const promql::Node& node) {
      if (const auto* aggregate = as_aggregate(node)) look_at_average(*aggregate);
    });
  }

 private:
  /// Which values of a part make the alert fire, going down from the comparison.
  enum class Wanted {
    kAny,    ///< there is no comparison: the value is told
    kSmall,  ///< little is left
    kLarge,
  };

  static Wanted opposite(Wanted wanted) {
    return wanted == Wanted::kSmall   ? Wanted::kLarge
           : wanted == Wanted::kLarge ? Wanted::kSmall
                                      : wanted;
  }

  /// `judged`: divided or compared somewhere above, rather than only told.
  void look_for_free(const promql::Node& node, Wanted wanted, bool judged) {
    if (const auto* selector = as_selector(node)) {
      if (judged && wanted != Wanted::kLarge) look_at_free(*selector);
      return;
    }
    const auto* binary = as_binary(node);
    if (binary == nullptr) {
      const auto* call = as_call(node);
      judged = judged || (call != nullptr && call->function->name == "predict_linear");
      promql::for_children(
          node, [&](const promql::Node& below) { look_for_free(below, wanted, judged); });
      return;
    }
    Wanted left = wanted;
    Wanted right = wanted;
    if (promql::is_comparison(binary->op)) {
      left = asks_above(binary->op)   ? Wanted::kLarge
             : asks_below(binary->op) ? Wanted::kSmall
                                      : Wanted::kAny;
      right = opposite(left);
      judged = true;
    } else if (binary->op == BinaryOp::kSub || binary->op == BinaryOp::kDiv) {
      right = opposite(wanted);
      judged = judged || binary->op == BinaryOp::kDiv;
    }
    look_for_free(*binary->left, left, judged);
    look_for_free(*binary->right, right, judged);
  }

  void look_at_free(const promql::VectorSelector& selector) {
    const std::string name = metric_name(selector);
    for (const FreeName& pair : kFreeNames) {
      if (pair.free != name || read_.contains(std::string(pair.available))) continue;
      // MemFree + Buffers + Cached is how it was computed before Linux told MemAvailable.
      const bool with_caches =
          std::any_of(read_.begin(), read_.end(), [](const std::string& other) {
            return other.find("Cached") != std::string::npos ||
                   other.find("Buffers") != std::string::npos;
          });
      const bool memory = name.find("Mem") != std::string::npos;
      if (memory && with_caches) return;
      findings_.add(kResources[kFreeForAvailable],
                    about(use_, selector.range,
                          memory ? fmt::format("{} leaves out what caches give back", name)
                                 : fmt::format("{} counts blocks that only root may use", name),
                          fmt::format("use {}", pair.available)));
    }
  }

  void look_at_average(const promql::Aggregate& aggregate) {
    if (aggregate.op != promql::AggregateOp::kAvg || aggregate.without) return;
    for (const std::string& label : aggregate.grouping) {
      if (std::find(kPlaces.begin(), kPlaces.end(), label) != kPlaces.end()) return;
    }
    if (!labels_.of(*aggregate.argument).may_have("instance")) return;
    std::string scarce;
    bool long_term = false;
    for_all(*aggregate.argument, [&](const promql::Node& node) {
      // Over hours or days it is the fleet that is too small, not a machine that is in trouble.
      const auto* matrix = as<promql::MatrixSelector>(node, NodeKind::kMatrixSelector);
      long_term = long_term || (matrix != nullptr && matrix->window >= std::chrono::hours(3));
      const auto* selector = as_selector(node);
      if (selector == nullptr) return;
      const std::string name = metric_name(*selector);
      const bool one_machine = std::any_of(
          selector->matchers.begin(), selector->matchers.end(),
          [](const Matcher& m) { return m.name() == "instance" && m.op() == MatchOp::kEqual; });
      if (!one_machine && has_any_word(name, kScarce)) scarce = name;
    });
    if (scarce.empty() || long_term) return;
    // A mean by service or cluster may well be what is wanted.
    const bool all = aggregate.grouping.empty();
    findings_.add(
        kResources[kAverageHides], all ? Severity::kWarning : Severity::kInfo,
        about(use_, aggregate.range, fmt::format("{} is averaged over all instances", scarce)));
  }

  const RuleUse& use_;
  LabelFlow& labels_;
  Findings& findings_;
  std::set<std::string> read_;  ///< all metrics of the expression
};

void look_at_resources(const Subject& subject, Findings& findings) {
  LabelFlow labels(subject);
  for (const RuleUse& use : subject.rules) ResourceLook(use, labels, findings).look();
}

}  // namespace

const CheckGroup kResourceChecks{kResources, look_at_resources};

}  // namespace tocsin::check
