#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/ruletest/run.h"

/// Everything that a test could have asked about some rules, at any step: to tell a rule that does
/// the same by other means from one that nobody looked at closely enough.

namespace tocsin::ruletest {

struct Seen {
  struct Episode {
    const rules::Rule* rule = nullptr;
    AlertEpisode episode;
  };
  /// One recorded series.
  struct Series {
    Labels labels;
    std::vector<std::int64_t> timestamps;
    std::vector<double> values;
    std::vector<NativeHistogramPtr> histograms;
  };

  std::vector<Episode> episodes;
  std::vector<rules::AlertLook> looks;
  std::vector<Series> recorded;
};

/// Of these rules; the alerts among them that show values should have been in RunOptions::look_at.
Seen seen_by(const GroupEvidence& evidence, std::span<const rules::Rule* const> rules);

/// Alerts and their labels, annotations and times, and recorded samples, are the same. Samples may
/// differ by what rounding makes of sums in another order.
bool same(const Seen& a, const Seen& b);

/// Whether what the alert says depends on more than its labels.
bool shows_value(const rules::Rule& rule);

}  // namespace tocsin::ruletest
