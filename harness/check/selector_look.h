#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/check/finding.h"
#include "harness/check/subject.h"
#include "harness/promql/ast.h"

/// A selector against what targets export and rules record, wherever it stands.

namespace tocsin::check {

enum class SelectorFlaw {
  kUnknownMetric,
  kUnknownLabel,
  kUnknownLabelValue,
  kUnknownCombination,
  kContradiction,
  kRegexDeadBranch,
  kRegexPlain,
  kRegexAnchored,
  kMissingRecording,
  kUnknownAlert,
  kUndescribed,  ///< nobody says whether it is there
};

struct SelectorProblem {
  SelectorFlaw flaw = SelectorFlaw::kUnknownMetric;
  std::optional<Severity> severity;  ///< another than the check's own
  std::string message;
  std::string way_out;
};

std::vector<SelectorProblem> look_at_selector(const Subject& subject,
                                              const promql::VectorSelector& selector);

}  // namespace tocsin::check
