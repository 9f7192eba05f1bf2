#pragma once

#include <exception>
#include <string>

#include "harness/base/error.h"
#include "harness/promql/ast.h"

namespace tocsin::promql {

/// What stops an evaluation: thrown by operators, caught in evaluate().
struct EvaluationFailure final : std::exception {
  EvaluationFailure(ErrorKind error_kind, std::string why, TextRange where)
      : kind(error_kind), message(std::move(why)), range(where) {}
  const char* what() const noexcept override { return message.c_str(); }

  ErrorKind kind;
  std::string message;
  TextRange range;
};

}  // namespace tocsin::promql
