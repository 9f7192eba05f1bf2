#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

/// The tree of a template, in the words of Go's text/template/parse, and its parser.

namespace tocsin::rules::templates {

struct Function;  // template_functions.h
struct Pipeline;

enum class OperandKind {
  kBool,
  kCharacterOrNumber,
  kString,
  kNil,
  kDot,
  kField,     ///< .A.B
  kVariable,  ///< $x.A.B
  kFunction,
  kPipeline,  ///< ( … )
  kChain,     ///< operand.A.B
};

struct Operand {
  OperandKind kind = OperandKind::kDot;
  std::uint32_t pos = 0;
  std::string text;  ///< as written: literals, the function's name, the variable's name with "$"
  std::string string_value;
  bool is_integer = false;
  std::int64_t integer = 0;
  double number = 0;
  std::vector<std::string> fields;     ///< kField, kVariable, kChain
  const Function* function = nullptr;  ///< kFunction
  std::unique_ptr<Pipeline> pipeline;  ///< kPipeline
  std::unique_ptr<Operand> base;       ///< kChain
};

struct Command {
  std::uint32_t pos = 0;
  std::vector<Operand> arguments;  ///< at least one
};

struct Pipeline {
  std::uint32_t pos = 0;
  bool assigns = false;                ///< "=" rather than ":="
  std::vector<std::string> variables;  ///< declared or assigned
  std::vector<Command> commands;
};

enum class NodeKind { kText, kAction, kIf, kRange, kWith, kTemplate, kBreak, kContinue };

struct Node {
  NodeKind kind = NodeKind::kText;
  std::uint32_t pos = 0;
  std::string text;                    ///< the text, or the template's name
  std::unique_ptr<Pipeline> pipeline;  ///< null for kText, kBreak, kContinue, and kTemplate without
  std::vector<Node> body;
  std::vector<Node> otherwise;
};
using NodeList = std::vector<Node>;

struct SyntaxTree {
  std::string source;
  NodeList root;
  std::map<std::string, NodeList, std::less<>> definitions;
};

/// A problem at a byte offset of the source.
struct Problem {
  std::uint32_t pos = 0;
  std::string message;
  int length = 1;
  std::string hint = {};
};

/// The template's tree, or the first problem. `declared` are variables that exist from the start.
boost::system::result<SyntaxTree, Problem> parse(std::string_view source,
                                                 const std::vector<std::string>& declared,
                                                 std::span<const Function> functions);

/// The same with Prometheus' functions.
boost::system::result<SyntaxTree, Problem> parse(std::string_view source,
                                                 const std::vector<std::string>& declared);

/// Go's canonical text of a part, which its error messages quote.
std::string to_string(const Operand& operand);
std::string to_string(const Command& command);
std::string to_string(const Pipeline& pipeline);

}  // namespace tocsin::rules::templates
