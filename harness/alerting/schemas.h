#pragma once

#include "harness/alerting/schema.h"

namespace tocsin::alerting {

/// Of alertmanager.yml as a whole.
const Schema& config_schema();
/// Of one item of `time_intervals`.
const Schema& time_interval_schema();

}  // namespace tocsin::alerting
