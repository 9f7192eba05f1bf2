#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/rules/template_syntax.h"

namespace tocsin::check {

/// A label that a template reads.
struct LabelUse {
  std::string label;
  std::uint32_t pos = 0;
  std::string operand;  ///< as written
};

struct TemplateUses {
  std::vector<LabelUse> labels;
  std::vector<LabelUse> external_labels;
  std::vector<std::string> percent_of_value;  ///< functions that the value is put through
  bool value = false;
};

/// Where a use begins: the parser places fields, not the operand that they are of.
std::size_t begin_of(const LabelUse& use, std::string_view text);

TemplateUses template_uses(const rules::templates::NodeList& root);

}  // namespace tocsin::check
