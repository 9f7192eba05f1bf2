#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/model/evidence.h"
#include "harness/stack/prometheus_api.h"
#include "harness/stack/sample_tap.h"

/// From what a real Prometheus shows of its alerts to episodes: ALERTS and ALERTS_FOR_STATE say
/// when an alert was pending and firing, the rules API how it read.

namespace tocsin::stack {

/// What polls of the rules API saw of an alert.
struct AlertSighting {
  Timestamp at = {};  ///< of the evaluation
  double value = 0;
  bool firing = false;
  Timestamp active_at = {};
};

struct SightedAlert {
  std::string group;
  std::string rule;
  std::vector<AlertSighting> sightings;
  /// As rendered, and since when.
  std::vector<std::pair<Timestamp, std::map<std::string, std::string>>> annotations;
};

/// Collects polls of the rules API.
class RuleWatch {
 public:
  void add(const std::vector<GroupStatus>& groups);

  /// By labels; those of two rules may be alike.
  const std::unordered_map<Labels, std::vector<SightedAlert>>& alerts() const { return alerts_; }
  /// The latest evaluation of a group that was seen.
  std::optional<Timestamp> last_evaluation(const std::string& group) const;
  Duration interval(const std::string& group) const;
  /// "group g: rule R fails: …", each once; evaluations that take longer than their interval.
  const std::map<std::string, std::size_t>& troubles() const { return troubles_; }
  std::size_t pending() const { return pending_; }
  std::size_t firing() const { return firing_now_.size(); }
  /// What fires, by the last poll: names, labels, annotations; firing since that was first seen.
  const std::vector<AlertEpisode>& firing_now() const { return firing_now_; }

 private:
  struct Group {
    Duration interval{0};
    std::optional<Timestamp> last;
  };
  void see(const GroupStatus& group, const RuleStatus& rule);
  void note_firing(const SightedAlert& sighted, const ActiveAlert& alert);

  std::unordered_map<Labels, std::vector<SightedAlert>> alerts_;
  std::map<std::string, Group> groups_;
  std::map<std::string, std::size_t> troubles_;
  std::size_t pending_ = 0;
  std::vector<AlertEpisode> firing_now_;
};

/// A rule whose alerts are looked for, with the static part of its labels.
struct WatchedRule {
  std::string group;
  std::string alert;
  std::map<std::string, std::string> labels;  ///< those without templates
  Duration hold{0};                           ///< for the episode, unscaled
  Duration interval{0};                       ///< of its group, as evaluated
};

/// Episodes by pending_at, then alert, then labels. Samples were read up to `read_until`; what
/// polls saw later counts, too.
std::vector<AlertEpisode> read_episodes(const SampleTap& tap, const RuleWatch& watch,
                                        const std::vector<WatchedRule>& rules,
                                        Timestamp read_until);

}  // namespace tocsin::stack
