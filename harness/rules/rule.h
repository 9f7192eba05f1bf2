#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/promql/parser.h"
#include "harness/yaml/scalar_map.h"

/// Rule files in Prometheus' own format.

namespace tocsin::rules {

/// A text that may hold template actions, with where its YAML scalar begins.
struct TemplateText {
  std::string text;
  SourcePos pos;
};

struct Rule {
  enum class Kind { kRecording, kAlerting };

  Kind kind = Kind::kAlerting;
  std::string name;  ///< the recorded metric's or the alert's
  promql::Expression expression;
  SourcePos pos;                   ///< of the rule's first key
  SourcePos expression_pos;        ///< of the expression's first character
  yaml::ScalarMap expression_map;  ///< from places in the expression's text to places in the file
  Duration hold{0};                ///< `for`
  SourcePos hold_pos;              ///< of its value; unknown where it is not written
  Duration keep_firing_for{0};
  SourcePos keep_firing_for_pos;
  std::vector<std::pair<std::string, TemplateText>> labels;  ///< in file order
  std::vector<std::pair<std::string, TemplateText>> annotations;
};

struct RuleGroup {
  std::string name;
  SourcePos pos;
  std::optional<Duration> interval;  ///< none: the global evaluation interval
  Duration query_offset{0};
  int limit = 0;                                            ///< 0: none
  std::vector<std::pair<std::string, std::string>> labels;  ///< added to every rule (Prometheus 3)
  std::vector<Rule> rules;
};

struct RuleFile {
  std::string path;
  std::vector<RuleGroup> groups;
  /// What Prometheus accepts and is likely a mistake: rules with the same name and labels, or
  /// copied whole; names that Prometheus 2 refuses; a second document.
  std::vector<Error> warnings;
};

/// Bounds that keep hostile files harmless.
inline constexpr std::size_t kLargestRuleFile = 16 << 20;  ///< bytes
inline constexpr std::size_t kMostRules = 100'000;

/// Every problem of the file goes to `diagnostics`: YAML syntax, unknown and duplicate keys, bad
/// durations, expressions (positions inside the YAML scalar), templates, label names, duplicate
/// groups. Returns what could be read, which is only fit for use
/// when nothing was added.
enum class UnknownKeys { kRefuse, kIgnore };
RuleFile parse_rule_file(std::string path, std::string_view text, Diagnostics& diagnostics,
                         UnknownKeys unknown_keys = UnknownKeys::kRefuse,
                         const promql::ParseOptions& language = {});
/// The rules of a PrometheusRule, as the Prometheus Operator takes them: a rule file below `spec`.
RuleFile parse_rule_resource(std::string path, std::string_view text, Diagnostics& diagnostics);
/// The same from disk; an unreadable file is a diagnostic too.
RuleFile load_rule_file(const std::string& path, Diagnostics& diagnostics,
                        const promql::ParseOptions& language = {});

}  // namespace tocsin::rules
