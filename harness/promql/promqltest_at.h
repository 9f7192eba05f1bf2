#pragma once

#include "harness/promql/promqltest.h"

namespace tocsin::promql {

/// An instant query whose selectors are pinned to its time with @ gives the same result at any
/// other time. Empty when it does, or when the expression looks at the clock itself.
std::string check_pinned(const EvalCommand& eval, const SeriesSource& source,
                         const QueryOptions& options);

}  // namespace tocsin::promql
