#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/contract/contract.h"
#include "harness/model/evidence.h"
#include "harness/run/stack.h"
#include "harness/scenario/scenario.h"

/// Driving one alert: short simulated runs of the part of a system that its rule reads.

namespace tocsin::prove {

/// A system with its rules and its contract.
struct Subject {
  std::shared_ptr<const scenario::System> system;
  std::shared_ptr<const run::RuleFiles> rules;
  std::shared_ptr<const contract::Contract> contract;
};

/// What is done to a system: faults without times, and another rate of requests.
struct Push {
  std::vector<faults::Fault> faults;
  std::optional<double> traffic_hz = {};
  std::vector<faults::Fault> otherwise = {};  ///< before and after
  std::optional<Duration> lasts = {};         ///< at most
};
/// A cause driven to `value`, in the unit of its alert's threshold (states have none).
Push push_of(const contract::Cause& cause, double value);
/// Nothing but what is so when the cause is not.
Push quiet_push(const contract::Cause& cause);
/// The near state of a cause in which its alert must be silent.
Push near_push(const contract::Cause& cause);

/// When it is done: after `lead` and a part of the scrape interval, for `length`.
struct Course {
  Duration lead{0};
  Duration length{0};
  Duration tail{0};
  Duration phase{0};             ///< added to the lead
  Duration evaluation_phase{0};  ///< of the rules, against the scrapes
  /// No longer than the push may last.
  void shorten(const Push& push) {
    if (push.lasts) length = std::min(length, *push.lasts);
  }
  Duration start() const { return lead + phase; }
  Duration end() const { return start() + length; }
};

/// What an alert did in a run.
struct Seen {
  bool before = false;              ///< active when the push began
  std::optional<Duration> pending;  ///< since the push began
  std::optional<Duration> firing;
  std::optional<Duration> ended;        ///< since the push ended
  std::optional<Duration> condition;    ///< how long it was pending or firing
  std::optional<std::string> severity;  ///< the label
};

class Rig {
 public:
  /// Everything must outlive the rig but `alert`. A severity chooses among several rules of one
  /// name.
  Rig(const Subject& subject, const std::string& alert, const std::string& severity,
      const std::atomic<bool>* stop);

  /// The alert's rule; null when there is none.
  const rules::Rule* rule() const { return rule_; }
  /// How far back its expression looks, and those of the recorded series that it reads.
  Duration reach() const { return reach_; }
  Duration scrape_interval() const { return scrape_interval_; }
  Duration evaluation_interval() const { return evaluation_interval_; }
  /// The longer of the two.
  Duration tick() const { return std::max(scrape_interval_, evaluation_interval_); }

  /// Long enough for everything that the expression looks at to lie in one state.
  Duration settling() const { return reach_ + 4 * tick(); }

  scenario::Scenario scenario(const Push& push, const Course& course) const;
  Seen run(const Push& push, const Course& course) const;
  Evidence evidence(const Push& push, const Course& course) const;

  /// Whether runs of that length can be simulated at all.
  bool is_bounded() const;

  /// Of the rule, and of those that record what it reads.
  const std::vector<std::vector<Matcher>>& selectors() const { return selectors_; }

 private:
  void find_rules(const std::string& severity);
  void follow(const rules::RuleGroup& group, const rules::Rule& rule, Duration reach);
  void reduce();

  const Subject& subject_;
  std::string alert_;
  const std::atomic<bool>* stop_;
  const rules::Rule* rule_ = nullptr;
  std::unordered_set<const rules::Rule*> rules_;  ///< that are evaluated
  std::vector<std::vector<Matcher>> selectors_;
  Duration reach_{0};
  Duration scrape_interval_{0};
  Duration evaluation_interval_{0};
  std::shared_ptr<const scenario::System> system_;  ///< what they read of it
};

/// All names of samples that a family of an instrument has.
std::vector<std::string> sample_names(const FamilyInfo& family);

}  // namespace tocsin::prove
