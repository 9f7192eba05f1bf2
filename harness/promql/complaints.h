#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/promql/ast.h"

namespace tocsin::promql {

/// Collects what is wrong with an expression, with positions in its text.
class Complaints {
 public:
  explicit Complaints(std::string_view text) : text_(text) {}

  void add(TextRange where, std::string message, std::string hint = {});
  void add(TextRange where, Error error);
  bool empty() const { return errors_.empty(); }
  /// Further ones are dropped, so hints for them need not be found.
  bool full() const { return errors_.size() >= kMost; }
  std::size_t size() const { return errors_.size(); }
  /// In order of discovery.
  std::vector<Error> take() { return std::move(errors_); }

 private:
  static constexpr std::size_t kMost = 100;
  static constexpr std::size_t kLongestExcerpt = 4096;

  std::string_view text_;
  std::vector<Error> errors_;
};

}  // namespace tocsin::promql
