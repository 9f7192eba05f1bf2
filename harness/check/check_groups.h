#pragma once

#include "harness/check/check.h"

/// The groups of checks, one a file of checks/. checks.cc has them in order.

namespace tocsin::check {

extern const CheckGroup kInputChecks;
extern const CheckGroup kSelectorChecks;
extern const CheckGroup kExtremeChecks;
extern const CheckGroup kThresholdChecks;
extern const CheckGroup kCounterChecks;
extern const CheckGroup kHistogramChecks;
extern const CheckGroup kAggregationChecks;
extern const CheckGroup kMatchingChecks;
extern const CheckGroup kTimingChecks;
extern const CheckGroup kTemplateChecks;
extern const CheckGroup kConventionChecks;
extern const CheckGroup kRestChecks;
extern const CheckGroup kMetricNameChecks;
extern const CheckGroup kContractChecks;
extern const CheckGroup kScenarioChecks;
extern const CheckGroup kRoutingChecks;
extern const CheckGroup kRoutedAlertChecks;
extern const CheckGroup kNotificationChecks;
extern const CheckGroup kAddressChecks;
extern const CheckGroup kPrometheusChecks;
extern const CheckGroup kResourceChecks;
extern const CheckGroup kQuietChecks;

}  // namespace tocsin::check
