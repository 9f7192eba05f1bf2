#include "harness/promapi/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/metrics/gzip.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/promapi/json_text.h"
#include "harness/promapi/parameters.h"

namespace tocsin::promapi {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::string_view kSamples = R"(# TYPE requests counter
# HELP requests Requests.
requests_total{job="api",code="200"} 1 1000
requests_total{job="api",code="200"} 31 1030
requests_total{job="web",code="500"} 5 1030
# TYPE temp gauge
# UNIT temp_celsius celsius
temp -1.5 1000
temp NaN 1030
{"dotted.name","a.label"="x"} 1 1000
# EOF
)";

constexpr std::string_view kRules = R"(groups:
- name: g
  interval: 10s
  rules:
  - record: job:requests:sum
    expr: sum by (job) (requests_total)
  - alert: Many
    expr: requests_total > 20
    for: 1h
    labels: {severity: page}
    annotations: {text: '{{ $value }} of {{ $labels.job }}'}
)";

class ApiTest : public testing::Test {
 protected:
  void SetUp() override {
    metrics::OpenMetricsImporter importer(store_, "samples");
    ASSERT_TRUE(importer.feed(kSamples));
    ASSERT_TRUE(importer.finish());
    options_.default_time = store_.time_range()->to;
  }

  http::Response ask(const std::string& target, const std::string& method = "GET",
                     const std::string& form = "") const {
    http::Request request{.method = method, .target = target, .headers = {}, .body = form};
    if (!form.empty()) request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    return Api(store_, &rules_, options_).handle(request);
  }
  /// The data of an answer, as text.
  std::string data(const std::string& target) const {
    const http::Response response = ask(target);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).at("data").dump();
  }
  /// "400 bad_data: what is wrong"
  std::string refusal(const std::string& target) const {
    const http::Response response = ask(target);
    const json body = json::parse(response.body);
    EXPECT_EQ(body.at("status"), "error");
    return std::to_string(response.status) + ' ' + body.at("errorType").get<std::string>() + ": " +
           body.at("error").get<std::string>();
  }
  void load_rules() {
    Diagnostics diagnostics;
    std::vector<rules::RuleFile> files;
    files.push_back(rules::parse_rule_file("r.yml", kRules, diagnostics));
    ASSERT_TRUE(diagnostics.ok()) << diagnostics.render();
    rules_ = evaluate_rules(std::move(files), store_, options_.query, std::chrono::minutes(1));
  }

  metrics::Store store_;
  RuleState rules_;
  ApiOptions options_;
};

TEST_F(ApiTest, AnswersInstantQueries) {
  EXPECT_EQ(data("/api/v1/query?query=temp&time=1000.5"),
            R"({"result":[{"metric":{"__name__":"temp"},"value":[1000.5,"-1.5"]}],)"
            R"("resultType":"vector"})");
  EXPECT_EQ(data("/api/v1/query?query=temp%5B1m%5D"),
            R"({"result":[{"metric":{"__name__":"temp"},"values":[[1000,"-1.5"],[1030,"NaN"]]}],)"
            R"("resultType":"matrix"})");
  EXPECT_EQ(data("/api/v1/query?query=1/0"), R"({"result":[1030,"+Inf"],"resultType":"scalar"})");
  EXPECT_EQ(data("/api/v1/query?query='a%2Bb+c'"),
            R"({"result":[1030,"a+b c"],"resultType":"string"})");
}

TEST_F(ApiTest, TellsTimingsWhenAsked) {
  const json plain = json::parse(data("/api/v1/query?query=temp"));
  EXPECT_FALSE(plain.contains("stats"));
  const json told = json::parse(data("/api/v1/query?query=temp&stats=all"));
  EXPECT_EQ(told.at("result"), plain.at("result"));
  const json& timings = told.at("stats").at("timings");
  EXPECT_GT(timings.at("evalTotalTime").get<double>(), 0);
  EXPECT_GE(timings.at("execTotalTime").get<double>(), timings.at("evalTotalTime").get<double>());
}

TEST_F(ApiTest, AnswersRangeQueries) {
  EXPECT_EQ(data("/api/v1/query_range?query=temp&start=990&end=1010&step=10"),
            R"({"result":[{"metric":{"__name__":"temp"},"values":[[1000,"-1.5"],[1010,"-1.5"]]}],)"
            R"("resultType":"matrix"})");
  EXPECT_EQ(data("/api/v1/query_range?query=2&start=1970-01-01T00:00:00Z&end=0&step=1m"),
            R"({"result":[{"metric":{},"values":[[0,"2"]]}],"resultType":"matrix"})");
}

TEST_F(ApiTest, ReadsForms) {
  const http::Response response = ask("/api/v1/query?query=2&time=7", "POST", "query=1%2B1&time=5");
  EXPECT_EQ(json::parse(response.body).at("data").at("result").dump(), R"([5,"2"])");
  EXPECT_EQ(ask("/api/v1/query", "POST", "query=%zz").status, 400);
  EXPECT_EQ(unescape_form("a%20b+c"), "a b c");
  EXPECT_EQ(unescape_path("a%20b+c"), "a b+c");
  EXPECT_EQ(unescape_form("%4"), std::nullopt);
}

TEST_F(ApiTest, RefusesAsPrometheusDoes) {
  EXPECT_EQ(refusal("/api/v1/query?query=temp%7B"),
            "400 bad_data: invalid parameter \"query\": 1:6: parse error: unexpected end of input "
            "inside braces");
  EXPECT_EQ(refusal("/api/v1/query?query=1&time=soon"),
            "400 bad_data: invalid parameter \"time\": cannot parse \"soon\" to a valid timestamp");
  EXPECT_THAT(refusal("/api/v1/query?query=temp*on(x)group_left()requests_total"),
              HasSubstr("422 execution: found duplicate series"));
  EXPECT_THAT(refusal("/api/v1/query_range?query=1&start=0&end=11001&step=1"),
              HasSubstr("exceeded maximum resolution of 11,000 points"));
  EXPECT_THAT(refusal("/api/v1/query_range?query=1&start=0&end=1&step=0"),
              HasSubstr("zero or negative"));
  EXPECT_THAT(refusal("/api/v1/query_range?query=temp%5B1m%5D&start=0&end=1&step=1"),
              HasSubstr("invalid expression type \"range vector\" for range query"));
  EXPECT_EQ(refusal("/api/v1/series"), "400 bad_data: no match[] parameter provided");
  EXPECT_THAT(refusal("/api/v1/series?match[]=%7Bjob%3D~%22.*%22%7D"), HasSubstr("non-empty"));
  EXPECT_THAT(refusal("/api/v1/labels?limit=-1"), HasSubstr("non-negative"));
  EXPECT_EQ(ask("/api/v1/nothing").status, 404);
  EXPECT_EQ(ask("/api/v1/rules", "POST").status, 405);
}

TEST_F(ApiTest, KeepsToLimits) {
  options_.query.max_samples = 2;
  EXPECT_THAT(refusal("/api/v1/query?query=%7B__name__%3D~%22.%2B%22%7D"),
              HasSubstr("422 execution: query processing would load too many samples"));
  const Api api(store_, nullptr, options_);
  const http::Request request{.target = "/api/v1/query?query=1&timeout=1s"};
  EXPECT_EQ(api.time_limit(request), std::chrono::seconds(1));
  EXPECT_EQ(api.handle(request, std::chrono::seconds(2)).status, 503);
  EXPECT_EQ(api.too_late(request).status, 503);
}

TEST_F(ApiTest, CutsResults) {
  const json body = json::parse(ask("/api/v1/query?query=requests_total&limit=1").body);
  EXPECT_EQ(body.at("data").at("result").size(), 1U);
  EXPECT_EQ(body.at("warnings").dump(), R"(["results truncated due to limit"])");
}

TEST_F(ApiTest, TellsAnnotations) {
  const json body = json::parse(ask("/api/v1/query?query=rate(temp%5B1m%5D)").body);
  EXPECT_THAT(body.at("infos").at(0).get<std::string>(), HasSubstr("might not be a counter"));
}

TEST_F(ApiTest, ListsLabelsAndSeries) {
  EXPECT_EQ(data("/api/v1/labels"), R"(["__name__","a.label","code","job"])");
  EXPECT_EQ(data("/api/v1/labels?match[]=temp"), R"(["__name__"])");
  EXPECT_EQ(data("/api/v1/label/code/values"), R"(["200","500"])");
  EXPECT_EQ(data("/api/v1/label/code/values?limit=1"), R"(["200"])");
  EXPECT_EQ(data("/api/v1/label/code/values?end=1010"), R"(["200"])");
  EXPECT_EQ(data("/api/v1/label/U__a_2e_label/values"), R"(["x"])");
  EXPECT_EQ(data("/api/v1/series?match[]=temp&match[]=%7Bcode%3D%22500%22%7D"),
            R"([{"__name__":"requests_total","code":"500","job":"web"},{"__name__":"temp"}])");
  EXPECT_EQ(data("/api/v1/metadata?metric=requests"),
            R"({"requests":[{"help":"Requests.","type":"counter","unit":""}]})");
}

TEST_F(ApiTest, TellsRulesAndAlerts) {
  EXPECT_EQ(data("/api/v1/rules"), R"({"groups":[]})");
  load_rules();
  const json groups = json::parse(data("/api/v1/rules")).at("groups");
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].at("interval"), 10);
  EXPECT_EQ(groups[0].at("rules")[0].at("type"), "recording");
  EXPECT_EQ(groups[0].at("rules")[1].at("state"), "pending");
  EXPECT_EQ(groups[0].at("rules")[1].at("alerts").size(), 1U);
  EXPECT_EQ(data("/api/v1/alerts"),
            R"({"alerts":[{"activeAt":"1970-01-01T00:17:10Z","annotations":{"text":"31 of api"},)"
            R"("labels":{"alertname":"Many","code":"200","job":"api","severity":"page"},)"
            R"("state":"pending","value":"3.1e+01"}]})");
  EXPECT_EQ(json::parse(data("/api/v1/rules?type=record")).at("groups")[0].at("rules").size(), 1U);
  EXPECT_EQ(data("/api/v1/rules?rule_group[]=other"), R"({"groups":[]})");
  EXPECT_EQ(json::parse(data("/api/v1/query?query=job:requests:sum")).at("result").size(), 2U);
}

TEST_F(ApiTest, TellsWhoItIs) {
  EXPECT_EQ(json::parse(data("/api/v1/status/buildinfo")).at("version"), "3.14.0");
  EXPECT_EQ(ask("/-/healthy").status, 200);
  EXPECT_EQ(ask("/-/ready").status, 200);
}

TEST_F(ApiTest, SuitsBrowsersAndCompresses) {
  http::Request request{.target = "/api/v1/query?query=label_replace(vector(1),'a','" +
                                  std::string(5000, 'x') + "','','')"};
  request.headers.set("Origin", "http://elsewhere");
  request.headers.set("Accept-Encoding", "deflate, gzip");
  const http::Response response = Api(store_, nullptr, options_).handle(request);
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(response.headers.get("Content-Encoding"), "gzip");
  EXPECT_LT(response.body.size(), 1000U);
  EXPECT_THAT(metrics::gzip_decompress(response.body, 100'000).value(), HasSubstr("xxxx"));
  EXPECT_EQ(ask("/api/v1/query", "OPTIONS").status, 204);
}

std::string value_text(double value) {
  std::string out;
  append_json_value(out, value);
  return out;
}

std::string time_text(std::int64_t ms) {
  std::string out;
  append_json_time(out, ms);
  return out;
}

TEST(JsonText, IsAsPrometheusWritesIt) {
  EXPECT_EQ(value_text(0.1), "\"0.1\"");
  EXPECT_EQ(value_text(-0.0), "\"-0\"");
  EXPECT_EQ(value_text(1e20), "\"100000000000000000000\"");
  EXPECT_EQ(value_text(1739274941520501248.0), "\"1739274941520501200\"");
  EXPECT_EQ(value_text(1e21), "\"1e+21\"");
  EXPECT_EQ(value_text(0.000001), "\"0.000001\"");
  EXPECT_EQ(value_text(0.00000025), "\"2.5e-07\"");
  EXPECT_EQ(value_text(-INFINITY), "\"-Inf\"");
  EXPECT_EQ(time_text(1500), "1.500");
  EXPECT_EQ(time_text(-1001), "-1.001");
  EXPECT_EQ(time_text(2000), "2");
  std::string text;
  append_json_string(text, "a\"\\\n\x01\xFF");
  EXPECT_EQ(text, "\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\"");
}

/// The keys and words are those of Prometheus (translate_ast.go); values by hand.
TEST_F(ApiTest, ParsesQueriesToTrees) {
  EXPECT_EQ(json::parse(data("/api/v1/parse_query?query=2*5m")),
            json::parse(R"({"type":"binaryExpr","op":"*","matching":null,"bool":false,
                            "lhs":{"type":"numberLiteral","val":"2"},
                            "rhs":{"type":"numberLiteral","val":"300","duration":true}})"));
  const json tree = json::parse(
      data("/api/v1/"
           "parse_query?query=sum%20by%20(job)%20(rate(x%7Ba!~%22b%22%7D%5B5m%5D%20%40%20end()))"));
  EXPECT_EQ(tree.at("grouping").dump(), R"(["job"])");
  EXPECT_EQ(tree.at("param"), nullptr);
  EXPECT_EQ(tree.at("expr").at("func").dump(),
            R"({"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0})");
  EXPECT_EQ(tree.at("expr").at("args").at(0),
            json::parse(R"({"type":"matrixSelector","name":"x","range":300000,"rangeExpr":null,
                            "offset":0,"offsetExpr":null,"timestamp":null,"startOrEnd":"end",
                            "anchored":false,"smoothed":false,
                            "matchers":[{"name":"a","type":"!~","value":"b"},
                                        {"name":"__name__","type":"=","value":"x"}]})"));
  EXPECT_THAT(refusal("/api/v1/parse_query?query=x%7B"), HasSubstr("400 bad_data"));
}

TEST_F(ApiTest, CountsSeriesByLabels) {
  const json answer = json::parse(data("/api/v1/status/tsdb?limit=1"));
  EXPECT_EQ(
      answer.at("headStats").dump(),
      R"({"chunkCount":4,"maxTime":1030000,"minTime":1000000,"numLabelPairs":8,"numSeries":4})");
  EXPECT_EQ(answer.at("seriesCountByMetricName").dump(),
            R"([{"name":"requests_total","value":2}])");
  EXPECT_EQ(answer.at("labelValueCountByLabelName").dump(), R"([{"name":"__name__","value":3}])");
  EXPECT_EQ(answer.at("memoryInBytesByLabelName").dump(), R"([{"name":"__name__","value":43}])");
  EXPECT_EQ(answer.at("seriesCountByLabelValuePair").dump(),
            R"([{"name":"__name__=requests_total","value":2}])");
}

}  // namespace
}  // namespace tocsin::promapi
