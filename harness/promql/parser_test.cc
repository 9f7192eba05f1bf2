#include "harness/promql/parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/promql/functions.h"
#include "harness/promql/parser_cases.h"

namespace tocsin::promql {
namespace {

const std::string kFolder = TOCSIN_SOURCE_DIR "/harness/promql/testdata/parser/";

std::string printed(const std::string& text) {
  const Result<Expression> expression = parse_expression(text);
  return expression ? print(*expression->root) : "error: " + expression.error().message;
}

/// The text of each node, parents before children.
void add_parts(const Expression& expression, const Node& node, std::vector<std::string>& parts) {
  parts.push_back(expression.text.substr(node.range.begin, node.range.end - node.range.begin));
  for (const Node* child : children(node)) add_parts(expression, *child, parts);
}

TEST(Parser, PrintsWhatItReads) {
  for (const ParserCase& c : read_parser_cases(kFolder + "good.txt")) {
    SCOPED_TRACE(c.where + ": " + c.text);
    const Result<Expression> expression = parse_expression(c.text);
    ASSERT_TRUE(expression) << to_string(expression.error());
    const std::string text = print(*expression->root);
    EXPECT_EQ(text, c.prints.empty() ? c.text : c.prints);
    EXPECT_EQ(printed(text), text);
    EXPECT_EQ(printed(pretty_print(*expression->root)), text);
  }
}

TEST(Parser, KnowsWhereEachPartStands) {
  for (const ParserCase& c : read_parser_cases(kFolder + "parts.txt")) {
    SCOPED_TRACE(c.where + ": " + c.text);
    const Result<Expression> expression = parse_expression(c.text);
    ASSERT_TRUE(expression) << to_string(expression.error());
    std::vector<std::string> parts;
    add_parts(*expression, *expression->root, parts);
    EXPECT_EQ(parts, c.parts);
  }
}

TEST(Parser, SaysWhatIsWrongAndWhere) {
  for (const ParserCase& c : read_parser_cases(kFolder + "bad.txt")) {
    SCOPED_TRACE(c.where + ": " + c.text);
    std::vector<Error> errors;
    const Result<Expression> expression = parse_expression(c.text, errors);
    ASSERT_FALSE(expression);
    EXPECT_EQ(expression.error().message, errors.front().message);
    std::vector<std::string> seen;
    for (const Error& error : errors) {
      seen.push_back(std::to_string(error.pos.line) + ":" + std::to_string(error.pos.column) + "+" +
                     std::to_string(error.length) + " " + error.message);
      for (const std::string& hint : error.hints) seen.push_back("hint: " + hint);
    }
    EXPECT_EQ(seen, c.errors);
  }
}

TEST(Parser, PrettyPrints) {
  for (const ParserCase& c : read_parser_cases(kFolder + "pretty.txt")) {
    SCOPED_TRACE(c.where + ": " + c.text);
    const Result<Expression> expression = parse_expression(c.text);
    ASSERT_TRUE(expression) << to_string(expression.error());
    EXPECT_EQ(pretty_print(*expression->root), c.prints);
  }
}

TEST(Parser, RefusesBytesThatAreNotText) {
  std::vector<Error> errors;
  ASSERT_FALSE(parse_expression("m{a=\"\xff\"}", errors));
  EXPECT_EQ(errors.front().message, "invalid UTF-8 rune");
  EXPECT_EQ(errors.front().pos.column, 5);
  EXPECT_FALSE(parse_expression("m{a=`\xff`}"));
  EXPECT_FALSE(parse_expression("\xff"));
  EXPECT_FALSE(parse_expression(std::string("a\0b", 3)));
  EXPECT_EQ(printed("m{a=\"\\xff\"}"), "m{a=\"\\xff\"}");
}

TEST(Parser, ColumnsCountCharacters) {
  std::vector<Error> errors;
  ASSERT_FALSE(parse_expression("up{a=\"åäö\"} +\n  up{b=\"ü\"} +* 2", errors));
  EXPECT_EQ(errors.front().pos.line, 2);
  EXPECT_EQ(errors.front().pos.column, 14);
  EXPECT_EQ(errors.front().excerpt, "  up{b=\"ü\"} +* 2");
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// Reads any bytes without harm; what is accepted prints to a text that stays as it is.
void expect_sound(const std::string& text) {
  std::vector<Error> errors;
  const Result<Expression> expression = parse_expression(text, errors);
  if (expression) {
    const std::string canonical = print(*expression->root);
    ASSERT_EQ(printed(canonical), canonical) << text;
    ASSERT_EQ(printed(pretty_print(*expression->root)), canonical) << text;
    return;
  }
  ASSERT_FALSE(errors.empty()) << text;
  for (const Error& error : errors) {
    ASSERT_TRUE(!error.message.empty() && error.pos.line > 0 && error.pos.column > 0) << text;
  }
}

TEST(Parser, SurvivesDamage) {
  for (const char* file : {"good.txt", "bad.txt", "parts.txt", "pretty.txt"}) {
    for (const ParserCase& c : read_parser_cases(kFolder + file)) {
      for (std::size_t i = 0; i < c.text.size(); ++i) {
        expect_sound(c.text.substr(0, i));
        expect_sound(c.text.substr(i));
        expect_sound(c.text.substr(0, i) + c.text.substr(i + 1));
        expect_sound(c.text.substr(0, i) + "\xff" + c.text.substr(i));
        expect_sound(c.text.substr(0, i) + c.text[i] + c.text.substr(i));
      }
    }
  }
}

TEST(Parser, BoundsDepth) {
  EXPECT_TRUE(parse_expression(repeated("(", 250) + "1" + repeated(")", 250)));
  EXPECT_TRUE(parse_expression("1" + repeated(" + 1", 1000)));
  const std::string deep_inputs[] = {
      repeated("(", 100'000),
      repeated("-", 100'000) + "a",
      repeated("abs(", 100'000),
      repeated("sum(", 100'000),
      "1" + repeated("^1", 100'000),
      "1" + repeated(" + 1", 100'000),
      "a" + repeated("[1m:]", 100'000),
      "a[" + repeated("(", 100'000),
      "a[1" + repeated("^1", 100'000) + "]",
      "a[1" + repeated("+1", 100'000) + "]",
      "a[" + repeated("-", 100'000) + "1]",
      "a offset " + repeated("-", 100'000) + "1",
      "a[" + repeated("min_of(", 100'000) + "]",
      "(" + repeated("-{}-1", 10'000) + ")" + repeated("[1m:]", 1000),
  };
  for (const std::string& text : deep_inputs) {
    const Result<Expression> expression = parse_expression(text);
    ASSERT_FALSE(expression) << text.substr(0, 20);
    EXPECT_EQ(expression.error().kind, ErrorKind::kLimit);
    EXPECT_TRUE(expression.error().message.find("nested") != std::string::npos ||
                expression.error().message.find("in a row") != std::string::npos)
        << expression.error().message;
  }
}

TEST(Parser, BoundsLengthAndNumberOfErrors) {
  const Result<Expression> expression = parse_expression(std::string(kLongestExpression + 1, ' '));
  ASSERT_FALSE(expression);
  EXPECT_EQ(expression.error().kind, ErrorKind::kLimit);
  std::vector<Error> errors;
  EXPECT_FALSE(parse_expression("1" + repeated(" + abs(1)", 500), errors));
  EXPECT_EQ(errors.size(), 100u);
}

TEST(Parser, TypesEveryNode) {
  const Result<Expression> expression =
      parse_expression("sum(rate(a[step() * 2] offset -(1m))) > bool scalar(b) + 1");
  ASSERT_TRUE(expression) << to_string(expression.error());
  std::vector<const Node*> nodes{expression->root.get()};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_NE(nodes[i]->type, ValueType::kNone) << print(*nodes[i]);
    for (const Node* child : children(*nodes[i])) nodes.push_back(child);
  }
  EXPECT_EQ(expression->root->type, ValueType::kVector);
}

TEST(Functions, AreInNameOrder) {
  for (std::size_t i = 1; i < functions().size(); ++i) {
    EXPECT_LT(functions()[i - 1].name, functions()[i].name);
  }
  for (const Function& function : functions()) {
    EXPECT_EQ(find_function(function.name), &function);
  }
  EXPECT_EQ(find_function("Rate"), nullptr);
}

}  // namespace
}  // namespace tocsin::promql
