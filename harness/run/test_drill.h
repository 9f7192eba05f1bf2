#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/run/routing.h"
#include "harness/run/stack.h"
#include "harness/scenario/scenario.h"

/// Scenarios and what tests ask of evidence.

namespace tocsin::run {

/// A scenario with the rules of its system.
struct Drill {
  scenario::Scenario scenario;
  std::shared_ptr<const RuleFiles> rules;
  std::shared_ptr<const Routing> routing;  ///< null: nobody is told of alerts
};

/// A scenario file, by its path from the project's folder.
Drill load_drill(const std::string& path);

/// Pairs of texts: every occurrence of the first becomes the second.
using Edits = std::vector<std::pair<std::string, std::string>>;

/// A scenario on testdata/small, given as YAML without `system` and `expect`; `edits` change the
/// text of the system or its rules, and must apply.
Drill small_drill(const std::string& scenario, const Edits& edits = {});

/// All samples as OpenMetrics text, which holds everything that Evidence's source does.
std::string samples_of(const Evidence& evidence);

/// The one series of this text form: requests_total{job="small", …}. An empty view when there is
/// none.
SeriesView series_of(const Evidence& evidence, const std::string& series);
/// The values of all series of this name and these labels, one text a series: its values by comma,
/// "stale" for a marker.
std::vector<std::string> values_of(const Evidence& evidence, const std::string& name,
                                   const Labels& labels = {});

}  // namespace tocsin::run
