#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/rules/template_value.h"

/// The functions that a template may call: Go's own and Prometheus'.

namespace tocsin::rules::templates {

/// What a parameter takes. A number, string or bool literal fits only kAny and its own kind.
enum class ParameterType { kAny, kString, kSample, kSamples };
/// As Go prints it.
std::string_view to_string(ParameterType type);

/// Arguments fit the signature when a function is called. The error's message alone counts.
using FunctionBody = Result<Value> (*)(std::span<const Value> arguments, const TemplateData& data);

struct Function {
  std::string_view name;
  std::vector<ParameterType> parameters;  ///< the fixed ones
  bool variadic = false;                  ///< more of kAny may follow
  FunctionBody body = nullptr;            ///< null: and, or, which the executor short-circuits
};

/// What a template may call, in alphabetical order.
using FunctionTable = std::span<const Function>;

/// Go's own and Prometheus'.
FunctionTable prometheus_functions();
/// Null when there is no such function.
const Function* find_function(FunctionTable functions, std::string_view name);
/// In alphabetical order, for hints.
std::vector<std::string> function_names(FunctionTable functions);

}  // namespace tocsin::rules::templates
