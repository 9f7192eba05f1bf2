// info(): adds the labels of info metrics to the series that they describe.

#include <algorithm>
#include <map>

#include "harness/promql/ast_children.h"
#include "harness/promql/functions.h"
#include "harness/promql/latest_sample.h"

namespace tocsin::promql {
namespace {

constexpr std::string_view kIdentifying[] = {"instance", "job"};

/// Info metrics' samples: when each was taken, step by step.
struct InfoSeries {
  Labels labels;
  std::vector<std::int64_t> taken_at;
  Presence present;
};

/// The matchers of info()'s second argument, by whether they name metrics or data labels.
struct InfoMatchers {
  std::vector<Matcher> names;
  std::vector<Matcher> data;

  explicit InfoMatchers(const Call& call) {
    if (call.arguments.size() > 1) {
      const auto& selector = static_cast<const VectorSelector&>(unwrap(*call.arguments[1]));
      for (const Matcher& matcher : selector.matchers) {
        (matcher.name() == kMetricName ? names : data).push_back(matcher);
      }
    }
    const bool positive = std::any_of(names.begin(), names.end(), [](const Matcher& matcher) {
      return matcher.op() == MatchOp::kEqual || matcher.op() == MatchOp::kRegex;
    });
    if (positive) return;
    // Which metrics not to take says nothing of which to take.
    names.insert(names.begin(),
                 names.empty()
                     ? Matcher::equal(std::string(kMetricName), "target_info")
                     : Matcher::make(MatchOp::kRegex, std::string(kMetricName), ".+_info").value());
  }

  bool name_matches(const Labels& labels) const {
    return std::all_of(names.begin(), names.end(),
                       [&](const Matcher& matcher) { return matcher.matches(labels); });
  }
  bool wants(std::string_view label) const {
    return data.empty() || std::any_of(data.begin(), data.end(), [&](const Matcher& matcher) {
             return matcher.name() == label;
           });
  }
  bool all_match_absence() const {
    return std::all_of(data.begin(), data.end(),
                       [](const Matcher& matcher) { return matcher.matches(""); });
  }
};

/// The first selector of an expression decides when info metrics are looked at.
const VectorSelector* first_selector(const Node& node, std::vector<const Subquery*>& path) {
  if (node.kind == NodeKind::kVectorSelector) return static_cast<const VectorSelector*>(&node);
  const bool is_subquery = node.kind == NodeKind::kSubquery;
  if (is_subquery) path.push_back(static_cast<const Subquery*>(&node));
  const VectorSelector* found = nullptr;
  for_children(node, [&](const Node& child) {
    if (found == nullptr) found = first_selector(child, path);
  });
  if (is_subquery && found == nullptr) path.pop_back();
  return found;
}

LookTimes info_times(const Evaluation& evaluation, const Node& base, const Timeline& timeline) {
  std::vector<const Subquery*> path;
  const VectorSelector* selector = first_selector(base, path);
  TimeShift shift;
  if (selector == nullptr) return evaluation.look_times(shift, timeline);
  LookTimes times = evaluation.look_times(selector->shift, timeline);
  if (selector->shift.at != AtKind::kNone) return times;
  for (auto subquery = path.rbegin(); subquery != path.rend(); ++subquery) {
    const LookTimes outer = evaluation.look_times((*subquery)->shift, timeline);
    const std::int64_t offset = to_ms(timeline.start) - times.first_ms;
    times = outer;
    times.first_ms -= offset;
    if ((*subquery)->shift.at != AtKind::kNone) break;
  }
  return times;
}

Labels identity_of(const Labels& labels) {
  static const std::vector<std::string> kNames(std::begin(kIdentifying), std::end(kIdentifying));
  return labels.only(kNames);
}

class InfoJoin {
 public:
  InfoJoin(Evaluation& evaluation, const Call& call, const Timeline& timeline)
      : evaluation_(evaluation),
        call_(call),
        timeline_(timeline),
        matchers_(call),
        base_(evaluation.collect(*call.arguments.front(), timeline)) {}

  void run(RowSink sink) {
    select_info_series();
    DuplicateGuard guard(evaluation_);
    const auto give = [&](Row& row) {
      guard.see(row, call_.range);
      sink(row);
    };
    for (Row& row : base_) {
      if (matchers_.name_matches(row.labels)) {
        give(row);
      } else {
        join(row, give);
      }
    }
  }

 private:
  bool identifies_any() const {
    return std::any_of(base_.begin(), base_.end(), [this](const Row& row) {
      return !matchers_.name_matches(row.labels) && !identity_of(row.labels).empty();
    });
  }

  void select_info_series() {
    if (!identifies_any()) return;
    std::vector<Matcher> wanted = matchers_.names;
    wanted.insert(wanted.end(), matchers_.data.begin(), matchers_.data.end());
    const LookTimes times = info_times(evaluation_, *call_.arguments.front(), timeline_);
    for (const SeriesView& view : select_latest(evaluation_, wanted, times)) {
      InfoSeries series{view.labels, std::vector<std::int64_t>(times.steps), Presence(times.steps)};
      for_latest(view, times, evaluation_.options, [&](std::size_t step, std::size_t i) {
        if (!view.histograms.empty() && view.histograms[i]) {
          evaluation_.fail(
              "this should be an info metric, with float samples: " + view.labels.to_string(),
              call_.range);
        }
        series.present.set(step);
        series.taken_at[step] = view.timestamps[i];
      });
      if (series.present.none()) continue;
      const Labels key = identity_of(view.labels).with(kMetricName, view.labels.metric_name());
      info_[std::string(view.labels.metric_name())][key].push_back(std::move(series));
    }
  }

  /// The one info series of a metric that describes a series at a step: the latest.
  const InfoSeries* current(const std::vector<InfoSeries>& all, std::size_t step) const {
    const InfoSeries* latest = nullptr;
    for (const InfoSeries& series : all) {
      if (!series.present[step]) continue;
      if (latest == nullptr || series.taken_at[step] > latest->taken_at[step]) {
        latest = &series;
      } else if (series.taken_at[step] == latest->taken_at[step]) {
        const std::string at = " @ " + std::to_string(series.taken_at[step]);
        evaluation_.fail("found duplicate series for info metric: existing " +
                             latest->labels.to_string() + at + ", new " +
                             series.labels.to_string() + at,
                         call_.range);
      }
    }
    return latest;
  }

  /// The labels of a series with those of the info series around it at one step. None: it goes.
  std::optional<Labels> joined(const Labels& base,
                               const std::vector<const std::vector<InfoSeries>*>& candidates,
                               std::size_t step) const {
    Labels result = base;
    bool any = false;
    for (const auto* all : candidates) {
      const InfoSeries* info = current(*all, step);
      if (info == nullptr) continue;
      any = true;
      for (const LabelView label : info->labels) {
        if (label.name == kMetricName || !matchers_.wants(label.name) || base.has(label.name)) {
          continue;
        }
        const std::string_view known = result.get(label.name);
        if (!known.empty() && known != label.value) {
          evaluation_.fail("conflicting label: " + std::string(label.name), call_.range);
        }
        result = result.with(label.name, label.value);
      }
    }
    if (!any && !matchers_.all_match_absence()) return std::nullopt;
    return result;
  }

  template <class Give>
  void join(const Row& row, Give&& give) const {
    const Labels identity = identity_of(row.labels);
    std::vector<const std::vector<InfoSeries>*> candidates;
    for (const auto& [name, by_identity] : info_) {
      const auto found = by_identity.find(identity.with(kMetricName, name));
      if (found != by_identity.end()) candidates.push_back(&found->second);
    }
    std::map<Labels, Row> results;
    row.present.for_each([&](std::size_t step) {
      const std::optional<Labels> labels = joined(row.labels, candidates, step);
      if (!labels) return;
      const auto [found, is_new] = results.try_emplace(*labels);
      Row& out = found->second;
      if (is_new) {
        out.clear(row.steps());
        out.labels = *labels;
        out.drop_name = row.drop_name;
      }
      if (row.histogram(step) != nullptr) {
        out.set(step, row.histograms[step]);
      } else {
        out.set(step, row.values[step]);
      }
    });
    for (auto& [labels, out] : results) give(out);
  }

  Evaluation& evaluation_;
  const Call& call_;
  const Timeline& timeline_;
  InfoMatchers matchers_;
  std::vector<Row> base_;
  std::map<std::string, std::unordered_map<Labels, std::vector<InfoSeries>>> info_;
};

void evaluate_info(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                   RowSink sink) {
  InfoJoin(evaluation, call, timeline).run(sink);
}

}  // namespace

std::span<const FunctionEvaluator> info_functions() {
  static const FunctionEvaluator kFunctions[] = {{"info", evaluate_info}};
  return kFunctions;
}

}  // namespace tocsin::promql
