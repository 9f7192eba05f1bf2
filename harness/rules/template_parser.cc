#include <algorithm>
#include <charconv>
#include <optional>

#include "harness/base/suggest.h"
#include "harness/rules/go_text.h"
#include "harness/rules/template_functions.h"
#include "harness/rules/template_lexer.h"
#include "harness/rules/template_syntax.h"

namespace tocsin::rules::templates {
namespace {

/// Parentheses and blocks within each other.
constexpr int kDeepest = 200;

std::string token_text(const Token& token) {
  if (token.kind == TokenKind::kEof) return "end of template";
  if (token.kind >= TokenKind::kBlock && token.kind <= TokenKind::kWith) {
    return "{{" + std::string(token.text) + "}}";
  }
  if (token.kind == TokenKind::kRightDelim) return "\"}}\"";
  return go_quote(token.text);
}

bool is_space(const Token& token) {
  return token.kind == TokenKind::kSpace;
}

/// Recursive descent. The first problem is kept and the cursor put on the final token, so that
/// every loop ends by itself.
class Parser {
 public:
  Parser(std::string_view source, const std::vector<std::string>& declared, FunctionTable functions)
      : tokens_(tokenize(source)), functions_(functions), variables_(declared) {
    tree_.source = source;
    variables_.emplace_back("$");
  }

  boost::system::result<SyntaxTree, Problem> run() {
    List list = items(Level::kTop);
    tree_.root = std::move(list.nodes);
    if (problem_) return *problem_;
    return std::move(tree_);
  }

 private:
  enum class Level { kTop, kNested };
  struct List {
    NodeList nodes;
    Token stop;  ///< {{end}} or {{else}}
  };

  // --- tokens ---

  const Token& peek() const { return tokens_[at_]; }
  const Token& next() {
    const Token& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  const Token& peek_word() {
    while (is_space(peek())) next();
    return peek();
  }
  const Token& next_word() {
    peek_word();
    return next();
  }
  void expect(TokenKind kind, std::string_view context) {
    const Token& token = next_word();
    if (token.kind != kind) unexpected(token, context);
  }

  void fail(std::uint32_t pos, std::string message, std::size_t length = 1, std::string hint = {}) {
    if (!problem_) {
      problem_ = Problem{pos, std::move(message), static_cast<int>(length), std::move(hint)};
    }
    at_ = tokens_.size() - 1;
  }
  void unexpected(const Token& token, std::string_view context) {
    if (token.kind == TokenKind::kError) return fail(token.pos, std::string(token.text));
    fail(token.pos, "unexpected " + token_text(token) + " in " + std::string(context),
         token.text.size());
  }
  bool failed() const { return problem_.has_value(); }

  bool enter(std::uint32_t pos) {
    if (++depth_ > kDeepest) fail(pos, "template is nested too deeply");
    return !failed();
  }

  // --- lists of nodes ---

  List items(Level level) {
    List list;
    while (!failed()) {
      const Token token = next_token_of_list();
      switch (token.kind) {
        case TokenKind::kText:
          list.nodes.push_back(text_node(token));
          break;
        case TokenKind::kLeftDelim:
          if (action(level, list)) return list;
          break;
        case TokenKind::kEof:
          if (level == Level::kNested) {
            fail(open_blocks_.empty() ? token.pos : open_blocks_.back(),
                 "unexpected EOF: this block has no {{end}}", 2);
          }
          return list;
        default:
          unexpected(token, "input");
      }
    }
    return list;
  }
  Token next_token_of_list() { return next(); }

  static Node text_node(const Token& token) {
    Node node;
    node.kind = NodeKind::kText;
    node.pos = token.pos;
    node.text = token.text;
    return node;
  }

  /// After "{{". Returns whether the list ends here.
  bool action(Level level, List& list) {
    const std::uint32_t open = tokens_[at_ - 1].pos;
    const Token token = peek_word();
    switch (token.kind) {
      case TokenKind::kEnd:
      case TokenKind::kElse:
        next();
        if (level == Level::kTop) {
          fail(token.pos, "unexpected " + token_text(token), token.text.size());
        }
        list.stop = token;
        // {{else if}} and {{else with}} leave their keyword to the caller.
        if (token.kind == TokenKind::kEnd || !continues_else()) {
          expect(TokenKind::kRightDelim, token.text);
        }
        return true;
      case TokenKind::kDefine:
        next();
        if (level == Level::kTop) {
          definition(open);
        } else {
          unexpected(token, "command");
        }
        return false;
      default:
        list.nodes.push_back(node(token, open));
        return false;
    }
  }
  bool continues_else() {
    const TokenKind kind = peek_word().kind;
    return kind == TokenKind::kIf || kind == TokenKind::kWith;
  }

  Node node(const Token& token, std::uint32_t open) {
    switch (token.kind) {
      case TokenKind::kIf:
        return control(NodeKind::kIf, open);
      case TokenKind::kRange:
        return control(NodeKind::kRange, open);
      case TokenKind::kWith:
        return control(NodeKind::kWith, open);
      case TokenKind::kBlock:
        return block(open);
      case TokenKind::kTemplate:
        return template_call();
      case TokenKind::kBreak:
        return jump(NodeKind::kBreak);
      case TokenKind::kContinue:
        return jump(NodeKind::kContinue);
      default:
        break;
    }
    Node node;
    node.kind = NodeKind::kAction;
    node.pos = token.pos;
    node.pipeline = pipeline("command", TokenKind::kRightDelim);
    return node;
  }

  Node jump(NodeKind kind) {
    const Token token = next();
    if (range_depth_ == 0) {
      fail(token.pos, "{{" + std::string(token.text) + "}} outside {{range}}", token.text.size());
    }
    expect(TokenKind::kRightDelim, "{{" + std::string(token.text) + "}}");
    Node node;
    node.kind = kind;
    node.pos = token.pos;
    return node;
  }

  Node control(NodeKind kind, std::uint32_t open) {
    Node node;
    node.kind = kind;
    const Token keyword = next();
    if (!enter(keyword.pos)) return node;
    open_blocks_.push_back(open);
    const std::size_t scope = variables_.size();
    node.pipeline = pipeline(keyword.text, TokenKind::kRightDelim);
    node.pos = node.pipeline->pos;
    range_depth_ += kind == NodeKind::kRange ? 1 : 0;
    List body = items(Level::kNested);
    range_depth_ -= kind == NodeKind::kRange ? 1 : 0;
    node.body = std::move(body.nodes);
    if (!failed() && body.stop.kind == TokenKind::kElse) otherwise(kind, body.stop, node);
    variables_.resize(std::min(scope, variables_.size()));
    open_blocks_.pop_back();
    --depth_;
    return node;
  }

  void otherwise(NodeKind kind, const Token& keyword, Node& node) {
    const TokenKind chained = kind == NodeKind::kIf ? TokenKind::kIf : TokenKind::kWith;
    if (kind != NodeKind::kRange && peek_word().kind == chained) {
      // {{else if b}}…{{end}} is {{else}}{{if b}}…{{end}}{{end}} with one {{end}}.
      node.otherwise.push_back(control(kind, keyword.pos));
      return;
    }
    if (continues_else()) return unexpected(peek(), "else");
    List list = items(Level::kNested);
    node.otherwise = std::move(list.nodes);
    if (!failed() && list.stop.kind != TokenKind::kEnd) {
      fail(list.stop.pos, "expected {{end}}; found {{else}}", list.stop.text.size());
    }
  }

  // --- named templates ---

  std::string template_name(std::string_view context) {
    const Token token = next_word();
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString) {
      unexpected(token, context);
      return {};
    }
    return unquote(token);
  }

  void define(std::string name, NodeList nodes, std::uint32_t pos) {
    const auto is_blank = [](const NodeList& list) {
      return std::all_of(list.begin(), list.end(), [](const Node& node) {
        return node.kind == NodeKind::kText &&
               node.text.find_first_not_of(" \t\r\n") == std::string::npos;
      });
    };
    const auto [it, added] = tree_.definitions.try_emplace(std::move(name));
    if (!added && !is_blank(it->second)) {
      if (is_blank(nodes)) return;
      return fail(pos, "multiple definition of template " + go_quote(it->first));
    }
    it->second = std::move(nodes);
  }

  /// A body with variables of its own, up to its {{end}}.
  NodeList separate_body(std::uint32_t open, std::string_view context) {
    std::vector<std::string> outer = std::exchange(variables_, {"$"});
    const int outer_ranges = std::exchange(range_depth_, 0);
    open_blocks_.push_back(open);
    List list = items(Level::kNested);
    open_blocks_.pop_back();
    variables_ = std::move(outer);
    range_depth_ = outer_ranges;
    if (!failed() && list.stop.kind != TokenKind::kEnd) unexpected(list.stop, context);
    return std::move(list.nodes);
  }

  void definition(std::uint32_t open) {
    std::string name = template_name("define clause");
    expect(TokenKind::kRightDelim, "define clause");
    if (!enter(open)) return;
    NodeList body = separate_body(open, "define clause");
    --depth_;
    define(std::move(name), std::move(body), open);
  }

  Node block(std::uint32_t open) {
    Node node;
    node.kind = NodeKind::kTemplate;
    next();
    node.pos = peek_word().pos;
    node.text = template_name("block clause");
    node.pipeline = pipeline("block clause", TokenKind::kRightDelim);
    if (!enter(open)) return node;
    define(node.text, separate_body(open, "block clause"), open);
    --depth_;
    return node;
  }

  Node template_call() {
    Node node;
    node.kind = NodeKind::kTemplate;
    next();
    node.pos = peek_word().pos;
    node.text = template_name("template clause");
    if (peek_word().kind == TokenKind::kRightDelim) {
      next();
    } else {
      node.pipeline = pipeline("template clause", TokenKind::kRightDelim);
    }
    return node;
  }

  // --- pipelines ---

  std::unique_ptr<Pipeline> pipeline(std::string_view context, TokenKind end) {
    auto pipe = std::make_unique<Pipeline>();
    pipe->pos = peek_word().pos;
    declarations(context, *pipe);
    while (!failed()) {
      const Token& token = peek_word();
      if (token.kind == end) {
        check(*pipe, context);
        next();
        return pipe;
      }
      if (!starts_operand(token.kind)) {
        unexpected(token, context);
        break;
      }
      pipe->commands.push_back(command());
    }
    return pipe;
  }

  static bool starts_operand(TokenKind kind) {
    switch (kind) {
      case TokenKind::kBool:
      case TokenKind::kCharacter:
      case TokenKind::kDot:
      case TokenKind::kField:
      case TokenKind::kIdentifier:
      case TokenKind::kNumber:
      case TokenKind::kNil:
      case TokenKind::kRawString:
      case TokenKind::kString:
      case TokenKind::kVariable:
      case TokenKind::kLeftParen:
        return true;
      default:
        return false;
    }
  }

  /// "$x :=", "$x =" and, in a range, "$i, $x :=".
  void declarations(std::string_view context, Pipeline& pipe) {
    const std::size_t start = at_;
    std::vector<std::string> names;
    while (peek_word().kind == TokenKind::kVariable) {
      names.emplace_back(next().text);
      const Token token = peek_word();
      if (token.kind == TokenKind::kComma) {
        next();
        if (context != "range" || names.size() > 1) {
          return fail(token.pos, "too many declarations in " + std::string(context));
        }
        if (peek_word().kind != TokenKind::kVariable) {
          return fail(peek().pos, "range can only initialize variables");
        }
        continue;
      }
      if (token.kind != TokenKind::kDeclare && token.kind != TokenKind::kAssign) break;
      next();
      pipe.assigns = token.kind == TokenKind::kAssign;
      pipe.variables = names;
      for (std::string& name : names) {
        if (pipe.assigns) require_variable(name, tokens_[start].pos);
        variables_.push_back(std::move(name));
      }
      return;
    }
    if (!failed()) at_ = start;
  }

  void check(const Pipeline& pipe, std::string_view context) {
    if (pipe.commands.empty()) {
      return fail(pipe.pos, "missing value for " + std::string(context));
    }
    for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
      switch (pipe.commands[i].arguments.front().kind) {
        case OperandKind::kBool:
        case OperandKind::kDot:
        case OperandKind::kNil:
        case OperandKind::kCharacterOrNumber:
        case OperandKind::kString:
          return fail(pipe.commands[i].pos,
                      "non executable command in pipeline stage " + std::to_string(i + 1));
        default:
          break;
      }
    }
  }

  Command command() {
    Command command;
    command.pos = peek_word().pos;
    while (!failed()) {
      if (starts_operand(peek_word().kind)) command.arguments.push_back(operand());
      const Token& token = peek();
      if (is_space(token)) continue;
      if (token.kind == TokenKind::kPipe) {
        if (command.arguments.empty()) fail(token.pos, "empty command");
        next();
      } else if (token.kind != TokenKind::kRightDelim && token.kind != TokenKind::kRightParen) {
        unexpected(token, "operand");
      }
      break;
    }
    return command;
  }

  // --- operands ---

  Operand operand() {
    Operand node = term();
    if (failed() || peek().kind != TokenKind::kField) return node;
    const Token first = peek();
    std::vector<std::string> fields;
    while (peek().kind == TokenKind::kField) fields.emplace_back(next().text.substr(1));
    switch (node.kind) {
      case OperandKind::kField:
      case OperandKind::kVariable:
        // Go places the whole chain where its first added field stands.
        node.pos = first.pos;
        node.fields.insert(node.fields.end(), fields.begin(), fields.end());
        return node;
      case OperandKind::kFunction:
      case OperandKind::kPipeline:
      case OperandKind::kChain: {
        Operand chain;
        chain.kind = OperandKind::kChain;
        chain.pos = first.pos;
        chain.fields = std::move(fields);
        chain.base = std::make_unique<Operand>(std::move(node));
        return chain;
      }
      default:
        fail(first.pos, "unexpected . after term " + go_quote(to_string(node)));
        return node;
    }
  }

  Operand term() {
    const Token token = next_word();
    Operand node;
    node.pos = token.pos;
    node.text = token.text;
    switch (token.kind) {
      case TokenKind::kIdentifier:
        node.kind = OperandKind::kFunction;
        node.function = find_function(functions_, token.text);
        if (node.function == nullptr) unknown_function(token);
        break;
      case TokenKind::kDot:
        node.kind = OperandKind::kDot;
        break;
      case TokenKind::kNil:
        node.kind = OperandKind::kNil;
        break;
      case TokenKind::kVariable:
        node.kind = OperandKind::kVariable;
        require_variable(node.text, token.pos);
        break;
      case TokenKind::kField:
        node.kind = OperandKind::kField;
        node.fields.emplace_back(token.text.substr(1));
        break;
      case TokenKind::kBool:
        node.kind = OperandKind::kBool;
        break;
      case TokenKind::kNumber:
      case TokenKind::kCharacter:
        node.kind = OperandKind::kCharacterOrNumber;
        number(token, node);
        break;
      case TokenKind::kLeftParen:
        node.kind = OperandKind::kPipeline;
        if (!enter(token.pos)) break;
        node.pipeline = pipeline("parenthesized pipeline", TokenKind::kRightParen);
        --depth_;
        break;
      case TokenKind::kString:
      case TokenKind::kRawString:
        node.kind = OperandKind::kString;
        node.string_value = unquote(token);
        break;
      default:
        unexpected(token, "operand");
    }
    return node;
  }

  std::string unquote(const Token& token) {
    std::optional<std::string> value = go_unquote(token.text);
    if (!value) fail(token.pos, "invalid escape in string", token.text.size());
    return std::move(value).value_or("");
  }

  void unknown_function(const Token& token) {
    const std::vector<std::string> names = function_names(functions_);
    fail(token.pos, "function " + go_quote(token.text) + " not defined", token.text.size(),
         unknown_name_hint(token.text, names));
  }

  void require_variable(const std::string& name, std::uint32_t pos) {
    if (std::find(variables_.begin(), variables_.end(), name) != variables_.end()) return;
    fail(pos, "undefined variable " + go_quote(name), name.size(),
         unknown_name_hint(name, variables_));
  }

  void number(const Token& token, Operand& node) {
    const std::optional<GoNumber> number = go_number(token.text);
    if (!number) {
      return fail(token.pos, "bad number syntax: " + go_quote(token.text), token.text.size());
    }
    node.is_integer = number->is_integer;
    node.integer = number->integer;
    node.number = number->number;
  }

  std::vector<Token> tokens_;
  FunctionTable functions_;
  std::size_t at_ = 0;
  SyntaxTree tree_;
  std::vector<std::string> variables_;      ///< in scope
  std::vector<std::uint32_t> open_blocks_;  ///< where the "{{" of open blocks stand
  int range_depth_ = 0;
  int depth_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace

boost::system::result<SyntaxTree, Problem> parse(std::string_view source,
                                                 const std::vector<std::string>& declared,
                                                 std::span<const Function> functions) {
  return Parser(source, declared, functions).run();
}

boost::system::result<SyntaxTree, Problem> parse(std::string_view source,
                                                 const std::vector<std::string>& declared) {
  return parse(source, declared, prometheus_functions());
}

}  // namespace tocsin::rules::templates
