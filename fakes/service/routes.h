#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/scenario/system.h"

namespace tocsin::fakes {

/// Which part of a target answers a request.
class Routes {
 public:
  /// Refers to the target.
  explicit Routes(const scenario::Target& target) : target_(&target) {}

  enum class Kind { kMetrics, kHealth, kAdmin, kEndpoint, kIndex, kWrongMethod, kNone };
  struct Match {
    Kind kind = Kind::kNone;
    std::size_t index = 0;   ///< of the health endpoint, admin endpoint or endpoint
    std::string allow = {};  ///< with kWrongMethod
  };
  /// HEAD is taken as GET. A segment `{name}` or `:name` of an endpoint's path stands for any one.
  Match find(std::string_view method, std::string_view path) const;

  /// What the target serves, for people: the answer for "/" unless an endpoint has it.
  std::string index() const;

 private:
  const scenario::Target* target_;
};

}  // namespace tocsin::fakes
