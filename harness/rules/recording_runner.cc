#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "harness/rules/rule_runner.h"

namespace tocsin::rules {
namespace {

using promql::Column;
using promql::Presence;

/// One recorded series in a stretch of steps.
struct Recorded {
  Labels labels;
  std::vector<const Column*> columns;  ///< more than one when labelling made them alike
};

class RecordingRunner final : public RuleRunner {
 public:
  RecordingRunner(const RuleGroup& group, const Rule& rule, const RunContext& context)
      : RuleRunner(group, rule, context) {
    for (const auto& [name, value] : group.labels) labels_[name] = value;
    for (const auto& [name, value] : rule.labels) labels_[name] = value.text;
  }

 private:
  void consume(const promql::QueryResult& result, const promql::Timeline& due,
               SampleSink& sink) override {
    const std::vector<Recorded> series = label(result.columns);
    const Presence failed = failed_steps(series, result.columns, due);
    end_missing(series, failed, due, sink);
    for (const Recorded& recorded : series) write(recorded, failed, due, sink);
  }

  const Labels& labelled(const Labels& from) {
    const auto [it, added] = cache_.try_emplace(from);
    if (added) {
      Labels labels = from.with(kMetricName, rule_.name);
      for (const auto& [name, value] : labels_) labels = labels.with(name, value);
      it->second = std::move(labels);
    }
    return it->second;
  }

  std::vector<Recorded> label(const std::vector<Column>& columns) {
    std::vector<Recorded> series;
    std::unordered_map<Labels, std::size_t> index;
    for (const Column& column : columns) {
      const Labels& labels = labelled(column.labels);
      const auto [it, added] = index.try_emplace(labels, series.size());
      if (added) series.push_back({labels, {}});
      series[it->second].columns.push_back(&column);
    }
    return series;
  }

  /// Steps in which two samples would have the same labels, or which exceed the group's limit.
  Presence failed_steps(const std::vector<Recorded>& series, const std::vector<Column>& columns,
                        const promql::Timeline& due) {
    Presence failed(due.steps());
    for (const Recorded& recorded : series) {
      if (recorded.columns.size() < 2) continue;
      Presence seen(due.steps());
      for (const Column* column : recorded.columns) {
        Presence twice = column->present;
        twice &= seen;
        failed |= twice;
        seen |= column->present;
      }
    }
    failed.for_each([&](std::size_t i) {
      fail(due.at(i), input_error({},
                                  "vector contains metrics with the same labelset after "
                                  "applying rule labels"));
    });
    if (group_.limit > 0) apply_limit(columns, due, failed);
    return failed;
  }

  void apply_limit(const std::vector<Column>& columns, const promql::Timeline& due,
                   Presence& failed) {
    std::vector<int> counts(due.steps());
    for (const Column& column : columns) {
      column.present.for_each([&](std::size_t i) { ++counts[i]; });
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] <= group_.limit || failed[i]) continue;
      failed.set(i);
      fail(due.at(i), input_error({}, fmt::format("exceeded limit of {} with {} series",
                                                  group_.limit, counts[i])));
    }
  }

  /// Stale markers for series of the last good step that this stretch does not have at all.
  void end_missing(const std::vector<Recorded>& series, const Presence& failed,
                   const promql::Timeline& due, SampleSink& sink) {
    std::size_t good = 0;
    while (good < due.steps() && failed[good]) ++good;
    if (live_.empty() || good == due.steps()) return;
    std::unordered_map<Labels, bool> here;
    for (const Recorded& recorded : series) here.emplace(recorded.labels, true);
    for (auto it = live_.begin(); it != live_.end();) {
      if (here.count(*it) > 0) {
        ++it;
        continue;
      }
      sink.append(*it, sample_time(due.at(good)), stale_marker());
      it = live_.erase(it);
    }
  }

  void write(const Recorded& recorded, const Presence& failed, const promql::Timeline& due,
             SampleSink& sink) {
    const auto before = std::lower_bound(live_.begin(), live_.end(), recorded.labels);
    const bool was_live = before != live_.end() && *before == recorded.labels;
    bool live = was_live;
    for (std::size_t i = 0; i < due.steps(); ++i) {
      if (failed[i]) continue;
      const Column* column = present_at(recorded, i);
      if (column != nullptr) {
        append(recorded.labels, *column, i, sample_time(due.at(i)), sink);
      } else if (live) {
        sink.append(recorded.labels, sample_time(due.at(i)), stale_marker());
      }
      live = column != nullptr;
    }
    if (live && !was_live) live_.insert(before, recorded.labels);
    if (!live && was_live) live_.erase(before);
  }

  static const Column* present_at(const Recorded& recorded, std::size_t i) {
    for (const Column* column : recorded.columns) {
      if (column->present[i]) return column;
    }
    return nullptr;
  }

  static void append(const Labels& labels, const Column& column, std::size_t i, Timestamp at,
                     SampleSink& sink) {
    if (!column.histograms.empty() && column.histograms[i] != nullptr) {
      sink.append_native(labels, at, column.histograms[i]);
    } else {
      sink.append(labels, at, column.values[i]);
    }
  }

  std::map<std::string, std::string> labels_;  ///< that the group and the rule add
  std::unordered_map<Labels, Labels> cache_;   ///< from result to recorded series
  std::vector<Labels> live_;                   ///< recorded at the last good step, sorted
};

}  // namespace

std::unique_ptr<RuleRunner> make_recording_runner(const RuleGroup& group, const Rule& rule,
                                                  const RunContext& context) {
  return std::make_unique<RecordingRunner>(group, rule, context);
}

}  // namespace tocsin::rules
