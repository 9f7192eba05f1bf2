#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/promql/evaluator.h"

namespace tocsin::promql {

/// A column on its way through the evaluator. Values are defined where `present` says so, and
/// arbitrary elsewhere; where histograms[i] is not null it is the value and values[i] is arbitrary.
struct Row : Column {
  /// The metric name goes at the end of the evaluation (QueryOptions::delayed_name_removal).
  bool drop_name = false;

  std::size_t steps() const { return values.size(); }
  bool has_histograms() const { return !histograms.empty(); }
  const NativeHistogram* histogram(std::size_t i) const {
    return histograms.empty() ? nullptr : histograms[i].get();
  }
  /// An empty row of so many steps; keeps buffers.
  void clear(std::size_t steps) {
    labels = Labels();
    drop_name = false;
    values.resize(steps);
    present.assign(steps, false);
    histograms.clear();
  }
  void set(std::size_t i, double value) {
    values[i] = value;
    present.set(i);
  }
  void set(std::size_t i, NativeHistogramPtr histogram) {
    if (histograms.empty()) histograms.resize(steps());
    histograms[i] = std::move(histogram);
    present.set(i);
  }
  /// Takes away the histogram samples.
  void keep_floats() {
    for (std::size_t i = 0; i < histograms.size(); ++i) {
      if (histograms[i]) present.reset(i);
    }
    histograms.clear();
  }
};

/// Where an operator's rows go, one after another: a borrowed callable. The receiver may change the
/// row and take what it wants to keep out of it; the giver uses it again for the next one. Rows may
/// carry equal labels as long as they are not present at the same step; rows without any value are
/// not passed on.
class RowSink {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::remove_cvref_t<F>, RowSink>>>
  RowSink(F&& f)  // NOLINT(google-explicit-constructor): callables convert, as to std::function
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Row& row) {
          (*static_cast<std::remove_reference_t<F>*>(object))(row);
        }) {}

  void operator()(Row& row) const { call_(object_, row); }

 private:
  void* object_;
  void (*call_)(void*, Row&);
};

/// A scalar over the steps; one value when it is the same for all.
struct ScalarColumn {
  std::vector<double> values;

  bool constant() const { return values.size() == 1; }
  double operator[](std::size_t i) const { return values[constant() ? 0 : i]; }
};

}  // namespace tocsin::promql
