#pragma once

#include <cstdint>
#include <string_view>

#include "harness/model/labels.h"

namespace tocsin::promql {

/// XXH64 with seed 0 (github.com/Cyan4973/xxHash).
std::uint64_t xxhash64(std::string_view bytes);
/// The hash of a label set as Prometheus takes it for limit_ratio: over its names and values, each
/// with its length in front.
std::uint64_t label_hash(const Labels& labels);

}  // namespace tocsin::promql
