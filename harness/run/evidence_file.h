#pragma once

#include <string>

#include "harness/base/error.h"
#include "harness/model/evidence.h"

namespace tocsin::run {

/// Evidence as one gzip file, to be judged again without a run: a line of JSON with all but the
/// samples ("tocsin-evidence/1"), then the samples as OpenMetrics text. Written to a temporary name
/// and renamed. What is read back judges the same.
Result<void> save_evidence(const Evidence& evidence, const std::string& path);
Result<Evidence> load_evidence(const std::string& path);

}  // namespace tocsin::run
