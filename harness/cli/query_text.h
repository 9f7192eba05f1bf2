#pragma once

#include <cstddef>
#include <string>

#include "harness/promql/evaluator.h"

/// Query results for people.

namespace tocsin::cli {

/// An instant query's result: labels in columns and the value; a scalar or string alone; of range
/// vectors each sample with its time.
std::string instant_text(const promql::QueryResult& result);

struct PlotOptions {
  std::size_t width = 80;
  bool colour = false;
};
/// A range query's result: each series as one line of blocks, scaled to the series' own range, with
/// the least, largest and last value. What is narrower than the range shows the largest value of
/// several steps; a blank is a gap.
std::string range_text(const promql::QueryResult& result, const PlotOptions& options);

}  // namespace tocsin::cli
