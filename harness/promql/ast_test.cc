#include "harness/promql/ast.h"

#include <gtest/gtest.h>

namespace tocsin::promql {
namespace {

TEST(Ast, TypesAreNamedAsInMessages) {
  EXPECT_EQ(describe(ValueType::kScalar), "scalar");
  EXPECT_EQ(describe(ValueType::kVector), "instant vector");
  EXPECT_EQ(describe(ValueType::kMatrix), "range vector");
  EXPECT_EQ(describe(ValueType::kString), "string");
}

TEST(Ast, OperatorsKnowTheirKind) {
  EXPECT_TRUE(is_comparison(BinaryOp::kNotEqual));
  EXPECT_FALSE(is_comparison(BinaryOp::kTrimUpper));
  EXPECT_TRUE(is_set_operator(BinaryOp::kUnless));
  EXPECT_FALSE(is_set_operator(BinaryOp::kAtan2));
  EXPECT_TRUE(takes_parameter(AggregateOp::kLimitRatio));
  EXPECT_FALSE(takes_parameter(AggregateOp::kGroup));
}

}  // namespace
}  // namespace tocsin::promql
