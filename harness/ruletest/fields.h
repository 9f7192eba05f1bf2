#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/ruletest/test_file.h"
#include "harness/yaml/node.h"

/// Reads typed values from a YAML mapping as Go's yaml.v2 does for promtool: nothing is the zero
/// value, any plain scalar is a text, but only plain numbers are numbers.

namespace tocsin::ruletest {

class Fields {
 public:
  explicit Fields(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  /// Put behind every error from now on: "in test "x"".
  void set_context(std::string context) { context_ = std::move(context); }
  void fail(Error error);
  void fail(const yaml::Node& node, std::string message, std::string hint = {});
  std::size_t errors() const { return diagnostics_.size(); }

  /// A mapping with no keys but these and "x-…" ones; false, after a complaint, when it is none.
  bool expect_map(const yaml::Node& node, std::span<const std::string> keys, std::string_view what);
  /// A map's value; null when there is none, or nothing.
  static const yaml::Node* find(const yaml::Node& map, std::string_view name);
  std::span<const yaml::NodePtr> list(const yaml::Node& map, std::string_view name);

  std::string text(const yaml::Node& node, std::string_view what);
  std::string text_of(const yaml::Node& map, std::string_view name);
  /// Zero where it is not given or wrong.
  Duration duration_of(const yaml::Node& map, std::string_view name);
  bool flag_of(const yaml::Node& map, std::string_view name);
  double number_of(const yaml::Node& map, std::string_view name);
  std::optional<std::size_t> count_of(const yaml::Node& map, std::string_view name,
                                      std::size_t most);
  std::vector<std::pair<std::string, std::string>> texts_of(const yaml::Node& map,
                                                            std::string_view name);

 private:
  void wrong_kind(const yaml::Node& node, std::string_view what, std::string_view expected);

  Diagnostics& diagnostics_;
  std::string context_;
};

/// YAML 1.1's numbers; nullopt for other texts.
std::optional<double> yaml_number(std::string_view text);

}  // namespace tocsin::ruletest
