#include "harness/ruletest/test_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/regex.h"
#include "harness/promql/series_notation.h"
#include "harness/ruletest/fields.h"
#include "harness/ruletest/input_reader.h"
#include "harness/yaml/parse.h"

namespace tocsin::ruletest {
namespace {

constexpr std::size_t kMostTestValues = kLargestTestFile / 8;  ///< of the YAML tree

const std::vector<std::string> kTestFileKeys = {"rule_files", "evaluation_interval",
                                                "group_eval_order", "tests", "fuzzy_compare"};
const std::vector<std::string> kTestKeys = {
    "interval",     "input_series", "alert_rule_test", "promql_expr_test", "external_labels",
    "external_url", "name",         "start_timestamp"};
const std::vector<std::string> kAlertCaseKeys = {"eval_time", "alertname", "exp_alerts"};
const std::vector<std::string> kAlertKeys = {"exp_labels", "exp_annotations"};
const std::vector<std::string> kExpressionCaseKeys = {"expr", "eval_time", "exp_samples"};
const std::vector<std::string> kSampleKeys = {"labels", "value", "histogram"};
const std::vector<std::string> kMatchKeys = {"exp_labels", "exp_annotations"};

/// How strictly alerts are compared, as the enclosing x-tocsin has it.
struct Matching {
  Match labels = Match::kExact;
  Match annotations = Match::kExact;
};

class TestFileReader {
 public:
  TestFileReader(TestFile& file, const NameFilter& run, Diagnostics& diagnostics,
                 const promql::ParseOptions& language)
      : file_(file), run_(run), fields_(diagnostics), language_(language) {}

  void read(const yaml::Node& root) {
    if (!fields_.expect_map(root, kTestFileKeys, "a test file")) return;
    for (const yaml::NodePtr& node : fields_.list(root, "rule_files")) {
      file_.rule_files.push_back({fields_.text(*node, "an item of rule_files"), node->pos()});
    }
    const Duration interval = fields_.duration_of(root, "evaluation_interval");
    if (interval > Duration(0)) file_.evaluation_interval = interval;
    read_order(root);
    file_.fuzzy_compare = fields_.flag_of(root, "fuzzy_compare");
    const Matching matching = read_matching(root, {});
    const auto tests = fields_.list(root, "tests");
    for (std::size_t i = 0; i < tests.size(); ++i) read_test(*tests[i], i, matching);
  }

 private:
  void read_order(const yaml::Node& root) {
    std::set<std::string> seen;
    for (const yaml::NodePtr& node : fields_.list(root, "group_eval_order")) {
      std::string name = fields_.text(*node, "an item of group_eval_order");
      if (!seen.insert(name).second) {
        fields_.fail(*node, fmt::format("group \"{}\" is in group_eval_order twice", name));
      }
      file_.group_eval_order.push_back(std::move(name));
    }
  }

  Matching read_matching(const yaml::Node& map, Matching outer) {
    const yaml::Node* extension = Fields::find(map, "x-tocsin");
    if (extension == nullptr || !fields_.expect_map(*extension, kMatchKeys, "x-tocsin")) {
      return outer;
    }
    outer.labels = read_match(*extension, "exp_labels", outer.labels);
    outer.annotations = read_match(*extension, "exp_annotations", outer.annotations);
    return outer;
  }

  Match read_match(const yaml::Node& extension, std::string_view name, Match outer) {
    const yaml::Node* node = Fields::find(extension, name);
    if (node == nullptr) return outer;
    const std::string written = fields_.text(*node, name);
    if (written == "partial") return Match::kPartial;
    if (written != "exact" && node->is_scalar()) {
      fields_.fail(*node, fmt::format("{} is exact or partial, not \"{}\"", name, written));
    }
    return Match::kExact;
  }

  bool chosen(const std::string& name) const {
    return run_.empty() || std::any_of(run_.begin(), run_.end(), [&](const std::string& pattern) {
             const Result<bool> found = regex_search(pattern, name);
             return !found.has_error() && *found;
           });
  }

  void read_test(const yaml::Node& node, std::size_t number, const Matching& outer) {
    fields_.set_context({});
    const bool usable = fields_.expect_map(node, kTestKeys, "a test");
    if (!usable && !node.is_null()) return;
    TestGroup test;
    test.pos = node.pos();
    const std::string name = fields_.text_of(node, "name");
    test.name = name.empty() ? fmt::format("unnamed#{}", number) : name;
    if (!chosen(name)) {
      ++file_.left_out;
      return;
    }
    fields_.set_context(fmt::format("in test \"{}\"", test.name));
    test.interval = fields_.duration_of(node, "interval");
    if (test.interval == Duration(0)) test.interval = file_.evaluation_interval;
    test.start = read_start(node);
    test.external_labels = fields_.texts_of(node, "external_labels");
    test.external_url = fields_.text_of(node, "external_url");
    const Matching matching = read_matching(node, outer);
    test.inputs = read_inputs(node, test.start, test.interval, fields_, file_.warnings);
    for (const yaml::NodePtr& item : fields_.list(node, "alert_rule_test")) {
      read_alert_case(*item, matching, test);
    }
    for (const yaml::NodePtr& item : fields_.list(node, "promql_expr_test")) {
      read_expression_case(*item, test);
    }
    check_length(node, test);
    file_.groups.push_back(std::move(test));
  }

  void check_length(const yaml::Node& node, const TestGroup& test) {
    const auto steps =
        static_cast<std::uint64_t>(test.last_eval_time() / file_.evaluation_interval);
    if (steps < kMostSteps) return;
    Error error = node.error(fmt::format(
        "its last eval_time is {} evaluations away; {} are allowed", steps, kMostSteps));
    error.kind = ErrorKind::kLimit;
    fields_.fail(std::move(error));
  }

  /// Seconds since 1970, or RFC 3339.
  Timestamp read_start(const yaml::Node& test) {
    const yaml::Node* node = Fields::find(test, "start_timestamp");
    if (node == nullptr) return {};
    const std::string written = fields_.text(*node, "start_timestamp");
    if (!node->is_scalar()) return {};
    double seconds = 0;
    const auto end = written.data() + written.size();
    const auto parsed = std::from_chars(written.data(), end, seconds);
    constexpr double kFurthest = 1e11;
    if (parsed.ec == std::errc() && parsed.ptr == end && std::abs(seconds) < kFurthest) {
      return from_ms(static_cast<std::int64_t>(std::floor(seconds * 1000)));
    }
    const Result<Timestamp> time = parse_rfc3339(written);
    const bool whole = written.find('T') != std::string::npos;
    if (!time.has_error() && whole) return *time;
    fields_.fail(*node, fmt::format("\"{}\" is no point in time", written),
                 "write seconds since 1970, or 2026-01-28T09:00:00Z");
    return {};
  }

  void read_alert_case(const yaml::Node& node, const Matching& outer, TestGroup& test) {
    const bool usable = fields_.expect_map(node, kAlertCaseKeys, "an item of alert_rule_test");
    if (!usable && !node.is_null()) return;
    AlertCase one;
    one.pos = node.pos();
    one.eval_time = fields_.duration_of(node, "eval_time");
    one.alert = fields_.text_of(node, "alertname");
    if (one.alert.empty()) {
      fields_.fail(node, "an item of alert_rule_test needs an `alertname`");
    }
    const Matching matching = usable ? read_matching(node, outer) : outer;
    one.labels = matching.labels;
    one.annotations = matching.annotations;
    for (const yaml::NodePtr& item : fields_.list(node, "exp_alerts")) {
      ExpectedAlert alert;
      alert.pos = item->pos();
      if (fields_.expect_map(*item, kAlertKeys, "an item of exp_alerts")) {
        for (auto& [name, value] : fields_.texts_of(*item, "exp_labels")) {
          alert.labels[name] = std::move(value);
        }
        for (auto& [name, value] : fields_.texts_of(*item, "exp_annotations")) {
          alert.annotations[name] = std::move(value);
        }
      }
      alert.labels["alertname"] = one.alert;
      one.expected.push_back(std::move(alert));
    }
    test.alerts.push_back(std::move(one));
  }

  void read_expression_case(const yaml::Node& node, TestGroup& test) {
    const bool usable =
        fields_.expect_map(node, kExpressionCaseKeys, "an item of promql_expr_test");
    if (!usable && !node.is_null()) return;
    ExpressionCase one;
    one.pos = node.pos();
    one.eval_time = fields_.duration_of(node, "eval_time");
    read_expression(node, one);
    for (const yaml::NodePtr& item : fields_.list(node, "exp_samples")) {
      one.expected.push_back(read_sample(*item));
    }
    test.expressions.push_back(std::move(one));
  }

  void read_expression(const yaml::Node& node, ExpressionCase& one) {
    const yaml::Node* written = Fields::find(node, "expr");
    one.expression.text = fields_.text_of(node, "expr");
    if (written != nullptr && !written->is_scalar()) return;
    if (written == nullptr) {
      return fields_.fail(node, "an item of promql_expr_test needs an `expr`");
    }
    one.expression_map = written->places();
    std::vector<Error> errors;
    Result<promql::Expression> parsed =
        promql::parse_expression(one.expression.text, errors, language_);
    if (!parsed.has_error()) {
      one.expression = std::move(*parsed);
      const promql::ValueType type = one.expression.root->type;
      if (type == promql::ValueType::kVector || type == promql::ValueType::kScalar) return;
      return fields_.fail(*written, fmt::format("the expression is a {}; only instant vectors and "
                                                "scalars can be tested",
                                                promql::describe(type)));
    }
    for (Error& error : errors) fields_.fail(written->error_within(std::move(error)));
  }

  ExpectedSample read_sample(const yaml::Node& node) {
    ExpectedSample sample;
    sample.pos = node.pos();
    if (!fields_.expect_map(node, kSampleKeys, "an item of exp_samples")) return sample;
    sample.value = fields_.number_of(node, "value");
    if (const yaml::Node* labels = Fields::find(node, "labels")) {
      const std::string written = fields_.text(*labels, "labels");
      Result<Labels> parsed = Labels();
      if (written.find_first_not_of(" \t\r\n") != std::string::npos) {
        parsed = promql::parse_series_labels(written);
      }
      if (parsed.has_error()) {
        fail_within(*labels, std::move(parsed).error());
      } else {
        sample.labels = std::move(*parsed);
      }
    }
    if (const yaml::Node* histogram = Fields::find(node, "histogram")) {
      sample.histogram = read_histogram(*histogram);
    }
    return sample;
  }

  NativeHistogramPtr read_histogram(const yaml::Node& node) {
    const std::string written = fields_.text(node, "histogram");
    if (written.empty()) return nullptr;
    auto parsed = promql::parse_sequence(written);
    if (parsed.has_error()) {
      fail_within(node, std::move(parsed).error());
      return nullptr;
    }
    if (parsed->size() == 1 && parsed->front().histogram) return parsed->front().histogram;
    fields_.fail(node, parsed->size() == 1
                           ? "expected a histogram like {{schema:0 count:3 buckets:[1 2]}}"
                           : fmt::format("expected one histogram, not {} values", parsed->size()));
    return nullptr;
  }

  void fail_within(const yaml::Node& scalar, Error error) {
    if (error.pos.line == 0) error.pos.line = 1;
    fields_.fail(scalar.error_within(std::move(error)));
  }

  TestFile& file_;
  const NameFilter& run_;
  Fields fields_;
  promql::ParseOptions language_;
};

}  // namespace

Duration TestGroup::last_eval_time() const {
  Duration last{0};
  for (const AlertCase& one : alerts) last = std::max(last, one.eval_time);
  for (const ExpressionCase& one : expressions) last = std::max(last, one.eval_time);
  return last;
}

TestFile parse_test_file(std::string path, std::string text, const NameFilter& run,
                         Diagnostics& diagnostics, const promql::ParseOptions& language) {
  TestFile file;
  file.path = std::move(path);
  const yaml::Bounds bounds{kLargestTestFile, kMostTestValues};
  const auto document = yaml::parse_foreign(file.path, std::move(text), bounds, diagnostics);
  if (document.root == nullptr) return file;
  if (document.followed) {
    Error warning =
        input_error(*document.followed, "promtool reads only the first document of a test file");
    warning.excerpt = document.root->source->excerpt(warning.pos.line);
    file.warnings.push_back(std::move(warning));
  }
  TestFileReader(file, run, diagnostics, language).read(*document.root);
  return file;
}

TestFile load_test_file(const std::string& path, const NameFilter& run, Diagnostics& diagnostics,
                        const promql::ParseOptions& language) {
  const bool standard_input = path == "-";
  Result<std::string> text = read_file(standard_input ? "/dev/stdin" : path, kLargestTestFile);
  if (text.has_error()) {
    diagnostics.add(std::move(text).error());
    TestFile file;
    file.path = path;
    return file;
  }
  return parse_test_file(standard_input ? "<stdin>" : path, std::move(*text), run, diagnostics,
                         language);
}

}  // namespace tocsin::ruletest
