#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "harness/rules/template_syntax.h"
#include "harness/rules/template_value.h"

namespace tocsin::rules::templates {

/// Bounds that keep a template from running away.
inline constexpr std::size_t kLongestOutput = 1 << 20;
inline constexpr std::size_t kMostSteps = 1'000'000;
inline constexpr int kDeepestCalls = 500;

/// Why an execution stopped, in the words of Go's text/template.
struct Failure {
  std::uint32_t pos = 0;      ///< byte offset in the source
  std::string template_name;  ///< of the {{define}}; empty for the whole text
  std::string context;        ///< the part that was being evaluated, in Go's canonical text
  std::string reason;
};

boost::system::result<std::string, Failure> execute(const SyntaxTree& tree,
                                                    const TemplateData& data);

/// How what a template says comes into its text; may follow what was written before.
class Emitter {
 public:
  virtual ~Emitter() = default;
  virtual void text(std::string& out, std::string_view text) = 0;
  virtual void value(std::string& out, const Value& value) = 0;
};

/// A template over other data than an alert rule's.
struct Execution {
  const SyntaxTree* tree = nullptr;
  /// Where templates that the tree does not define are looked for; the last ones first.
  std::span<const std::shared_ptr<const SyntaxTree>> libraries;
  Value dot;
  const TemplateData* data = nullptr;  ///< for functions
  Emitter* emitter = nullptr;          ///< null: values as printed
};
boost::system::result<std::string, Failure> execute(const Execution& execution);

/// A method of *time.Time or *time.Duration. The error's message alone counts.
bool has_methods(const Value& value);
Result<Value> call_method(const Value& receiver, const std::string& name,
                          std::span<const Value> arguments);

}  // namespace tocsin::rules::templates
