#pragma once

#include <string>

#include "harness/promapi/routes.h"

namespace tocsin::promapi {

/// status/tsdb: the metrics and labels with the most series and values, "limit" of each (10).
std::string answer_store_statistics(const RouteCall& call);

}  // namespace tocsin::promapi
