#include "harness/rules/evaluation.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>
#include <tuple>
#include <unordered_map>

#include "harness/rules/held_samples.h"
#include "harness/rules/plan.h"
#include "harness/rules/rule_runner.h"

namespace tocsin::rules {
namespace {

using Runners = std::vector<std::unique_ptr<RuleRunner>>;

Runners make_runners(const Plan& plan, const RunContext& context) {
  Runners runners;
  for (const PlannedRule& planned : plan.rules) {
    runners.push_back(planned.rule->kind == Rule::Kind::kRecording
                          ? make_recording_runner(*planned.group, *planned.rule, context)
                          : make_alerting_runner(*planned.group, *planned.rule, context));
  }
  return runners;
}

void sort_episodes(EvaluationOutcome& outcome) {
  std::vector<std::size_t> order(outcome.episodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    const AlertEpisode& a = outcome.episodes[i];
    const AlertEpisode& b = outcome.episodes[j];
    return std::tie(a.pending_at, a.alert, a.labels) < std::tie(b.pending_at, b.alert, b.labels);
  });
  std::vector<AlertEpisode> episodes;
  std::vector<const Rule*> alerting;
  episodes.reserve(order.size());
  alerting.reserve(order.size());
  for (const std::size_t i : order) {
    episodes.push_back(std::move(outcome.episodes[i]));
    alerting.push_back(outcome.alerting[i]);
  }
  outcome.episodes = std::move(episodes);
  outcome.alerting = std::move(alerting);
}

EvaluationOutcome collect(const Runners& runners) {
  EvaluationOutcome outcome;
  for (const auto& runner : runners) runner->report(outcome);
  sort_episodes(outcome);
  return outcome;
}

PlanOptions plan_options(const EvaluationOptions& options) {
  return {options.query, options.write_alert_series, options.group_order, options.only};
}

/// Samples of several rules, held back to be appended series by series in time order. At the same
/// time an earlier rule's sample comes first, and the store refuses others that differ.
class MergingSink final : public SampleSink {
 public:
  /// Whose samples come next.
  void set_writer(RuleRunner& writer) { writer_ = &writer; }
  bool append(const Labels& labels, Timestamp at, double value) override {
    return hold(labels, {at, value, nullptr, writer_});
  }
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override {
    return hold(labels, {at, 0, std::move(histogram), writer_});
  }

  void flush_to(SampleSink& sink) {
    for (auto& [labels, samples] : series_) {
      std::stable_sort(samples.begin(), samples.end(),
                       [](const Sample& a, const Sample& b) { return a.at < b.at; });
      for (const Sample& sample : samples) {
        const bool taken = sample.histogram
                               ? sink.append_native(labels, sample.at, sample.histogram)
                               : sink.append(labels, sample.at, sample.value);
        if (!taken && !is_stale(sample.value)) sample.writer->refuse(sample.at);
      }
    }
    series_.clear();
  }

 private:
  struct Sample {
    Timestamp at;
    double value;
    NativeHistogramPtr histogram;
    RuleRunner* writer;
  };
  bool hold(const Labels& labels, Sample sample) {
    series_[labels].push_back(std::move(sample));
    return true;
  }

  std::map<Labels, std::vector<Sample>> series_;
  RuleRunner* writer_ = nullptr;
};

Duration interval_of(const RuleGroup& group, const EvaluationOptions& options) {
  return options.one_interval ? options.interval : group.interval.value_or(options.interval);
}

/// Evaluations that go on together.
class Timelines {
 public:
  Timelines(const Plan& plan, const EvaluationOptions& options, Timestamp end)
      : plan_(plan), options_(options), end_(end) {}

  promql::Timeline of(std::size_t rule) const {
    return {options_.origin, end_, interval_of(*plan_.rules[rule].group, options_)};
  }

  void run(const Component& component, Runners& runners, SampleSink& sink) const {
    switch (component.evaluation) {
      case Evaluation::kWhole:
        return run_whole(component, runners, sink);
      case Evaluation::kMerged:
        return run_merged(component, runners, sink);
      case Evaluation::kSteps:
        return run_steps(component, runners, sink);
    }
  }

 private:
  void run_whole(const Component& component, Runners& runners, SampleSink& sink) const {
    for (const std::size_t rule : component.rules) runners[rule]->run(of(rule), sink);
  }

  void run_merged(const Component& component, Runners& runners, SampleSink& sink) const {
    MergingSink merging;
    for (const std::size_t rule : component.rules) {
      merging.set_writer(*runners[rule]);
      runners[rule]->run(of(rule), merging);
    }
    merging.flush_to(sink);
  }

  /// At each point in time, those rules that are due, in order.
  void run_steps(const Component& component, Runners& runners, SampleSink& sink) const {
    std::vector<Timestamp> due(component.rules.size(), options_.origin);
    for (;;) {
      const Timestamp now = *std::min_element(due.begin(), due.end());
      if (now > end_) return;
      for (std::size_t i = 0; i < due.size(); ++i) {
        if (due[i] != now) continue;
        runners[component.rules[i]]->run(promql::Timeline::instant(now), sink);
        due[i] += of(component.rules[i]).step;
      }
    }
  }

 private:
  const Plan& plan_;
  const EvaluationOptions& options_;
  Timestamp end_;
};

/// A template that queries sees what was recorded by then, whatever it is.
bool has_template_query(const Rule& rule) {
  const auto queries = [](const auto& text) {
    return text.second.text.find("query") != std::string::npos;
  };
  return std::any_of(rule.labels.begin(), rule.labels.end(), queries) ||
         std::any_of(rule.annotations.begin(), rule.annotations.end(), queries);
}

/// Evaluates components in waves: those of one wave read nothing of each other, so that they run at
/// the same time, and what they record is written when all of them have ended, in order. The others
/// (step by step, merged, with queries in templates) run alone, in their place among the rest.
class SideBySide {
 public:
  SideBySide(const Plan& plan, const Timelines& timelines, unsigned threads, Runners& runners,
             SampleSink& sink)
      : plan_(plan), timelines_(timelines), threads_(threads), runners_(runners), sink_(sink) {}

  void run() {
    std::size_t begin = 0;
    for (std::size_t c = 0; c < plan_.components.size(); ++c) {
      if (!runs_alone(plan_.components[c])) continue;
      run_waves(begin, c);
      timelines_.run(plan_.components[c], runners_, sink_);
      begin = c + 1;
    }
    run_waves(begin, plan_.components.size());
  }

 private:
  bool runs_alone(const Component& component) const {
    return component.evaluation != Evaluation::kWhole ||
           std::any_of(component.rules.begin(), component.rules.end(), [&](std::size_t rule) {
             return has_template_query(*plan_.rules[rule].rule);
           });
  }

  /// Components [begin, end).
  void run_waves(std::size_t begin, std::size_t end) {
    std::vector<std::size_t> wave_of(end, 0);
    std::vector<std::vector<std::size_t>> waves;
    for (std::size_t c = begin; c < end; ++c) {
      for (const std::size_t read : plan_.components[c].reads) {
        if (read >= begin) wave_of[c] = std::max(wave_of[c], wave_of[read] + 1);
      }
      if (waves.size() <= wave_of[c]) waves.resize(wave_of[c] + 1);
      waves[wave_of[c]].push_back(c);
    }
    for (const std::vector<std::size_t>& wave : waves) run_wave(wave);
  }

  void run_wave(const std::vector<std::size_t>& wave) {
    std::vector<HeldSamples> held(wave.size());
    std::atomic<std::size_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&] {
      try {
        for (std::size_t i = next++; i < wave.size(); i = next++) {
          timelines_.run(plan_.components[wave[i]], runners_, held[i]);
        }
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
        next = wave.size();
      }
    };
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < std::min<std::size_t>(threads_, wave.size()); ++i) {
        threads.emplace_back(work);
      }
      work();
    }
    if (failure) std::rethrow_exception(failure);
    for (std::size_t i = 0; i < wave.size(); ++i) {
      held[i].flush_to(sink_, *runners_[plan_.components[wave[i]].rules.front()]);
    }
  }

  const Plan& plan_;
  const Timelines& timelines_;
  unsigned threads_;
  Runners& runners_;
  SampleSink& sink_;
};

}  // namespace

EvaluationOutcome evaluate_timeline(std::span<const RuleFile> files, const SeriesSource& store,
                                    SampleSink& sink, Timestamp end,
                                    const EvaluationOptions& options) {
  const Plan plan = make_plan(files, plan_options(options));
  const RunContext context{store, options};
  Runners runners = make_runners(plan, context);
  const Timelines timelines(plan, options, end);
  if (options.threads > 1) {
    SideBySide(plan, timelines, options.threads, runners, sink).run();
  } else {
    for (const Component& component : plan.components) timelines.run(component, runners, sink);
  }
  return collect(runners);
}

struct LiveEvaluation::Impl {
  Impl(std::span<const RuleFile> files, const SeriesSource& store, SampleSink& to,
       EvaluationOptions given)
      : options(std::move(given)),
        context{store, options},
        sink(to),
        plan(make_plan(files, plan_options(options))),
        runners(make_runners(plan, context)),
        due(plan.groups.size(), options.origin) {}

  Duration interval(std::size_t group) const { return interval_of(*plan.groups[group], options); }

  void evaluate(Timestamp now) {
    for (std::size_t rule = 0; rule < runners.size(); ++rule) {
      if (due[plan.rules[rule].group_index] != now) continue;
      runners[rule]->run(promql::Timeline::instant(now), sink);
    }
    for (std::size_t group = 0; group < due.size(); ++group) {
      if (due[group] == now) due[group] += interval(group);
    }
  }

  EvaluationOptions options;
  RunContext context;
  SampleSink& sink;
  Plan plan;
  Runners runners;
  std::vector<Timestamp> due;  ///< by group
};

LiveEvaluation::LiveEvaluation(std::span<const RuleFile> files, const SeriesSource& store,
                               SampleSink& sink, EvaluationOptions options)
    : impl_(std::make_unique<Impl>(files, store, sink, std::move(options))) {}

LiveEvaluation::~LiveEvaluation() = default;

Timestamp LiveEvaluation::next_due() const {
  const auto first = std::min_element(impl_->due.begin(), impl_->due.end());
  return first == impl_->due.end() ? Timestamp::max() : *first;
}

void LiveEvaluation::tick(Timestamp now) {
  for (Timestamp due = next_due(); due <= now && due != Timestamp::max(); due = next_due()) {
    impl_->evaluate(due);
  }
}

std::vector<AlertEpisode> LiveEvaluation::active() const {
  std::vector<AlertEpisode> episodes;
  for (const auto& runner : impl_->runners) runner->report_active(episodes);
  return episodes;
}

EvaluationOutcome LiveEvaluation::outcome() const {
  return collect(impl_->runners);
}

}  // namespace tocsin::rules
