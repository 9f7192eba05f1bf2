#pragma once

#include <string>

#include "harness/base/error.h"
#include "harness/check/run.h"

namespace tocsin::cli {

/// A page of metrics from a file, or from a running target when `from` is an http or https URL.
Result<check::GivenPage> fetch_page(const std::string& from);

}  // namespace tocsin::cli
