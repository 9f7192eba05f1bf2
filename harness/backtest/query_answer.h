#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/model/labels.h"
#include "harness/model/native_histogram.h"

/// What Prometheus' HTTP API answers to the instant query of a range selector: raw samples.

namespace tocsin::backtest {

struct AnswerSeries {
  Labels labels;
  std::vector<std::int64_t> times;  ///< ms
  std::vector<double> values;
  std::vector<std::int64_t> histogram_times;
  std::vector<NativeHistogramPtr> histograms;
};

/// One answer with status "success" and a matrix. Whatever else comes is an error of kind kIo, with
/// what the server says.
Result<std::vector<AnswerSeries>> parse_matrix_answer(std::string_view body);

/// What the server says in an answer that is an error: "execution: query timed out"; "" when it is
/// none.
std::string error_of_answer(std::string_view body);

}  // namespace tocsin::backtest
