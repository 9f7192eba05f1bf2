#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/model/evidence.h"
#include "harness/rules/evaluation.h"

namespace tocsin::run {

using Annotations = std::map<std::string, std::string>;

/// What alerts said at some time. An episode keeps what its annotations said last, while
/// Prometheus sends what they say when it sends: a text that holds the value is another one each
/// time.
class AlertTexts {
 public:
  /// All must outlive this. `options` are those of the evaluation, `store` holds what it read and
  /// recorded.
  AlertTexts(std::span<const rules::RuleFile> files, const SeriesSource& store,
             const rules::EvaluationOptions& options);

  /// The annotations of a rule's alert with these labels as an evaluation at `at` gives them; null
  /// when its expression has no such result then, as when it is only kept firing, and when its
  /// annotations never change.
  const Annotations* at(const rules::Rule& rule, const Labels& labels, Timestamp at);
  /// From one evaluation of a rule to the next; unknown rules have the default.
  Duration interval_of(const rules::Rule& rule) const;

 private:
  using Moment = std::pair<const rules::Rule*, Timestamp>;
  using ByLabels = std::unordered_map<Labels, Annotations>;

  const ByLabels& look(const rules::Rule& rule, Timestamp at);

  std::span<const rules::RuleFile> files_;
  const SeriesSource& store_;
  const rules::EvaluationOptions& options_;
  std::unordered_map<const rules::Rule*, const rules::RuleGroup*> groups_;
  std::unordered_map<const rules::Rule*, bool> changes_;  ///< whether its annotations ever do
  std::map<Moment, ByLabels> known_;
};

}  // namespace tocsin::run
