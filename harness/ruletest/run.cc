#include "harness/ruletest/run.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/ruletest/compare.h"
#include "harness/ruletest/group_store.h"
#include "harness/ruletest/reach.h"
#include "harness/ruletest/unread.h"

namespace tocsin::ruletest {
namespace {

using rules::EvaluationOptions;
using rules::EvaluationOutcome;

promql::QueryOptions query_options(const TestFile& file, const RunOptions& options) {
  promql::QueryOptions query;
  query.default_subquery_step = file.evaluation_interval;
  query.version_2 = options.version_2;
  return query;
}

/// One run of one test.
class GroupRun {
 public:
  GroupRun(const TestFile& file, const TestGroup& test, std::span<const rules::RuleFile> files,
           const Reach& reach, const promql::QueryOptions& query, const RunOptions& options)
      : file_(file),
        test_(test),
        files_(files),
        reach_(reach),
        query_(query),
        options_(options),
        need_(reach.of(test, options.all_rules)) {
    steps_.start = test.start;
    steps_.step = file.evaluation_interval;
    steps_.end = step_of(test.last_eval_time());
  }

  GroupResult run() {
    result_.name = test_.name;
    result_.pos = test_.pos;
    result_.reached.assign(need_.reached.begin(), need_.reached.end());
    const EvaluationOptions options = evaluation_options();
    if (!need_.future) {
      GroupStore store(*test_.inputs, steps_.end);
      outcome_ = rules::evaluate_timeline(files_, store, store, steps_.end, options);
      if (!store.conflicts()) return judge(store);
    }
    SteppedStore store(*test_.inputs);
    rules::LiveEvaluation evaluation(files_, store, store, options);
    for (std::size_t i = 0; i < steps_.steps(); ++i) {
      store.feed(steps_.at(i));
      evaluation.tick(steps_.at(i));
    }
    outcome_ = evaluation.outcome();
    return judge(store);
  }

 private:
  /// The evaluation that shows the state at a time: the last one up to it.
  Timestamp step_of(Duration eval_time) const {
    return test_.start + (eval_time / steps_.step) * steps_.step;
  }

  EvaluationOptions evaluation_options() const {
    EvaluationOptions options;
    options.interval = steps_.step;
    options.one_interval = true;
    options.query = query_;
    options.external_labels = test_.external_labels;
    options.external_url = test_.external_url;
    options.url_functions_fail = true;
    options.origin = test_.start;
    options.write_alert_series = need_.alert_series;
    options.group_order = file_.group_eval_order;
    options.only = &need_.evaluated;
    std::map<std::string, std::set<Timestamp>> looks;
    for (const AlertCase& one : test_.alerts) looks[one.alert].insert(step_of(one.eval_time));
    const std::size_t stride = steps_.steps() / kMostLooks + 1;
    for (const std::string& alert : options_.look_at) {
      for (std::size_t i = 0; i < steps_.steps(); i += stride) looks[alert].insert(steps_.at(i));
    }
    for (const auto& [alert, times] : looks) {
      options.looks[alert].assign(times.begin(), times.end());
    }
    return options;
  }

  GroupResult judge(const SeriesSource& samples) {
    note_failures();
    for (rules::RuleNote& note : outcome_.notes) {
      if (note.kind == promql::AnnotationKind::kWarning) result_.warnings.push_back(note.note);
    }
    for (const AlertCase& one : test_.alerts) result_.cases.push_back(judge_alert(one));
    for (const ExpressionCase& one : test_.expressions) {
      result_.cases.push_back(judge_expression(one, samples));
    }
    if (result_.failed() > 0) {
      result_.unread_inputs = unread_inputs(test_, need_.reached, query_);
    }
    if (options_.observe) {
      options_.observe(
          {file_, test_, files_, need_.evaluated, steps_, query_, samples, outcome_, result_});
    }
    return std::move(result_);
  }

  // --- rules that fail ---

  void note_failures() {
    if (outcome_.failures.empty()) return;
    first_failure_ =
        std::min_element(outcome_.failures.begin(), outcome_.failures.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; })
            ->first;
    for (const rules::RuleFailure& failure : outcome_.failures) {
      if (failure.first != *first_failure_) continue;  // promtool stops there
      Error error = failure.error;
      error.context.push_back(fmt::format("rule \"{}\" of group \"{}\", evaluated at {}",
                                          failure.rule, failure.group,
                                          format_duration(failure.first - test_.start)));
      result_.failures.push_back(std::move(error));
    }
  }

  bool not_run(Timestamp at, CaseResult& result) const {
    if (!first_failure_ || at < *first_failure_) return false;
    result.outcome = CaseResult::Outcome::kNotRun;
    result.reason =
        fmt::format("not run: a rule failed at {}", format_duration(*first_failure_ - test_.start));
    return true;
  }

  // --- cases ---

  CaseResult judge_alert(const AlertCase& one) {
    CaseResult result;
    result.pos = one.pos;
    result.name = fmt::format("alert {} at {}", one.alert, format_duration(one.eval_time));
    note_unknown(one);
    const Timestamp at = step_of(one.eval_time);
    if (not_run(at, result)) return result;
    std::vector<const rules::AlertLook*> firing;
    for (const rules::AlertLook& look : outcome_.looks) {
      const bool asked = look.at == at && look.rule->name == one.alert;
      if (asked && look.state == AlertState::kFiring) firing.push_back(&look);
    }
    compare_alerts(one, firing, result);
    return result;
  }

  void note_unknown(const AlertCase& one) {
    if (reach_.has_alert(one.alert)) return;
    Error error = input_error(one.pos, fmt::format("no rule has the alert \"{}\"", one.alert));
    const std::string nearest = nearest_name(one.alert, reach_.alert_names());
    if (!nearest.empty()) error.hints.push_back("did you mean \"" + nearest + "\"?");
    result_.unknown_alerts.push_back(std::move(error));
  }

  CaseResult judge_expression(const ExpressionCase& one, const SeriesSource& samples) const {
    CaseResult result;
    result.pos = one.pos;
    result.name =
        fmt::format("expr {} at {}", one_line(one.expression.text), format_duration(one.eval_time));
    if (first_failure_) {
      not_run(steps_.end, result);
      return result;
    }
    const auto at = promql::Timeline::instant(test_.start + one.eval_time);
    const auto got = promql::evaluate(one.expression, samples, at, query_);
    if (got.has_error()) {
      result.outcome = CaseResult::Outcome::kFailed;
      result.reason = got.error().message;
      return result;
    }
    for (const promql::Annotation& annotation : got->annotations) {
      if (annotation.kind != promql::AnnotationKind::kWarning) continue;
      Error warning = input_error(one.expression_map.at(annotation.range.begin),
                                  promql::to_string(annotation, one.expression.text));
      result.warnings.push_back(std::move(warning));
    }
    compare_samples(one, *got, file_.fuzzy_compare, result);
    return result;
  }

  /// An expression may be written over several lines.
  static std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
      const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!blank) line += c;
      if (blank && !line.empty() && line.back() != ' ') line += ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
  }

  const TestFile& file_;
  const TestGroup& test_;
  std::span<const rules::RuleFile> files_;
  const Reach& reach_;
  const promql::QueryOptions& query_;
  const RunOptions& options_;
  const Reach::Need need_;
  promql::Timeline steps_;
  EvaluationOutcome outcome_;
  std::optional<Timestamp> first_failure_;
  GroupResult result_;
};

}  // namespace

std::size_t GroupResult::passed() const {
  return static_cast<std::size_t>(std::count_if(
      cases.begin(), cases.end(),
      [](const CaseResult& one) { return one.outcome == CaseResult::Outcome::kPassed; }));
}

std::size_t GroupResult::failed() const {
  const std::size_t failed_cases = cases.size() - passed();
  return failures.empty() ? failed_cases : std::max<std::size_t>(failed_cases, 1);
}

struct FileRun::Impl {
  Impl(const TestFile& tests, std::span<const rules::RuleFile> rule_files, const RunOptions& given)
      : file(tests),
        files(rule_files),
        options(given),
        query(query_options(tests, given)),
        reach(rule_files, query) {}

  const TestFile& file;
  std::span<const rules::RuleFile> files;
  RunOptions options;
  promql::QueryOptions query;
  Reach reach;
};

FileRun::FileRun(const TestFile& file, std::span<const rules::RuleFile> rules,
                 const RunOptions& options)
    : impl_(std::make_unique<Impl>(file, rules, options)) {}

FileRun::~FileRun() = default;

GroupResult FileRun::run(std::size_t group) const {
  return GroupRun(impl_->file, impl_->file.groups.at(group), impl_->files, impl_->reach,
                  impl_->query, impl_->options)
      .run();
}

std::unordered_set<const rules::Rule*> FileRun::reached(std::size_t group) const {
  return impl_->reach.of(impl_->file.groups.at(group), false).reached;
}

std::vector<GroupResult> run_tests(const TestFile& file, std::span<const rules::RuleFile> rules,
                                   const RunOptions& options) {
  const FileRun run(file, rules, options);
  std::vector<GroupResult> results;
  for (std::size_t i = 0; i < file.groups.size(); ++i) results.push_back(run.run(i));
  return results;
}

}  // namespace tocsin::ruletest
