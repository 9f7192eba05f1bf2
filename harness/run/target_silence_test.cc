#include "harness/run/target_silence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/stack.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using std::chrono::seconds;

class TargetSilence : public testing::Test {
 protected:
  /// Scrapes every five seconds: "1101" answers, answers, not, answers.
  std::string look(const std::string& answers, const std::string& faults = "") {
    const Drill drill = small_drill("traffic: {rate: 1/s, for: 60s}\n" + faults);
    Evidence evidence =
        begin_evidence(drill.scenario, *drill.rules, RunMode::kLive, Timestamp(seconds(1000)), 1);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      ScrapeRecord scrape;
      scrape.target = "service";
      scrape.at = evidence.at_offset(seconds(5 * i));
      scrape.ok = answers[i] == '1';
      if (answers[i] == '0') scrape.error = "connection refused";
      if (answers[i] == 'x') scrape.error = "status 500";
      evidence.scrapes.push_back(scrape);
      scrape.target = "cache";
      scrape.ok = true;
      evidence.scrapes.push_back(scrape);
    }
    evidence.load = std::move(load_);
    return target_silence(evidence, drill.scenario, "http://t");
  }

  std::optional<LoadResult> load_;
};

TEST_F(TargetSilence, OneThatAnswersIsFine) {
  EXPECT_EQ(look("111111"), "");
  EXPECT_EQ(look("110011"), "");
  EXPECT_EQ(look("111110"), "");  // one slip is nothing
  EXPECT_EQ(look("xxxxxx"), "");  // it does answer
  EXPECT_EQ(look(""), "");
}

TEST_F(TargetSilence, OneThatHasDiedIsTold) {
  EXPECT_EQ(look("1110000"),
            "the target at http://t has not answered since 10s (connection refused), and no fault "
            "explains that");
}

TEST_F(TargetSilence, OneThatNeverWasIsTold) {
  EXPECT_EQ(look("0000"), "the target at http://t has never answered (connection refused)");
}

TEST_F(TargetSilence, LoadIsAnAnswerToo) {
  LoadSlice slice;
  slice.from = Timestamp(seconds(1030));
  slice.length = seconds(1);
  slice.counts.ledger.completed = 1;
  load_.emplace().slices.push_back(slice);
  EXPECT_EQ(look("0000"), "");
}

TEST_F(TargetSilence, AFaultExplainsIt) {
  const std::string run = "run: {start: kill it, stop: none}";
  const auto fault = [](const std::string& at, const std::string& what) {
    return "mode: live\nfaults: [{at: " + at + ", for: 10s, " + what + "}]\n";
  };
  EXPECT_EQ(look("1110000", fault("10s", run)), "");
  EXPECT_EQ(look("1110000", fault("12s", "network: {refuse: true}")), "");
  EXPECT_EQ(look("1110000", fault("12s", "service: down")), "");
  EXPECT_EQ(look("0000", fault("0s", run)), "");
  // It was long over.
  EXPECT_NE(look("11111111110000", fault("5s", run)), "");
  // It was the cache's.
  EXPECT_NE(look("1110000", fault("12s", "cache: down")), "");
}

}  // namespace
}  // namespace tocsin::run
