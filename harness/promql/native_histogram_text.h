#pragma once

#include <string>

#include "harness/model/native_histogram.h"

namespace tocsin::promql {

/// As Prometheus prints it: {count:3, sum:2.5, (0.5,1]:3}.
std::string to_string(const NativeHistogram& h);
/// As test scripts write it: {{schema:1 count:3 sum:2.5 offset:-1 buckets:[3]}}.
std::string test_notation(const NativeHistogram& h);

}  // namespace tocsin::promql
