#pragma once

#include <cstdint>

namespace tocsin::promql {

/// The upper bound of bucket `index` of a native histogram with exponential buckets, schema -4 to
/// 8: 2^(index * 2^-schema).
double exponential_bound(std::int32_t index, int schema);

}  // namespace tocsin::promql
