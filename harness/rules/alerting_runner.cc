#include <algorithm>
#include <bit>
#include <map>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "harness/rules/alert_state.h"
#include "harness/rules/rule_runner.h"
#include "harness/rules/template.h"

namespace tocsin::rules {
namespace {

using promql::Column;

constexpr std::string_view kAlertName = "alertname";
constexpr std::string_view kAlertState = "alertstate";

/// A label or annotation that is rendered for each alert.
struct Rendered {
  std::string name;
  std::string text;  ///< as written
  std::optional<Template> parsed;
};

Rendered make_rendered(std::string name, std::string text) {
  // A group's labels are not checked when they are loaded; what cannot be parsed stays as it is.
  Result<Template> parsed = Template::parse(text);
  std::optional<Template> usable;
  if (!parsed.has_error()) usable = *parsed;
  return {std::move(name), std::move(text), std::move(usable)};
}

/// The series that Prometheus writes about an alert, as far as they are live.
struct AlertSeries {
  Labels pending;
  Labels firing;
  Labels for_state;
  AlertState written = AlertState::kInactive;
};

class AlertingRunner final : public RuleRunner {
 public:
  AlertingRunner(const RuleGroup& group, const Rule& rule, const RunContext& context)
      : RuleRunner(group, rule, context), states_(rule.hold, rule.keep_firing_for) {
    std::map<std::string, std::string> labels(group.labels.begin(), group.labels.end());
    for (const auto& [name, value] : rule.labels) labels[name] = value.text;
    for (auto& [name, text] : labels) labels_.push_back(make_rendered(name, text));
    for (const auto& [name, value] : rule.annotations) {
      annotations_.push_back(make_rendered(name, value.text));
    }
    for (const Rendered& label : labels_) {
      if (label.parsed) labels_use_ = std::max(labels_use_, label.parsed->use());
    }
    const auto wanted = context.options.looks.find(rule.name);
    if (wanted != context.options.looks.end()) look_at_ = wanted->second;
  }

  void report_ended(std::vector<AlertEpisode>& episodes) const override {
    episodes.insert(episodes.end(), ended_.begin(), ended_.end());
  }
  void report_looks(std::vector<AlertLook>& looks) const override {
    looks.insert(looks.end(), looks_.begin(), looks_.end());
  }
  void report_active(std::vector<AlertEpisode>& episodes) const override {
    for (const Alert& alert : states_.active()) episodes.push_back(episode(alert, std::nullopt));
  }

 private:
  // --- one stretch of results ---

  /// The columns that have a value at each step, one step's after another's.
  struct StepIndex {
    std::vector<std::uint32_t> begin;  ///< one more than there are steps
    std::vector<std::uint32_t> columns;
  };

  static StepIndex index_steps(const std::vector<Column>& columns, std::size_t steps) {
    StepIndex index;
    index.begin.assign(steps + 1, 0);
    for (const Column& column : columns) {
      column.present.for_each([&](std::size_t i) { ++index.begin[i + 1]; });
    }
    for (std::size_t i = 0; i < steps; ++i) index.begin[i + 1] += index.begin[i];
    index.columns.resize(index.begin.back());
    std::vector<std::uint32_t> next(index.begin.begin(), index.begin.end() - 1);
    for (std::uint32_t c = 0; c < columns.size(); ++c) {
      columns[c].present.for_each([&](std::size_t i) { index.columns[next[i]++] = c; });
    }
    return index;
  }

  void consume(const promql::QueryResult& result, const promql::Timeline& due,
               SampleSink& sink) override {
    const std::size_t steps = due.steps();
    const StepIndex index = index_steps(result.columns, steps);
    std::vector<AlertStates::Result> found;
    for (std::size_t i = 0; i < steps; ++i) {
      const std::uint32_t begin = index.begin[i];
      const std::uint32_t end = index.begin[i + 1];
      if (begin == end && states_.active().empty() && orphans_.empty()) continue;
      found.clear();
      for (std::uint32_t k = begin; k < end; ++k) {
        const Column& column = result.columns[index.columns[k]];
        const NativeHistogramPtr histogram =
            column.histograms.empty() ? nullptr : column.histograms[i];
        const double value = histogram ? 0 : column.values[i];
        found.push_back({labels_of(column.labels, value, histogram, due.at(i)), column.labels,
                         value, histogram});
      }
      evaluate(due.at(i), found, sink);
    }
  }

  void evaluate(Timestamp at, std::span<const AlertStates::Result> found, SampleSink& sink) {
    std::vector<Alert> ended;
    if (!states_.evaluate(at, found, ended)) {
      return fail(at, input_error({},
                                  "vector contains metrics with the same labelset after "
                                  "applying alert labels"));
    }
    const std::size_t count = states_.active().size();
    const bool exceeded = group_.limit > 0 && count > static_cast<std::size_t>(group_.limit);
    if (exceeded) {
      states_.clear(ended);
      fail(at, input_error(
                   {}, fmt::format("exceeded limit of {} with {} alerts", group_.limit, count)));
    }
    for (const Alert& alert : ended) {
      ended_.push_back(episode(alert, at));
      orphan(alert);
    }
    if (!exceeded && context_.options.write_alert_series) write_series(at, sink);
    look(at);
  }

  /// Notes what is active, when somebody wants to know.
  void look(Timestamp at) {
    while (!look_at_.empty() && look_at_.front() < at) look_at_ = look_at_.subspan(1);
    if (look_at_.empty() || look_at_.front() != at) return;
    for (const Alert& alert : states_.active()) {
      const TemplateData data = data_for(alert.series, alert.value, alert.histogram, alert.seen_at);
      looks_.push_back({at, &rule_, alert.labels, {}, alert.state, alert.value});
      for (const Rendered& annotation : annotations_) {
        looks_.back().annotations[annotation.name] = render(annotation, data);
      }
    }
  }

  // --- labels and annotations ---

  TemplateData data_for(const Labels& series, double value, const NativeHistogramPtr& histogram,
                        Timestamp at) const {
    TemplateData data;
    data.labels = series;
    data.value = value;
    data.histogram = histogram;
    data.external_labels = context_.options.external_labels;
    data.external_url = context_.options.external_url;
    data.url_functions_fail = context_.options.url_functions_fail;
    data.now = at;
    data.query = [this, at](std::string_view text) { return query(text, at); };
    return data;
  }

  Result<std::vector<TemplateData::QuerySample>> query(std::string_view text, Timestamp at) const {
    TRY(const promql::Expression expression,
        promql::parse_expression(text, {.version_2 = context_.options.query.version_2}));
    TRY(const promql::QueryResult result,
        promql::evaluate(expression, context_.store, promql::Timeline::instant(at),
                         context_.options.query));
    if (result.type != promql::ValueType::kVector && result.type != promql::ValueType::kScalar) {
      return input_error({}, "query result is not a vector or scalar");
    }
    std::vector<TemplateData::QuerySample> samples;
    for (const Column& column : result.columns) {
      if (column.present[0]) samples.push_back({column.labels, column.values[0]});
    }
    return samples;
  }

  /// The labels of the alert that a result stands for. They are rendered again only when what they
  /// are made from has changed.
  const Labels& labels_of(const Labels& series, double value, const NativeHistogramPtr& histogram,
                          Timestamp at) {
    Cached& cached = cache_[series];
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const bool fresh = cached.filled && (labels_use_ <= TemplateUse::kLabels ||
                                         (labels_use_ == TemplateUse::kValue &&
                                          cached.bits == bits && cached.histogram == histogram));
    if (!fresh) cached = {render_labels(series, value, histogram, at), bits, histogram, true};
    return cached.labels;
  }

  Labels render_labels(const Labels& series, double value, const NativeHistogramPtr& histogram,
                       Timestamp at) const {
    Labels labels = series.without_metric_name();
    if (!labels_.empty()) {
      const TemplateData data = data_for(series, value, histogram, at);
      for (const Rendered& label : labels_) labels = labels.with(label.name, render(label, data));
    }
    return labels.with(kAlertName, rule_.name);
  }

  std::string render(const Rendered& rendered, const TemplateData& data) const {
    return rendered.parsed ? rendered.parsed->expand_for_alert(rule_.name, data) : rendered.text;
  }

  AlertEpisode episode(const Alert& alert, std::optional<Timestamp> resolved_at) const {
    AlertEpisode episode;
    episode.group = group_.name;
    episode.alert = rule_.name;
    episode.labels = alert.labels;
    const TemplateData data = data_for(alert.series, alert.value, alert.histogram, alert.seen_at);
    for (const Rendered& annotation : annotations_) {
      episode.annotations[annotation.name] = render(annotation, data);
    }
    episode.hold = rule_.hold;
    episode.pending_at = alert.pending_at;
    episode.firing_at = alert.firing_at;
    episode.resolved_at = resolved_at;
    episode.value_at_start = alert.value_at_start;
    episode.value_at_firing = alert.value_at_firing;
    episode.value_last = alert.value;
    return episode;
  }

  // --- ALERTS and ALERTS_FOR_STATE ---

  /// As Prometheus builds them: the rule's labels as written, under those of the alert.
  AlertSeries make_series(const Alert& alert) const {
    Labels labels;
    for (const Rendered& label : labels_) labels = labels.with(label.name, label.text);
    for (const LabelView label : alert.labels) labels = labels.with(label.name, label.value);
    const Labels alerts = labels.with(kMetricName, "ALERTS");
    return {alerts.with(kAlertState, "pending"), alerts.with(kAlertState, "firing"),
            labels.with(kMetricName, "ALERTS_FOR_STATE")};
  }

  /// The alert is gone; what was written about it ends with the next good evaluation.
  void orphan(const Alert& alert) {
    const auto it = series_.find(alert.id);
    if (it == series_.end()) return;
    const AlertSeries& series = it->second;
    if (series.written != AlertState::kInactive) {
      orphans_.push_back(series.written == AlertState::kPending ? series.pending : series.firing);
      orphans_.push_back(series.for_state);
    }
    series_.erase(it);
  }

  void write_series(Timestamp due, SampleSink& sink) {
    const Timestamp at = sample_time(due);
    std::unordered_set<Labels> written;  // only needed to tell orphans from those that came back
    for (const Alert& alert : states_.active()) {
      AlertSeries& series = series_of(alert);
      const bool firing = alert.state == AlertState::kFiring;
      if (series.written == AlertState::kPending && firing) {
        sink.append(series.pending, at, stale_marker());
      }
      const Labels& alerts = firing ? series.firing : series.pending;
      sink.append(alerts, at, 1);
      sink.append(series.for_state, at, pending_since(alert));
      series.written = alert.state;
      if (!orphans_.empty()) written.insert({alerts, series.for_state});
    }
    for (const Labels& orphan : orphans_) {
      if (written.count(orphan) == 0) sink.append(orphan, at, stale_marker());
    }
    orphans_.clear();
  }

  AlertSeries& series_of(const Alert& alert) {
    const auto [it, added] = series_.try_emplace(alert.id);
    if (added) it->second = make_series(alert);
    return it->second;
  }

  static double pending_since(const Alert& alert) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(alert.pending_at);
    return static_cast<double>(seconds.time_since_epoch().count());
  }

  struct Cached {
    Labels labels;
    std::uint64_t bits = 0;
    NativeHistogramPtr histogram;
    bool filled = false;
  };

  AlertStates states_;
  std::vector<Rendered> labels_;  ///< of the group and the rule
  std::vector<Rendered> annotations_;
  TemplateUse labels_use_ = TemplateUse::kText;
  std::unordered_map<Labels, Cached> cache_;
  std::unordered_map<std::uint64_t, AlertSeries> series_;  ///< by the alert's id
  std::vector<Labels> orphans_;
  std::vector<AlertEpisode> ended_;
  std::span<const Timestamp> look_at_;  ///< what is still to come
  std::vector<AlertLook> looks_;
};

}  // namespace

std::unique_ptr<RuleRunner> make_alerting_runner(const RuleGroup& group, const Rule& rule,
                                                 const RunContext& context) {
  return std::make_unique<AlertingRunner>(group, rule, context);
}

}  // namespace tocsin::rules
