#include "harness/run/embedded_monitor.h"

#include <deque>
#include <map>
#include <optional>

#include "harness/metrics/store.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/run/live_routing.h"
#include "harness/run/scraper.h"
#include "harness/run/stack.h"

namespace tocsin::run {
namespace {

class EmbeddedMonitor final : public Monitor {
 public:
  EmbeddedMonitor(net::Loop& loop, const scenario::Scenario& scenario, const ScaledRules& rules,
                  const Routing* routing, net::TlsContextPtr tls, const LiveClock& clock,
                  Evidence& evidence)
      : loop_(loop),
        scenario_(scenario),
        rules_(rules),
        routing_(routing),
        tls_(std::move(tls)),
        clock_(clock),
        evidence_(evidence),
        store_(std::make_shared<metrics::Store>()) {}

  Result<void> prepare(std::vector<ScrapedTarget> targets,
                       const std::function<void(Timestamp)>& begin) override {
    if (routing_ != nullptr) {
      TRY(routed_, LiveRouting::open(loop_, scenario_, *routing_, clock_, evidence_));
    }
    begin(system_clock().now());
    for (ScrapedTarget& target : targets) {
      scrapers_.emplace_back(loop_, *target.target, std::move(target.url), tls_, clock_, *store_,
                             evidence_);
    }
    options_ = scaled_evaluation();
    evaluation_.emplace(rules_.files, *store_, *store_, options_);
    for (const rules::RuleFile& file : rules_.files) {
      for (const rules::RuleGroup& group : file.groups) {
        if (group.interval) intervals_[group.name] = *group.interval;
      }
    }
    return {};
  }

  net::Task<void> watch(Duration end) override {
    net::TaskGroup group(loop_);
    for (Scraper& scraper : scrapers_) group.spawn(scraper.run(end));
    if (routed_) {
      group.spawn(routed_->run(end, [this](const auto& episode) { return last_of(episode); }));
    }
    group.spawn(evaluate(end));
    co_await group.join();
  }

  AlertCounts alerts() const override {
    AlertCounts counts;
    for (const AlertEpisode& episode : evaluation_->active()) {
      ++(episode.firing_at ? counts.firing : counts.pending);
    }
    return counts;
  }

  void finish() override {
    for (const Scraper& scraper : scrapers_) {
      TargetFamilies exported = scraper.exported();
      if (!exported.families.empty()) evidence_.targets.push_back(std::move(exported));
    }
    rules::EvaluationOutcome outcome = evaluation_->outcome();
    for (AlertEpisode& episode : outcome.episodes) episode.hold = unscaled_hold(episode);
    take_outcome(std::move(outcome), evidence_);
    evidence_.samples = store_;
    if (routed_) routed_->finish();
  }

 private:
  /// Evaluations fall between scrapes, so that each sees a whole one.
  rules::EvaluationOptions scaled_evaluation() const {
    const double scale = clock_.time_scale();
    rules::EvaluationOptions evaluation = evaluation_options(scenario_, clock_.start());
    evaluation.interval = scaled(evaluation.interval, scale);
    evaluation.origin += evaluation.interval / 2;
    promql::QueryOptions& query = evaluation.query;
    query.lookback = scaled(query.lookback, scale);
    query.default_subquery_step = scaled(query.default_subquery_step, scale);
    return evaluation;
  }

  net::Task<void> evaluate(Duration end) {
    while (true) {
      const Timestamp due = evaluation_->next_due();
      if (evidence_.offset_of(due) > end) co_return;
      const bool slept = co_await net::sleep_until(clock_.monotonic(due));
      if (!slept) co_return;
      evaluation_->tick(clock_.wall(clock_.now()));
      if (routed_) routed_->evaluated(evaluation_->active());
    }
  }

  /// The last evaluation of the rule that an episode is of.
  LiveSender::Evaluated last_of(const AlertEpisode& episode) const {
    const auto own = intervals_.find(episode.group);
    const Duration interval = own != intervals_.end() ? own->second : options_.interval;
    const Duration since = clock_.wall(clock_.now()) - options_.origin;
    return {options_.origin + since / interval * interval, interval};
  }

  Duration unscaled_hold(const AlertEpisode& episode) const {
    for (const AlertRuleInfo& rule : evidence_.rules) {
      if (rule.group == episode.group && rule.alert == episode.alert &&
          scaled(rule.hold, clock_.time_scale()) == episode.hold) {
        return rule.hold;
      }
    }
    return episode.hold;
  }

  net::Loop& loop_;
  const scenario::Scenario& scenario_;
  const ScaledRules& rules_;
  const Routing* routing_;  ///< null: nobody is told of alerts
  net::TlsContextPtr tls_;
  const LiveClock& clock_;
  Evidence& evidence_;
  std::shared_ptr<metrics::Store> store_;
  std::deque<Scraper> scrapers_;
  rules::EvaluationOptions options_;
  std::map<std::string, Duration> intervals_;  ///< of rule groups that have their own
  std::optional<rules::LiveEvaluation> evaluation_;
  std::unique_ptr<LiveRouting> routed_;
};

}  // namespace

std::unique_ptr<Monitor> embedded_monitor(net::Loop& loop, const scenario::Scenario& scenario,
                                          const ScaledRules& rules, const Routing* routing,
                                          net::TlsContextPtr tls, const LiveClock& clock,
                                          Evidence& evidence) {
  return std::make_unique<EmbeddedMonitor>(loop, scenario, rules, routing, std::move(tls), clock,
                                           evidence);
}

}  // namespace tocsin::run
