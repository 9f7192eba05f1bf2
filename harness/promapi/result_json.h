#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/promql/evaluator.h"

/// Query results as Prometheus' API gives them.

namespace tocsin::promapi {

enum class ResultShape {
  kInstant,  ///< scalar, string, vector or matrix, as the expression gives
  kRange,    ///< always a matrix
};

/// What stands beside "data".
struct Remarks {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};
/// The annotations of a result, at most ten of each kind, as Prometheus cuts them.
Remarks remarks_of(const promql::QueryResult& result, std::string_view expression);

/// {"resultType":…,"result":…} with at most `most_series` series (0: all). Says whether some were
/// left out.
struct ResultJson {
  std::string text;
  bool cut = false;
};
ResultJson result_json(const promql::QueryResult& result, ResultShape shape,
                       std::size_t most_series = 0);

/// The whole answer; `data` is JSON.
std::string success_json(std::string_view data, const Remarks& remarks = {});

}  // namespace tocsin::promapi
