#include "harness/model/evidence.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Evidence, OffsetsAreInScenarioTime) {
  Evidence evidence;
  evidence.run.start = from_ms(1'000'000);
  evidence.run.time_scale = 60;
  EXPECT_EQ(evidence.offset_of(from_ms(1'010'000)), std::chrono::minutes(10));
  EXPECT_EQ(evidence.at_offset(std::chrono::minutes(10)), from_ms(1'010'000));
}

TEST(LoadCounts, MergeAddsEverything) {
  LoadCounts a;
  a.ledger = {10, 7, 1, 1, 1};
  a.by_status = {{200, 6}, {503, 1}};
  a.by_error = {{"timeout", 1}};
  LoadCounts b = a;
  b.merge(a);
  EXPECT_EQ(b.ledger, (LoadLedger{20, 14, 2, 2, 2}));
  EXPECT_TRUE(b.ledger.balanced());
  EXPECT_EQ(b.by_status[503], 2u);
  EXPECT_EQ(b.errors(), 4u);
}

}  // namespace
}  // namespace tocsin
