#include "harness/backtest/query_answer.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "harness/backtest/answer_histogram.h"
#include "harness/backtest/fetch_plan.h"

namespace tocsin::backtest {
namespace {

using namespace std::chrono_literals;

std::string matrix(const std::string& result) {
  return R"({"status":"success","data":{"resultType":"matrix","result":)" + result + "}}";
}

TEST(QueryAnswer, ReadsFloatsAndHistograms) {
  const auto answer = parse_matrix_answer(matrix(R"([
    {"metric":{"__name__":"up","le":"é\n"},"values":[[1,"1"],[2.5,"NaN"],[1700000000.123,"-Inf"]]},
    {"metric":{},"values":[[3,"1e-3"]],"histograms":[[4,{"count":"5","sum":"7.5","buckets":[
      [1,"-2","-1","1"],[3,"-0.001","0.001","1"],[0,"1","2","1"],[0,"4","8","2"]]}]]}])"));
  ASSERT_TRUE(answer) << to_string(answer.error());
  ASSERT_EQ(answer->size(), 2U);
  const AnswerSeries& up = answer->front();
  EXPECT_EQ(up.labels.to_string(), "up{le=\"é\\n\"}");
  EXPECT_EQ(up.times, (std::vector<std::int64_t>{1000, 2500, 1700000000123}));
  EXPECT_EQ(up.values[0], 1);
  EXPECT_TRUE(std::isnan(up.values[1]));
  EXPECT_TRUE(std::isinf(up.values[2]));
  const AnswerSeries& mixed = answer->back();
  EXPECT_EQ(mixed.values.at(0), 0.001);
  ASSERT_EQ(mixed.histogram_times, std::vector<std::int64_t>{4000});
  NativeHistogram expected;
  expected.schema = 0;
  expected.zero_threshold = 0.001;
  expected.zero_count = 1;
  expected.count = 5;
  expected.sum = 7.5;
  expected.positive_spans = {{1, 1}, {1, 1}};
  expected.positive_buckets = {1, 2};
  expected.negative_spans = {{1, 1}};
  expected.negative_buckets = {1};
  EXPECT_EQ(*mixed.histograms.front(), expected);
}

TEST(QueryAnswer, RefusesWhatIsNoMatrix) {
  const auto refused = [](const std::string& body) {
    const auto answer = parse_matrix_answer(body);
    return answer.has_error() ? answer.error().message : "no error";
  };
  EXPECT_EQ(refused("<html>"), "the answer cannot be read: it is no JSON at byte 1");
  EXPECT_EQ(refused("{}"), "the answer is none of Prometheus' API");
  EXPECT_EQ(refused(R"({"status":"error","errorType":"bad_data","error":"no"})"), "bad_data: no");
  EXPECT_EQ(refused(R"({"status":"success","data":{"resultType":"vector","result":[]}})"),
            "the answer is no matrix but \"vector\"");
  EXPECT_EQ(refused(matrix(R"([{"metric":{},"values":[[1,"x"]]}])")),
            "the answer cannot be read: \"x\" is no number");
  EXPECT_EQ(refused(matrix(R"([{"metric":{},"values":[[1e300,"1"]]}])")),
            "the answer cannot be read: a timestamp is out of range");
  EXPECT_EQ(refused(std::string(1000, '[')), "the answer cannot be read: it is nested too deeply");
  // Strange shapes are not read, and do no harm.
  EXPECT_EQ(
      refused(matrix(R"([[[[["values",[1,"2"]]]]], 5, {"values":{"a":[1,"2"]}}, {"metric":7}])")),
      "no error");
}

TEST(AnswerHistogram, FindsTheSchema) {
  for (int schema = -4; schema <= 8; ++schema) {
    AnswerHistogram answer;
    answer.count = 3;
    for (const int index : {-7, -6, 9}) {
      const auto bound = [&](int i) { return std::exp2(std::ldexp(i, -schema)); };
      answer.buckets.push_back({0, bound(index - 1), bound(index), 1});
    }
    const auto histogram = histogram_of(answer);
    ASSERT_TRUE(histogram);
    EXPECT_EQ(histogram->schema, schema);
    EXPECT_EQ(histogram->positive_spans, (std::vector<NativeHistogram::Span>{{-7, 2}, {14, 1}}));
  }
}

TEST(AnswerHistogram, TakesOtherBoundsForCustomBuckets) {
  const double inf = std::numeric_limits<double>::infinity();
  AnswerHistogram answer;
  answer.count = 6;
  answer.buckets = {{0, -inf, 0.1, 1}, {0, 0.25, 1, 2}, {0, 5, inf, 3}};
  const auto histogram = histogram_of(answer);
  ASSERT_TRUE(histogram);
  EXPECT_EQ(histogram->schema, NativeHistogram::kCustomBuckets);
  EXPECT_EQ(histogram->custom_bounds, (std::vector<double>{0.1, 0.25, 1, 5}));
  EXPECT_EQ(histogram->positive_buckets, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(histogram->positive_spans,
            (std::vector<NativeHistogram::Span>{{0, 1}, {1, 1}, {1, 1}}));
  answer.buckets = {{0, 1, 1, 1}};
  EXPECT_FALSE(histogram_of(answer));
}

FetchPlan plan_of(const std::vector<std::string>& versions) {
  std::vector<std::vector<rules::RuleFile>> files;
  for (const std::string& rules : versions) {
    Diagnostics diagnostics;
    files.push_back({});
    files.back().push_back(rules::parse_rule_file(
        "r.yml", "groups: [{name: g, rules: [" + rules + "]}]", diagnostics));
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  }
  BacktestOptions options;
  options.from = Timestamp(100h);
  options.to = Timestamp(110h);
  return plan_fetch(files, options);
}
std::vector<Wanted> wanted(const std::vector<std::string>& versions) {
  return plan_of(versions).wanted;
}

TEST(FetchPlan, AsksForEachSeriesOnce) {
  const auto from = [](Duration before) { return Timestamp(100h) - before - 1ms; };
  const Timestamp to(110h);
  // A part of another selector is not asked for; both get the longer look back.
  EXPECT_EQ(wanted({"{alert: A, expr: 'rate(x{a=\"b\"}[1h]) > x'}"}),
            (std::vector<Wanted>{{"{__name__=\"x\"}", from(1h), to}}));
  EXPECT_EQ(wanted({"{alert: A, expr: x > y offset 1d}"}),
            (std::vector<Wanted>{{"{__name__=\"x\"}", from(5min), to},
                                 {"{__name__=\"y\"}", from(24h + 5min), to}}));
  EXPECT_EQ(wanted({"{alert: A, expr: 'x{a=~\"b|c\"} offset -1h > x{c=\"d\"}'}"}),
            (std::vector<Wanted>{{"{__name__=\"x\",a=~\"b|c\"}", from(5min), to + 1h},
                                 {"{__name__=\"x\",c=\"d\"}", from(5min), to + 1h}}));
  // What the rules record is not asked for, unless one version does not record it.
  const std::string reader = "{alert: A, expr: 'z > 1 or ALERTS > 5'}";
  EXPECT_TRUE(wanted({"{record: z, expr: vector(1)}, " + reader}).empty());
  EXPECT_EQ(wanted({"{record: z, expr: vector(1)}, " + reader, reader}),
            (std::vector<Wanted>{{"{__name__=\"z\"}", from(5min), to}}));
}

TEST(FetchPlan, AsksForWhatTemplatesQuery) {
  const auto plan = [](const std::string& text) {
    return plan_of({"{alert: A, expr: x, annotations: {a: '" + text + "'}}"});
  };
  const auto selectors = [](const FetchPlan& made) {
    std::string all;
    for (const Wanted& one : made.wanted) all += one.selector + ' ';
    return all;
  };
  EXPECT_EQ(selectors(plan("{{ query \"sum(rate(y[1h]))\" | first | value }}")),
            "{__name__=\"x\"} {__name__=\"y\"} ");
  EXPECT_EQ(
      selectors(plan("{{ with printf \"y{a=%q,b=`c`}\" $labels.a | query }}{{ . }}{{ end }}")),
      "{__name__=\"x\"} {__name__=\"y\",b=\"c\"} ");
  EXPECT_EQ(selectors(plan("{{ range query (printf \"y + %f\" $value) }}{{ end }}")),
            "{__name__=\"x\"} {__name__=\"y\"} ");
  EXPECT_EQ(plan("{{ range query (printf \"%s{a=''b''}\" $value) }}{{ end }}").computed,
            std::vector<std::string>{"A"});
  EXPECT_EQ(plan("{{ query $labels.a }}").computed, std::vector<std::string>{"A"});
  EXPECT_TRUE(plan("the query {{ $value }}").computed.empty());
}

TEST(FetchPlan, FillsTheGapsOfTheCache) {
  const Wanted asked{"x", Timestamp(10h), Timestamp(20h)};
  const std::vector<SampleCache::Record> records = {{"x", Timestamp(15h), Timestamp(16h)},
                                                    {"y", Timestamp(10h), Timestamp(20h)},
                                                    {"x", Timestamp(9h), Timestamp(11h)},
                                                    {"x", Timestamp(10h), Timestamp(11h)},
                                                    {"x", Timestamp(16h), Timestamp(17h)}};
  std::string text;
  for (const Stretch& stretch : stretches_of(asked, records)) {
    text += std::to_string(stretch.from.time_since_epoch() / 1h) + "-" +
            std::to_string(stretch.to.time_since_epoch() / 1h) + (stretch.cached ? "c " : " ");
  }
  EXPECT_EQ(text, "9-11c 11-15 15-16c 16-17c 17-20 ");
}

}  // namespace
}  // namespace tocsin::backtest
