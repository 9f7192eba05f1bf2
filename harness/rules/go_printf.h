#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/rules/template_value.h"

/// Go's fmt package, as far as templates reach it.

namespace tocsin::rules::templates {

/// fmt.Sprintf: every verb, flag, width, precision, "*" and argument index; wrong uses give Go's
/// "%!d(string=x)", "%!s(MISSING)", "%!(EXTRA int=1)" and the like. Widths above a thousand are
/// cut.
std::string go_sprintf(std::string_view format, std::span<const Value> arguments);
/// fmt.Sprint: a space between operands when neither is a string.
std::string go_sprint(std::span<const Value> arguments);
/// fmt.Sprintln: a space between all operands, and a newline.
std::string go_sprintln(std::span<const Value> arguments);
/// What {{value}} prints: "<no value>" for nothing.
std::string printed(const Value& value);

}  // namespace tocsin::rules::templates
