#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "harness/alerting/config.h"
#include "harness/base/time.h"

namespace tocsin::alerting {

/// Which rules an alert takes part in; found once for each label set.
struct InhibitRoles {
  struct Role {
    std::uint32_t rule = 0;
    std::uint64_t equal = 0;  ///< hash of the values of the rule's `equal` labels
    bool both = false;        ///< the alert matches source and target of the rule
  };
  std::vector<Role> sources;
  std::vector<Role> targets;
};

/// Which alerts silence which others, as Alertmanager has it since 0.30: of all sources with the
/// same `equal` labels a rule remembers one, the one with the latest end when it was posted. When
/// that one resolves, the target is told although another source may still fire.
class Inhibitor {
 public:
  explicit Inhibitor(const std::vector<InhibitRule>& rules);

  InhibitRoles roles_of(const Labels& labels) const;
  /// An alert was posted, or merged with what was there.
  void update(std::uint64_t fingerprint, const InhibitRoles& roles, Timestamp ends_at);
  /// The source that mutes an alert now.
  std::optional<std::uint64_t> muted_by(const InhibitRoles& roles, Timestamp now) const;
  /// Forgets resolved sources.
  void collect_garbage(Timestamp now);

 private:
  struct Source {
    Timestamp ends_at = {};
    std::uint64_t equal = 0;
    bool both = false;
  };
  struct State {
    std::unordered_map<std::uint64_t, Source> sources;       ///< by fingerprint
    std::unordered_map<std::uint64_t, std::uint64_t> index;  ///< from `equal` to fingerprint
  };

  const std::vector<InhibitRule>& rules_;
  std::vector<State> states_;  ///< one a rule
};

}  // namespace tocsin::alerting
