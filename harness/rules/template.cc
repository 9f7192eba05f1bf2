#include "harness/rules/template.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/rules/go_text.h"
#include "harness/rules/template_executor.h"
#include "harness/rules/template_functions.h"
#include "harness/rules/template_syntax.h"

namespace tocsin::rules {
namespace {

using templates::Node;
using templates::NodeList;
using templates::Operand;
using templates::OperandKind;
using templates::Pipeline;

/// What Prometheus puts before every template; its length shows in the columns of errors.
constexpr std::string_view kPreamble =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

TemplateUse use_of(const Pipeline& pipeline);

TemplateUse use_of(const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::kFunction: {
      const std::string_view name = operand.function->name;
      return name == "query" || name == "now" ? TemplateUse::kTime : TemplateUse::kLabels;
    }
    case OperandKind::kDot:
      return TemplateUse::kValue;
    case OperandKind::kField:
      return operand.fields.front() == "Value" ? TemplateUse::kValue : TemplateUse::kLabels;
    case OperandKind::kVariable: {
      const bool whole =
          operand.text == "$" && (operand.fields.empty() || operand.fields.front() == "Value");
      return whole || operand.text == "$value" ? TemplateUse::kValue : TemplateUse::kLabels;
    }
    case OperandKind::kPipeline:
      return use_of(*operand.pipeline);
    case OperandKind::kChain:
      return use_of(*operand.base);
    default:
      return TemplateUse::kLabels;
  }
}

TemplateUse use_of(const Pipeline& pipeline) {
  TemplateUse use = TemplateUse::kLabels;
  for (const templates::Command& command : pipeline.commands) {
    for (const Operand& operand : command.arguments) use = std::max(use, use_of(operand));
  }
  return use;
}

TemplateUse use_of(const NodeList& nodes) {
  TemplateUse use = TemplateUse::kText;
  for (const Node& node : nodes) {
    if (node.kind != templates::NodeKind::kText) use = std::max(use, TemplateUse::kLabels);
    if (node.pipeline) use = std::max(use, use_of(*node.pipeline));
    use = std::max({use, use_of(node.body), use_of(node.otherwise)});
  }
  return use;
}

/// The position of a byte offset, counted in characters.
SourcePos position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  SourcePos pos;
  pos.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  pos.column = 1 + static_cast<int>(utf8_length(before.substr(line_start)));
  return pos;
}

}  // namespace

struct Template::Impl {
  templates::SyntaxTree tree;
  TemplateUse use = TemplateUse::kText;
  std::string text;  ///< the result when use is kText
};

Result<Template> Template::parse(std::string_view text) {
  auto impl = std::make_shared<Impl>();
  auto tree = templates::parse(text, {"$labels", "$externalLabels", "$externalURL", "$value"},
                               templates::prometheus_functions());
  if (tree.has_error()) {
    const templates::Problem& problem = tree.error();
    Error error = input_error(position(text, problem.pos), problem.message, problem.length);
    if (!problem.hint.empty()) error.hints.push_back(problem.hint);
    return error;
  }
  impl->tree = std::move(*tree);
  impl->use = use_of(impl->tree.root);
  for (const auto& [name, nodes] : impl->tree.definitions) {
    impl->use = std::max(impl->use, use_of(nodes));
  }
  if (impl->use == TemplateUse::kText) {
    for (const Node& node : impl->tree.root) impl->text += node.text;
  }
  Template result;
  result.impl_ = std::move(impl);
  return result;
}

TemplateUse Template::use() const {
  return impl_->use;
}

Result<std::string> Template::expand(const TemplateData& data) const {
  if (impl_->use == TemplateUse::kText) return impl_->text;
  auto text = templates::execute(impl_->tree, data);
  if (!text.has_error()) return std::move(*text);
  const templates::Failure& failure = text.error();
  return input_error(
      position(impl_->tree.source, failure.pos),
      failure.context.empty() ? failure.reason : "at <" + failure.context + ">: " + failure.reason,
      static_cast<int>(utf8_length(failure.context)));
}

std::string Template::expand_for_alert(std::string_view alert, const TemplateData& data) const {
  if (impl_->use == TemplateUse::kText) return impl_->text;
  auto text = templates::execute(impl_->tree, data);
  if (!text.has_error()) return std::move(*text);
  const templates::Failure& failure = text.error();
  // Go counts bytes from 0, in a text that begins with the preamble.
  const std::string_view before = std::string_view(impl_->tree.source).substr(0, failure.pos);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column =
      line == 1 ? kPreamble.size() + before.size() : before.size() - before.rfind('\n') - 1;
  const std::string name = fmt::format("__alert_{}", alert);
  return fmt::format(
      "<error expanding template: error executing template {}: template: {}:{}:{}: executing {} "
      "at <{}>: {}>",
      name, name, line, column,
      go_quote(failure.template_name.empty() ? name : failure.template_name), failure.context,
      failure.reason);
}

}  // namespace tocsin::rules
