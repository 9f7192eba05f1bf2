#include "harness/traffic/recorder.h"

#include <map>

#include <gtest/gtest.h>

namespace tocsin::traffic {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Traffic one_phase(Duration length) {
  Phase phase;
  phase.length = length;
  phase.mix = {{"read", 3}, {"write", 1}};
  return {{phase}};
}

Answer answer(Nanos sent, Nanos done, int status = 200) {
  Answer made;
  made.sent = sent;
  made.done = done;
  made.status = status;
  made.bytes_in = 10;
  made.bytes_out = 3;
  return made;
}

TEST(Recorder, MeasuresFromTheIntendedAndFromTheActualStart) {
  Recorder recorder(one_phase(seconds(10)), {});
  const DueRequest request{seconds(2), 0, 1};
  Answer late = answer(seconds(2) + milliseconds(300), seconds(2) + milliseconds(400), 503);
  late.send_lag = milliseconds(5);
  recorder.scheduled(request);
  recorder.completed(request, late);
  const LoadResult result = recorder.result(from_ms(1'000'000), seconds(10));
  EXPECT_EQ(result.from, from_ms(1'000'000));
  EXPECT_EQ(result.to, from_ms(1'010'000));
  EXPECT_EQ(result.total.response.max(), milliseconds(400));
  EXPECT_EQ(result.total.service.max(), milliseconds(100));
  EXPECT_EQ(result.total.send_lag.max(), milliseconds(5));
  EXPECT_EQ(result.total.by_status.at(503), 1U);
  EXPECT_EQ(result.total.errors(), 1U);
  EXPECT_EQ(result.total.bytes_in, 10U);
  EXPECT_EQ(result.total.bytes_out, 3U);
  EXPECT_EQ(result.by_endpoint.at("write").ledger.completed, 1U);
  EXPECT_EQ(result.by_endpoint.at("read").ledger.completed, 0U);
  ASSERT_EQ(result.slices.size(), 10U);
  EXPECT_EQ(result.slices[2].from, from_ms(1'002'000));
  EXPECT_EQ(result.slices[2].counts.response.count(), 1U);
  EXPECT_EQ(result.slices[3].counts.ledger.scheduled, 0U);
}

TEST(Recorder, TellsTheEndpointsOfASliceApart) {
  Recorder recorder(one_phase(seconds(3)), {});
  for (int i = 0; i < 30; ++i) {
    const DueRequest request{milliseconds(100 * i), 0, i % 3 == 0 ? 1U : 0U};
    recorder.scheduled(request);
    recorder.completed(request, answer(request.intended, request.intended + milliseconds(i)));
  }
  const LoadResult result = recorder.result(from_ms(0), seconds(3));
  std::map<std::string, LoadCounts> sum;
  for (const LoadSlice& slice : result.slices) {
    LoadCounts together;
    for (const auto& [name, counts] : slice.by_endpoint) {
      together.merge(counts);
      sum[name].merge(counts);
    }
    EXPECT_EQ(together.ledger, slice.counts.ledger);
    EXPECT_EQ(together.response, slice.counts.response);
  }
  ASSERT_EQ(sum.size(), 2U);
  for (const auto& [name, counts] : sum) {
    EXPECT_EQ(counts.ledger, result.by_endpoint.at(name).ledger);
    EXPECT_EQ(counts.response, result.by_endpoint.at(name).response);
    EXPECT_EQ(counts.by_status, result.by_endpoint.at(name).by_status);
  }
  EXPECT_EQ(sum.at("write").ledger.completed, 10U);
}

TEST(Recorder, ARequestBelongsToTheSliceOfItsIntendedStart) {
  Recorder recorder(one_phase(seconds(3)), {});
  const DueRequest request{milliseconds(999), 0, 0};
  recorder.scheduled(request);
  recorder.completed(request, answer(seconds(1), seconds(8)));
  const LoadResult result = recorder.result({}, seconds(3));
  EXPECT_EQ(result.slices[0].counts.ledger.completed, 1U);
  EXPECT_TRUE(result.slices[0].counts.ledger.balanced());
}

TEST(Recorder, LeavesWarmUpOut) {
  Traffic traffic = one_phase(seconds(5));
  traffic.phases.insert(traffic.phases.begin(), one_phase(seconds(2)).phases[0]);
  traffic.phases[0].warm_up = true;
  Recorder recorder(traffic, {});
  for (int i = 0; i < 7; ++i) {
    const DueRequest request{seconds(i), i < 2 ? 0U : 1U, 0};
    recorder.scheduled(request);
    recorder.dropped(request);
  }
  EXPECT_EQ(recorder.everything().dropped, 7U);
  const LoadResult result = recorder.result(from_ms(0), seconds(7));
  EXPECT_EQ(result.from, from_ms(2'000));
  EXPECT_EQ(result.total.ledger.dropped, 5U);
  ASSERT_EQ(result.slices.size(), 5U);
  EXPECT_EQ(result.slices[0].counts.ledger.dropped, 1U);
  EXPECT_EQ(result.slices[4].counts.ledger.dropped, 1U);
}

TEST(Recorder, ARunThatStopsInItsWarmUpMeasuresNothing) {
  Traffic traffic = one_phase(seconds(5));
  traffic.phases[0].warm_up = true;
  const LoadResult result = Recorder(traffic, {}).result(from_ms(0), seconds(1));
  EXPECT_EQ(result.from, result.to);
  EXPECT_TRUE(result.slices.empty());
}

TEST(Recorder, SlicesTileTheRun) {
  Recorder recorder(one_phase(milliseconds(2'500)), {});
  const LoadResult result = recorder.result(from_ms(0), milliseconds(2'500));
  ASSERT_EQ(result.slices.size(), 3U);
  EXPECT_EQ(result.slices[1].length, seconds(1));
  EXPECT_EQ(result.slices[2].length, milliseconds(500));
}

TEST(Recorder, LongRunsHaveWiderSlices) {
  const auto width = [](Duration length) {
    return Recorder(one_phase(length), {}).result({}, length).slices.front().length;
  };
  EXPECT_EQ(width(minutes(9)), seconds(1));
  EXPECT_EQ(width(minutes(15)), seconds(2));
  EXPECT_EQ(width(hours(24)), seconds(256));
}

TEST(Recorder, ManyEndpointsHaveFewerSlices) {
  Traffic traffic = one_phase(minutes(9));
  traffic.phases[0].mix.clear();
  for (int i = 0; i < 100; ++i) traffic.phases[0].mix.push_back({std::to_string(i), 1});
  // At most sixty: 2400 cells over 100 endpoints would be 24, which is too coarse.
  EXPECT_EQ(Recorder(traffic, {}).result({}, minutes(9)).slices.size(), 34U);
}

TEST(Recorder, CountsReasonsUpToABound) {
  Recorder recorder(one_phase(seconds(1)), {});
  for (int i = 0; i < 200; ++i) {
    recorder.scheduled({Nanos(0), 0, 0});
    recorder.failed({Nanos(0), 0, 0}, Nanos(0), i % 2 == 0 ? "timeout" : std::to_string(i));
  }
  const LoadResult result = recorder.result({}, seconds(1));
  EXPECT_EQ(result.total.ledger.failed, 200U);
  EXPECT_EQ(result.total.by_error.at("timeout"), 100U);
  EXPECT_LE(result.total.by_error.size(), 51U);
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : result.total.by_error) sum += count;
  EXPECT_EQ(sum, 200U);
}

TEST(Recorder, MergesWorkers) {
  const Traffic traffic = one_phase(seconds(5));
  Recorder a(traffic, {});
  Recorder b(traffic, {});
  Recorder both(traffic, {});
  for (int i = 0; i < 100; ++i) {
    const DueRequest request{milliseconds(i * 50), 0, i % 3 == 0 ? 1U : 0U};
    Recorder& one = i % 2 == 0 ? a : b;
    for (Recorder* recorder : {&one, &both}) {
      recorder->scheduled(request);
      recorder->completed(request,
                          answer(request.intended, request.intended + milliseconds(1 + i)));
    }
  }
  a.merge(b);
  const LoadResult merged = a.result({}, seconds(5));
  const LoadResult expected = both.result({}, seconds(5));
  EXPECT_EQ(merged.total.response, expected.total.response);
  EXPECT_EQ(merged.total.ledger, expected.total.ledger);
  ASSERT_EQ(merged.slices.size(), expected.slices.size());
  for (std::size_t i = 0; i < merged.slices.size(); ++i) {
    EXPECT_EQ(merged.slices[i].counts.response, expected.slices[i].counts.response);
  }
  EXPECT_EQ(merged.by_endpoint.at("write").service, expected.by_endpoint.at("write").service);
}

}  // namespace
}  // namespace tocsin::traffic
