#include "harness/rules/template_queries.h"

#include <algorithm>

#include "harness/promql/parser.h"
#include "harness/rules/template_functions.h"
#include "harness/rules/template_syntax.h"

namespace tocsin::rules {
namespace {

using templates::Command;
using templates::Operand;
using templates::OperandKind;
using templates::Pipeline;

bool is_call(const Command& command, std::string_view name) {
  const Operand& called = command.arguments.front();
  return called.kind == OperandKind::kFunction && called.text == name;
}

/// A format as an expression: a verb within quotes becomes "%", %q a text of that, others a number.
std::string without_verbs(std::string_view format) {
  std::string text;
  char quote = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c != '%') {
      if (quote == 0 && (c == '"' || c == '\'' || c == '`')) {
        quote = c;
      } else if (c == quote) {
        quote = 0;
      }
      text += c;
      continue;
    }
    i = std::min(format.find_first_not_of("+-# 0123456789.*[]", i + 1), format.size());
    const char verb = i < format.size() ? format[i] : '%';
    text += quote != 0 || verb == '%' ? "%" : verb == 'q' ? "\"%\"" : "1";
  }
  return text;
}

/// Finds the queries of a template.
class QueryFinder {
 public:
  explicit QueryFinder(const promql::QueryOptions& options) : options_(options) {}

  void visit(const templates::NodeList& nodes) {
    for (const templates::Node& node : nodes) {
      if (node.pipeline) visit(*node.pipeline);
      visit(node.body);
      visit(node.otherwise);
    }
  }

  TemplateReads take() { return std::move(reads_); }

 private:
  void visit(const Pipeline& pipeline) {
    for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
      const Command& command = pipeline.commands[i];
      for (const Operand& operand : command.arguments) visit(operand);
      if (!is_call(command, "query")) continue;
      if (command.arguments.size() > 1) {
        take_query(command.arguments[1]);
      } else if (i > 0) {
        take_query(pipeline.commands[i - 1]);
      } else {
        reads_.unknown = true;
      }
    }
  }

  void visit(const Operand& operand) {
    if (operand.pipeline) visit(*operand.pipeline);
    if (operand.base) visit(*operand.base);
  }

  void take_query(const Operand& operand) {
    if (operand.kind == OperandKind::kString) return add(operand.string_value);
    if (operand.kind == OperandKind::kPipeline && !operand.pipeline->commands.empty()) {
      return take_query(operand.pipeline->commands.back());
    }
    reads_.unknown = true;
  }

  void take_query(const Command& command) {
    if (command.arguments.size() == 1) return take_query(command.arguments.front());
    if (is_call(command, "printf") && command.arguments[1].kind == OperandKind::kString) {
      return add(without_verbs(command.arguments[1].string_value));
    }
    reads_.unknown = true;
  }

  void add(const std::string& text) {
    const auto parsed = promql::parse_expression(text, {.version_2 = options_.version_2});
    if (!parsed) {
      reads_.unknown = true;
      return;
    }
    for (promql::SelectorUse& use : promql::selectors_of(*parsed->root, options_)) {
      std::erase_if(use.matchers, [](const Matcher& matcher) {
        return matcher.value().find('%') != std::string::npos;
      });
      const bool selects =
          std::any_of(use.matchers.begin(), use.matchers.end(),
                      [](const Matcher& m) { return !m.matches(std::string_view()); });
      if (selects) {
        reads_.selectors.push_back(std::move(use));
      } else {
        reads_.unknown = true;
      }
    }
  }

  const promql::QueryOptions& options_;
  TemplateReads reads_;
};

}  // namespace

TemplateReads reads_of_template(std::string_view text, const promql::QueryOptions& options) {
  if (text.find("query") == std::string_view::npos) return {};
  static const std::vector<std::string> kDeclared = {"$labels", "$externalLabels", "$externalURL",
                                                     "$value"};
  const auto tree = templates::parse(text, kDeclared);
  if (!tree) return {};
  QueryFinder finder(options);
  finder.visit(tree->root);
  for (const auto& [name, nodes] : tree->definitions) finder.visit(nodes);
  return finder.take();
}

}  // namespace tocsin::rules
