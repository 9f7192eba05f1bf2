#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "assertions/judge.h"

/// Scenarios and evidence made by hand: what is claimed, what was seen, what is judged.

namespace tocsin::assertions {

inline constexpr Timestamp kStart = from_ms(1'000'000'000'000);

inline Duration minutes(double n) {
  return Duration(static_cast<std::int64_t>(n * 60'000));
}

/// Series given as values at regular times.
class Samples final : public SeriesSource {
 public:
  void add(Labels labels, Duration step, std::vector<double> values) {
    Series& series = series_.emplace_back();
    series.labels = std::move(labels);
    for (std::size_t i = 0; i < values.size(); ++i) {
      series.times.push_back(to_ms(kStart + static_cast<std::int64_t>(i) * step));
    }
    series.values = std::move(values);
  }

  std::vector<SeriesView> select(std::span<const Matcher> matchers,
                                 TimeRange range) const override {
    std::vector<SeriesView> views;
    for (const Series& series : series_) {
      bool all = true;
      for (const Matcher& matcher : matchers) all = all && matcher.matches(series.labels);
      if (!all) continue;
      std::size_t begin = 0;
      std::size_t end = series.times.size();
      while (begin < end && from_ms(series.times[begin]) < range.from) ++begin;
      while (end > begin && from_ms(series.times[end - 1]) > range.to) --end;
      if (begin == end) continue;
      SeriesView view;
      view.labels = series.labels;
      view.timestamps = std::span(series.times).subspan(begin, end - begin);
      view.values = std::span(series.values).subspan(begin, end - begin);
      views.push_back(std::move(view));
    }
    return views;
  }
  const FamilyInfo* family(std::string_view) const override { return nullptr; }

 private:
  struct Series {
    Labels labels;
    std::vector<std::int64_t> times;
    std::vector<double> values;
  };
  std::vector<Series> series_;
};

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    auto system = std::make_shared<scenario::System>();
    system->name = "test";
    scenario_.system = system;
    scenario_.name = "test";
    scenario_.length = minutes(20);
    evidence_.run.start = kStart;
    evidence_.run.end = kStart + minutes(20);
    evidence_.run.planned = minutes(20);
    evidence_.run.evaluation_interval = std::chrono::seconds(15);
    evidence_.run.scrape_interval = std::chrono::seconds(15);
    evidence_.events = {{EventKind::kFaultStart, "fault", "service error_rate 8%", at(5)},
                        {EventKind::kFaultEnd, "fault", {}, at(15)}};
    samples_ = std::make_shared<Samples>();
    evidence_.samples = samples_;
  }

  static Timestamp at(double minute) { return kStart + minutes(minute); }

  static scenario::TimeWindow window(double from, double to, std::string text = "in time") {
    return {minutes(from), minutes(to), std::move(text)};
  }

  static scenario::ValueClaim claim(scenario::ValueClaim::Kind kind, double value,
                                    double more = 0) {
    scenario::ValueClaim result;
    result.kind = kind;
    result.value = value;
    result.upper = result.tolerance = more;
    result.text = "the value";
    return result;
  }

  AlertEpisode& episode(std::string alert, double pending, std::optional<double> firing,
                        std::optional<double> resolved) {
    AlertEpisode& episode = evidence_.episodes.emplace_back();
    episode.alert = std::move(alert);
    episode.labels = {{"alertname", episode.alert}, {"severity", "critical"}};
    episode.pending_at = at(pending);
    if (firing) episode.firing_at = at(*firing);
    if (resolved) episode.resolved_at = at(*resolved);
    return episode;
  }

  scenario::AlertExpectation& expect_alert(std::string alert) {
    auto& expectation = scenario_.expect.alerts.emplace_back();
    expectation.alert = std::move(alert);
    return expectation;
  }

  /// The only judgement.
  Judgement judge_one() {
    const Verdict verdict = judge(scenario_, evidence_);
    EXPECT_EQ(verdict.judgements.size(), 1u);
    return verdict.judgements.empty() ? Judgement() : verdict.judgements.front();
  }

  void expect_outcome(Outcome outcome, const std::string& seen) {
    const Judgement judgement = judge_one();
    EXPECT_EQ(judgement.outcome, outcome) << judgement.claim;
    EXPECT_EQ(judgement.seen, seen);
    // What did not pass brings its background; the missing of evidence may have none.
    EXPECT_TRUE(outcome != Outcome::kFail || !judgement.around.empty()) << judgement.claim;
  }

  void interrupt(double minute) {
    evidence_.run.partial = true;
    evidence_.run.end = at(minute);
  }

  scenario::Scenario scenario_;
  Evidence evidence_;
  std::shared_ptr<Samples> samples_;
};

}  // namespace tocsin::assertions
