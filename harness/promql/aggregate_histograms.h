#pragma once

#include <memory>

#include "harness/promql/aggregator.h"

namespace tocsin::promql {

/// sum and avg of one group's histogram samples.
class HistogramSums {
 public:
  virtual ~HistogramSums() = default;
  /// Takes the histogram samples of a row; leaves its floats alone.
  virtual void add(const Row& row) = 0;
  /// Puts the results into `out`; steps that have floats as well are spoiled.
  virtual void finish(const Presence& floats, Row& out) = 0;
  virtual const Presence& spoiled() const = 0;
};

std::unique_ptr<HistogramSums> make_histogram_sums(const AggregateContext& context, bool mean);

}  // namespace tocsin::promql
