#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/rules/template_value.h"

/// The predefined functions of Go's text/template that compare, index and escape. Errors carry the
/// words of Go's own and no position.

namespace tocsin::rules::templates {

/// eq: the first argument equals any of the others.
Result<Value> go_equal(std::span<const Value> arguments);
Result<Value> go_not_equal(std::span<const Value> arguments);
Result<Value> go_less(std::span<const Value> arguments);
Result<Value> go_less_or_equal(std::span<const Value> arguments);
Result<Value> go_greater(std::span<const Value> arguments);
Result<Value> go_greater_or_equal(std::span<const Value> arguments);

/// index x 1 2 is x[1][2]; slice x 1 2 is x[1:2].
Result<Value> go_index(std::span<const Value> arguments);
Result<Value> go_slice(std::span<const Value> arguments);
Result<Value> go_length(std::span<const Value> arguments);

/// What html, js and urlquery escape: their arguments as print joins them.
std::string joined(std::span<const Value> arguments);
std::string html_escape(std::string_view text);
std::string js_escape(std::string_view text);

}  // namespace tocsin::rules::templates
