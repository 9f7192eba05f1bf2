#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/backtest/backtest.h"

/// What changes between two versions of the rules, on the same samples.

namespace tocsin::backtest {

enum class RuleFate { kKept, kRenamed, kAdded, kRemoved };
std::string_view to_string(RuleFate fate);

enum class EpisodeFate { kAppears, kVanishes, kDiffers };
std::string_view to_string(EpisodeFate fate);

/// One episode that is not the same before and after.
struct EpisodeChange {
  EpisodeFate fate = EpisodeFate::kDiffers;
  std::optional<std::size_t> before;  ///< into the episodes of the old rules' backtest
  std::optional<std::size_t> after;   ///< into those of the new rules'
  /// What differs, in words: "fires 5m later", "ends 2m earlier", "no longer fires", "label x …".
  std::vector<std::string> words = {};
};

struct RuleChange {
  RuleFate fate = RuleFate::kKept;
  std::optional<std::size_t> before;  ///< into the rules of the old backtest
  std::optional<std::size_t> after;
  std::vector<std::string> words = {};  ///< what is written otherwise: "for 5m → 10m"
  std::vector<EpisodeChange> episodes = {};
  std::size_t same = 0;  ///< episodes without any change

  bool is_change() const { return fate != RuleFate::kKept || !words.empty() || !episodes.empty(); }
};

struct Comparison {
  std::vector<RuleChange> rules;  ///< those of the new rules in their order, then those removed

  /// Whether any episode changes; rules alone may be written otherwise.
  bool episodes_change() const;
  std::size_t count(EpisodeFate fate) const;
};

/// Both over the same time. Rules belong together that have the same alert name: in the same group
/// and with the same labels if possible, then in the same group, then anywhere; a rule that is gone
/// and a new one with the same expression are one that was renamed. Of two such rules, episodes
/// belong together that have the same labels, but for the alert's name and the labels that either
/// rule sets, and that overlap.
Comparison compare(const Backtest& before, const Backtest& after);

}  // namespace tocsin::backtest
