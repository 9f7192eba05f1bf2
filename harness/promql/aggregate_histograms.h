#pragma once

#include <memory>

#include "harness/promql/aggregator.h"

namespace tocsin::promql {

/// sum and avg of one group's histogram samples.
class HistogramSums {
 public:
  virtual ~HistogramSums() = default;
  /// Takes the histogram samples of a row; leaves its floats alone. `floats`: the steps at which
  /// rows before had floats.
  virtual void add(const Row& row, const Presence& floats) = 0;
  /// The steps that came to an end with histograms that cannot be added: nothing that follows
  /// counts. Empty: none.
  virtual const Presence& ended() const = 0;
  /// Puts the results into `out`; steps that have floats as well are spoiled.
  virtual void finish(const Presence& floats, Row& out) = 0;
  virtual const Presence& spoiled() const = 0;
};

std::unique_ptr<HistogramSums> make_histogram_sums(const AggregateContext& context, bool mean);

}  // namespace tocsin::promql
