#include "harness/rules/template_syntax.h"

namespace tocsin::rules::templates {
namespace {

std::string join_fields(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text += '.' + field;
  return text;
}

}  // namespace

std::string to_string(const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::kDot:
      return ".";
    case OperandKind::kField:
      return join_fields(operand.fields);
    case OperandKind::kVariable:
      return operand.text + join_fields(operand.fields);
    case OperandKind::kPipeline:
      return '(' + to_string(*operand.pipeline) + ')';
    case OperandKind::kChain:
      return to_string(*operand.base) + join_fields(operand.fields);
    default:
      return operand.text;
  }
}

std::string to_string(const Command& command) {
  std::string text;
  for (const Operand& argument : command.arguments) {
    if (!text.empty()) text += ' ';
    text += to_string(argument);
  }
  return text;
}

std::string to_string(const Pipeline& pipeline) {
  std::string text;
  for (const std::string& variable : pipeline.variables) {
    if (!text.empty()) text += ", ";
    text += variable;
  }
  if (!text.empty()) text += pipeline.assigns ? " = " : " := ";
  for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
    if (i > 0) text += " | ";
    text += to_string(pipeline.commands[i]);
  }
  return text;
}

}  // namespace tocsin::rules::templates
