#include "harness/run/evidence_file.h"

#include <bit>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/random.h"
#include "harness/base/scratch_folder.h"
#include "harness/metrics/gzip.h"
#include "harness/metrics/store.h"
#include "harness/run/evidence_json.h"
#include "harness/run/simulate.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::size_t kPlenty = 1 << 30;

/// A short run with everything in it: load, probes, failed scrapes, episodes.
Evidence some_run() {
  const Drill drill = small_drill(R"(
traffic: [{rate: 20/s, for: 30s, warm_up: true}, {rate: 50/s, for: 90s}]
faults:
  - {at: 30s, for: 60s, service: {error_rate: 40%}}
  - {at: 40s, for: 30s, cache: down}
)");
  return simulate(drill.scenario, *drill.rules);
}

class EvidenceFile : public testing::Test {
 protected:
  std::string file() const { return folder_.path("run.evidence.gz"); }

  std::string text_of(const Evidence& evidence) const {
    save_evidence(evidence, file()).value();
    return metrics::gzip_decompress(read_file(file()).value(), kPlenty).value();
  }
  Result<Evidence> read(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary) << bytes;
    return load_evidence(file());
  }
  Result<Evidence> read_text(const std::string& text) const {
    return read(metrics::gzip_compress(text));
  }

  ScratchFolder folder_;
};

void expect_same_samples(const Evidence& a, const Evidence& b) {
  const auto all = a.samples->select({}, {});
  const auto again = b.samples->select({}, {});
  ASSERT_EQ(all.size(), again.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].labels, again[i].labels);
    ASSERT_TRUE(std::ranges::equal(all[i].timestamps, again[i].timestamps))
        << all[i].labels.to_string();
    // By their bits: stale markers are NaNs of their own.
    for (std::size_t k = 0; k < all[i].values.size(); ++k) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(all[i].values[k]),
                std::bit_cast<std::uint64_t>(again[i].values[k]))
          << all[i].labels.to_string() << " at " << all[i].timestamps[k];
    }
  }
}

TEST_F(EvidenceFile, ReadsBackWhatItWrote) {
  const Evidence evidence = some_run();
  ASSERT_FALSE(evidence.episodes.empty());
  ASSERT_TRUE(evidence.load.has_value());
  save_evidence(evidence, file()).value();
  const Evidence again = load_evidence(file()).value();
  EXPECT_EQ(evidence_to_json(evidence).dump(), evidence_to_json(again).dump());
  expect_same_samples(evidence, again);
  const FamilyInfo* family = again.samples->family("request_duration_seconds");
  ASSERT_NE(family, nullptr);
  EXPECT_EQ(*family, *evidence.samples->family("request_duration_seconds"));
  EXPECT_EQ(again.load->total.response, evidence.load->total.response);
  EXPECT_EQ(again.load->total.ledger, evidence.load->total.ledger);
}

TEST_F(EvidenceFile, KeepsWhatIsOdd) {
  auto store = std::make_shared<metrics::Store>();
  const Labels odd = Labels{{kMetricName, "x"}, {"path", "a\"b\\c\nd"}, {"ü", "日本"}};
  const double values[] = {0.1, -0.0, std::nan(""), stale_marker(), INFINITY, -INFINITY, 1e-308};
  for (std::size_t i = 0; i < std::size(values); ++i) {
    store->append(odd, from_ms(1'767'571'200'000 + static_cast<std::int64_t>(i)), values[i]);
  }
  Evidence evidence;
  evidence.run.mode = RunMode::kLive;
  evidence.run.seed = std::numeric_limits<std::uint64_t>::max();
  evidence.run.time_scale = 1.0 / 3;
  evidence.run.partial = true;
  evidence.run.invalid_reason = "late";
  evidence.run.warnings = {"one", "two"};
  evidence.run.start = from_ms(-5);
  evidence.samples = store;
  AlertEpisode episode;
  episode.labels = Labels{{"alertname", "A"}};
  episode.value_at_start = std::nan("");
  episode.value_at_firing = INFINITY;
  episode.value_last = -INFINITY;
  episode.firing_at = from_ms(7);
  evidence.episodes = {episode};
  ProbeResult probe;
  probe.body = "not UTF-8: \xff\xfe";
  evidence.probes = {probe};
  LoadResult load;
  load.total.by_status[503] = 2;
  load.total.by_error["timeout"] = 1;
  load.total.ledger = {3, 2, 1, 0, 0};
  load.total.response.add(Nanos(std::numeric_limits<std::int64_t>::max()));
  evidence.load = load;
  save_evidence(evidence, file()).value();
  const Evidence again = load_evidence(file()).value();
  expect_same_samples(evidence, again);
  EXPECT_EQ(again.run.seed, evidence.run.seed);
  EXPECT_EQ(again.run.time_scale, evidence.run.time_scale);
  EXPECT_EQ(again.run.mode, RunMode::kLive);
  EXPECT_TRUE(std::isnan(again.episodes.at(0).value_at_start));
  EXPECT_EQ(again.episodes[0].value_at_firing, INFINITY);
  EXPECT_EQ(again.episodes[0].value_last, -INFINITY);
  EXPECT_EQ(again.episodes[0].firing_at, from_ms(7));
  EXPECT_FALSE(again.episodes[0].resolved_at.has_value());
  EXPECT_EQ(again.probes.at(0).body, "not UTF-8: \xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(again.load->total.response, load.total.response);
}

TEST_F(EvidenceFile, IsRefusedWhenItEndsEarly) {
  save_evidence(some_run(), file()).value();
  const std::string whole = read_file(file()).value();
  const std::string text = metrics::gzip_decompress(whole, kPlenty).value();
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_TRUE(read(whole.substr(0, whole.size() * i / 50)).has_error()) << i;
    EXPECT_TRUE(read_text(text.substr(0, text.size() * i / 50)).has_error()) << i;
  }
  EXPECT_TRUE(read_text(text).has_value());
}

/// Whatever the bytes are, there is an answer; most damage is found.
TEST_F(EvidenceFile, SurvivesFlippedBytes) {
  const Drill drill = small_drill("traffic: {rate: 20/s, for: 10s}");
  const std::string text = text_of(simulate(drill.scenario, *drill.rules));
  const std::string whole = read_file(file()).value();
  Random random(7);
  std::size_t packed_refused = 0;
  for (int i = 0; i < 100; ++i) {
    std::string damaged = whole;
    damaged[random.below(damaged.size())] ^= static_cast<char>(1U << random.below(8));
    packed_refused += read(damaged).has_error() ? 1 : 0;
    damaged = text;
    damaged[random.below(damaged.size())] ^= static_cast<char>(1U << random.below(8));
    read_text(damaged).has_error();
  }
  EXPECT_GE(packed_refused, 95U);  // the gzip header has bytes that say nothing
}

TEST_F(EvidenceFile, RefusesWhatIsNone) {
  EXPECT_THAT(to_string(load_evidence(folder_.path("missing")).error()), HasSubstr("missing"));
  for (const char* text : {"", "\n", "{}\n# EOF\n", "[]\n# EOF\n", "null\n# EOF\n", "1\n# EOF\n",
                           "{\"schema\":\"tocsin-evidence/2\"}\n# EOF\n", "# EOF\n"}) {
    const auto refused = read_text(text);
    ASSERT_TRUE(refused.has_error()) << text;
    EXPECT_THAT(to_string(refused.error()), HasSubstr("not an evidence file")) << text;
  }
  EXPECT_THAT(to_string(read("plain text").error()), HasSubstr("it is no gzip file"));
  EXPECT_TRUE(read_text(std::string(100'000, '[') + "\n# EOF\n").has_error());
}

/// A first line of zeros, in many gzip members, swells to more than any evidence has.
TEST_F(EvidenceFile, RefusesABomb) {
  const std::string member = metrics::gzip_compress(std::string(8 << 20, '0'));
  std::string bomb;
  for (int i = 0; i < 33; ++i) bomb += member;
  ASSERT_LT(bomb.size(), 1U << 20);
  const auto refused = read(bomb);
  ASSERT_TRUE(refused.has_error());
  EXPECT_THAT(to_string(refused.error()), HasSubstr("its first line is too long"));
}

TEST_F(EvidenceFile, RefusesValuesThatNoRunWrites) {
  const std::string text = text_of(some_run());
  const std::size_t newline = text.find('\n');
  const json head = json::parse(text.substr(0, newline));
  const std::string samples = text.substr(newline);
  struct Case {
    const char* name;
    std::function<void(json&)> change;
  };
  const Case cases[] = {
      {"no run", [](json& j) { j.erase("run"); }},
      {"scale 0", [](json& j) { j["run"]["time_scale"] = 0; }},
      {"scale too high", [](json& j) { j["run"]["time_scale"] = 1e300; }},
      {"scale negative", [](json& j) { j["run"]["time_scale"] = -1; }},
      {"time too late", [](json& j) { j["run"]["end"] = std::int64_t{1} << 60; }},
      {"length too long", [](json& j) { j["run"]["planned"] = std::int64_t{1} << 60; }},
      {"text for a time", [](json& j) { j["run"]["start"] = "now"; }},
      {"unknown event", [](json& j) { j["events"][0][0] = 99; }},
      {"negative event", [](json& j) { j["events"][0][0] = -1; }},
      {"short event", [](json& j) { j["events"][0] = json::array({0}); }},
      {"unknown type", [](json& j) { j["targets"][0]["families"][0][1] = 77; }},
      {"number for a label", [](json& j) { j["targets"][0]["labels"]["job"] = 1; }},
      {"ledger", [](json& j) { j["load"]["total"]["ledger"][0] = 1; }},
      {"short ledger", [](json& j) { j["load"]["total"]["ledger"] = json::array({1}); }},
      {"bucket", [](json& j) { j["load"]["total"]["response"]["buckets"][0][0] = 1'000'000; }},
      {"null load", [](json& j) { j["load"] = nullptr; }},
      {"probes are a map",
       [](json& j) {
         j["probes"] = json{{"a", 1}};
       }},
      {"null value", [](json& j) { j["episodes"][0]["value_last"] = nullptr; }},
  };
  ASSERT_TRUE(read_text(head.dump() + samples).has_value());
  for (const Case& test : cases) {
    json changed = head;
    test.change(changed);
    EXPECT_TRUE(read_text(changed.dump() + samples).has_error()) << test.name;
  }
}

}  // namespace
}  // namespace tocsin::run
