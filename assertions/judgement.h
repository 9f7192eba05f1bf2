#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace tocsin::assertions {

enum class Outcome {
  kPass,
  kFail,
  kInconclusive,  ///< the evidence does not reach far enough to tell
};
/// "pass", "fail", "inconclusive".
std::string_view to_string(Outcome outcome);

/// One claim of a scenario held against the evidence.
struct Judgement {
  std::string kind;     ///< alert, notification, metric, health, load, scrape or dashboards
  std::string subject;  ///< the alert, who is told, the expression, endpoint or target
  std::string claim;    ///< "fires 7m..9m after fault"; with kind and subject unique in a scenario
  Outcome outcome = Outcome::kPass;
  std::string seen;  ///< one line, filled for passes too
  /// The few samples or events around the place that decided, oldest first; empty for passes.
  std::vector<std::string> around;
  SourcePos pos;               ///< of the claim in the scenario file
  std::optional<Duration> at;  ///< when in the scenario what decided happened
};

/// A whole scenario's judgement.
struct Verdict {
  std::vector<Judgement> judgements;  ///< in the order of the scenario's keys
  /// Fail beats inconclusive beats pass; a scenario that expects nothing proves nothing; and
  /// partial or invalid evidence is never a pass or a fail.
  Outcome outcome = Outcome::kPass;
  std::string reason;  ///< why inconclusive as a whole; else empty

  std::size_t count(Outcome wanted) const;
};

}  // namespace tocsin::assertions
