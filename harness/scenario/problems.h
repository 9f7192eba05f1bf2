#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "harness/base/error.h"
#include "harness/yaml/node.h"

namespace tocsin::scenario {

/// Collects what is wrong with a tree. A node that several aliases use is blamed once.
class Problems {
 public:
  explicit Problems(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void add(const yaml::Node& at, std::string message, std::string hint = {});
  void add(Error error);
  /// An unknown name, with the nearest valid one.
  void unknown(const yaml::Node& at, std::string message, std::string_view name,
               std::span<const std::string> known);
  /// For an error from a parser of the node's whole text, without or with a position in it.
  void add_parse_error(const yaml::Node& at, Error error);

  Diagnostics& diagnostics() { return diagnostics_; }
  bool ok() const { return seen_.empty(); }

 private:
  Diagnostics& diagnostics_;
  std::set<std::tuple<std::string, int, int, std::string>> seen_;
};

}  // namespace tocsin::scenario
