#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/alerting/config.h"
#include "harness/check/label_flow.h"
#include "harness/check/subject.h"

namespace tocsin::check {

/// Whether something holds, as far as it can be told before any alert fires.
enum class Verdict { kNo, kMaybe, kYes };

/// The labels that an alert will have when it reaches an Alertmanager.
class AlertLabels {
 public:
  AlertLabels(const Subject& subject, const RuleUse& use, LabelFlow& flow);

  const RuleUse& use() const { return *use_; }
  /// Its value, where the rule gives one; empty: none is known.
  std::string fixed(std::string_view label) const;
  bool may_have(std::string_view label) const;
  Verdict matches(const Matcher& matcher) const;
  Verdict matches(const alerting::Matchers& matchers) const;

 private:
  const RuleUse* use_;
  std::map<std::string, std::string, std::less<>> fixed_;
  std::set<std::string, std::less<>> open_;  ///< with a value that a template gives
  LabelSet of_series_;
  bool others_added_ = true;  ///< external labels that are not known here may be there
};

/// The nodes of a routing tree that may take an alert, as alerting::Route::match would say.
std::vector<const alerting::Route*> possible_routes(const alerting::Route& root,
                                                    const AlertLabels& alert);

/// The alerts among these rules.
std::vector<AlertLabels> labels_of_alerts(const Subject& subject,
                                          const std::vector<const RuleUse*>& rules,
                                          LabelFlow& flow);

}  // namespace tocsin::check
