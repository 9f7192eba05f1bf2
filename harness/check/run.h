#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/check/finding.h"
#include "harness/check/silence.h"
#include "harness/check/subject.h"

namespace tocsin::check {

/// What a target showed, under a name for messages.
struct GivenPage {
  std::string name;
  std::string text;
};

/// Where and with what knowledge to look.
struct CheckOptions {
  std::vector<std::string> paths;
  std::string system;                ///< a folder whose targets are known; empty: none
  std::vector<std::string> samples;  ///< OpenMetrics files
  std::vector<GivenPage> pages;      ///< of exporters: this is exported
  std::optional<Duration> scrape_interval;
  std::optional<Duration> evaluation_interval;
  std::vector<std::string> only;  ///< ids, may end in "*"; empty: all
};

struct CheckReport {
  std::vector<Finding> findings;   ///< by file as given, then place; silenced ones too
  std::vector<std::string> files;  ///< all that were looked at, in order
  std::size_t rules = 0;

  std::size_t count(Severity at_least) const;  ///< of those not silenced
  std::size_t silenced() const;
  std::size_t known() const;  ///< shown, and not counted
};

/// Never fails on what a file holds: that is a finding. Paths and flags that lead nowhere are in
/// `diagnostics`; then nothing was checked.
CheckReport run_checks(const CheckOptions& options, Diagnostics& diagnostics);

/// Whether an id is named by a pattern that may end in "*".
bool names(std::string_view pattern, std::string_view id);

}  // namespace tocsin::check
