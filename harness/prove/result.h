#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/contract.h"
#include "harness/prove/rig.h"

/// What `tocsin prove` found out.

namespace tocsin::prove {

enum class FindingKind {
  kNoRule,       ///< no rule has the alert's name
  kNoMetric,     ///< the rule asks for what no target exports
  kNotMoved,     ///< the cause moves nothing that the rule reads
  kNeverFires,   ///< anywhere in the range
  kAlwaysFires,  ///< without the cause too, or on both sides of the threshold
  kWrongSide,    ///< above instead of below
  kThreshold,    ///< more than 1 % from the documented one
  kComparison,   ///< > where >= is documented
  kHold,         ///< another `for`
  kSeverity,
  kWindow,     ///< the rule looks back over another window
  kLate,       ///< fires later than documented
  kStays,      ///< does not resolve when the cause has ended, or too late
  kTooLong,    ///< the rule looks further back than a simulation goes
  kNearState,  ///< fires in a state that is documented as harmless
};
/// "no-rule", "threshold", …: for JSON and JUnit.
std::string_view to_string(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::kNoRule;
  std::string text;  ///< one sentence
};

struct Span {
  Duration min{0};
  Duration max{0};
};

enum class Verdict {
  kAgrees,
  kDiffers,
  kNotDriven,  ///< the alert cannot be made to fire
  kNotRun,     ///< interrupted before
};
std::string_view to_string(Verdict verdict);

/// One cause of one alert.
struct Proof {
  std::size_t system = 0;  ///< into Report::systems
  const contract::Alert* alert = nullptr;
  const contract::Cause* cause = nullptr;
  Verdict verdict = Verdict::kNotRun;
  std::vector<Finding> findings;
  std::optional<double> threshold;      ///< measured, in the unit of the documented one
  std::optional<Duration> hold;         ///< from pending to firing
  std::optional<std::string> severity;  ///< that fired
  std::optional<Span> pending;          ///< from the cause, over the phases between it and scrapes
  std::optional<Span> firing;
  std::optional<Span> resolving;  ///< from the cause's end
};

struct ProvenSystem {
  Subject subject;
  std::vector<std::string> undocumented;  ///< alerts of the rules that the contract does not have
};

struct Report {
  std::vector<ProvenSystem> systems;
  std::vector<Proof> proofs;  ///< by system, alert and cause, as the contracts have them

  std::size_t count(Verdict verdict) const;
};

}  // namespace tocsin::prove
