#include "harness/stack/stack_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::stack {
namespace {

constexpr Duration kShortestPoll = std::chrono::milliseconds(100);
constexpr Duration kLongestPoll = std::chrono::seconds(5);
constexpr Duration kTargetPoll = std::chrono::milliseconds(500);
constexpr Duration kSamplePoll = std::chrono::seconds(3);
/// A scrape's samples have the time of its beginning and come when it is over.
constexpr Duration kOverlap = std::chrono::seconds(15);
/// Requests in a row that fail before the watch gives up: a moment's trouble is nothing.
constexpr int kPatience = 3;

}  // namespace

struct StackWatch::Impl {
  Impl(net::Loop& on, WatchSetup with)
      : loop(on),
        setup(std::move(with)),
        rule_api(loop, setup.prometheus),
        target_api(loop, setup.prometheus),
        sample_api(loop, setup.prometheus),
        suppressions(setup.routing),
        read_until(setup.samples_from) {
    if (!setup.alertmanager) return;
    alert_api.emplace(loop, *setup.alertmanager);
    silence_api.emplace(loop, *setup.alertmanager);
  }

  net::Task<void> poll_rules();
  net::Task<void> poll_targets();
  net::Task<void> poll_samples();
  net::Task<void> poll_alerts();
  net::Task<void> silence(std::vector<PlannedSilence> planned);
  net::Task<void> set_silence(PlannedSilence planned);
  net::Task<bool> look_at_rules();
  net::Task<bool> look_at_targets();
  net::Task<bool> read_samples();
  net::Task<bool> look_at_alerts();
  net::Task<void> expire_silences();

  /// Whether to go on; one request's failure is not yet trouble.
  bool note(const Error& error, int& failures) {
    if (error.kind == ErrorKind::kCancelled) return false;
    if (++failures < kPatience) return true;
    if (trouble.empty()) trouble = error.message;
    return false;
  }
  Duration poll_interval() const {
    return std::clamp(setup.evaluation_interval / 2, kShortestPoll, kLongestPoll);
  }

  net::Loop& loop;
  WatchSetup setup;
  // One request at a time on each.
  PrometheusApi rule_api;
  PrometheusApi target_api;
  PrometheusApi sample_api;
  std::optional<AlertmanagerApi> alert_api;
  std::optional<AlertmanagerApi> silence_api;
  SampleTap tap;
  RuleWatch rules;
  SuppressionWatch suppressions;
  std::map<std::string, FamilyInfo> families;
  std::vector<ScrapeTrouble> scrape_troubles;
  std::vector<std::string> silences;  ///< set and not expired
  Timestamp read_until;
  std::string trouble;
  int rule_failures = 0;
  int target_failures = 0;
  int sample_failures = 0;
  int alert_failures = 0;
};

net::Task<bool> StackWatch::Impl::look_at_rules() {
  Result<std::vector<GroupStatus>> groups = co_await rule_api.rules();
  if (groups.has_error()) co_return note(groups.error(), rule_failures);
  rule_failures = 0;
  rules.add(*groups);
  co_return true;
}

net::Task<bool> StackWatch::Impl::look_at_targets() {
  Result<std::vector<TargetStatus>> targets = co_await target_api.targets();
  if (targets.has_error()) co_return note(targets.error(), target_failures);
  target_failures = 0;
  for (const TargetStatus& target : *targets) {
    if (target.error.empty() || !target.last_scrape) continue;
    scrape_troubles.push_back({target.labels, *target.last_scrape, target.error});
  }
  co_return true;
}

net::Task<bool> StackWatch::Impl::read_samples() {
  const Timestamp now = system_clock().now();
  const Timestamp from = std::max(setup.samples_from, read_until - kOverlap);
  for (const std::string& selector : setup.selectors) {
    Result<std::vector<backtest::AnswerSeries>> piece =
        co_await sample_api.samples(selector, from, now);
    if (piece.has_error()) co_return note(piece.error(), sample_failures);
    tap.add(*piece);
  }
  sample_failures = 0;
  read_until = now;
  co_return true;
}

net::Task<bool> StackWatch::Impl::look_at_alerts() {
  Result<std::vector<RoutedAlert>> alerts = co_await alert_api->alerts();
  if (alerts.has_error()) co_return note(alerts.error(), alert_failures);
  alert_failures = 0;
  suppressions.add(system_clock().now(), *alerts);
  for (const std::string& id : suppressions.unknown_silences()) {
    Result<std::string> comment = co_await alert_api->silence_comment(id);
    suppressions.know_silence(id, comment.has_error() ? id : *comment);
  }
  co_return true;
}

net::Task<void> StackWatch::Impl::poll_rules() {
  while (true) {
    const Nanos next = net::deadline_in(poll_interval());
    const bool well = co_await look_at_rules();
    const bool slept = well && co_await net::sleep_until(next);
    if (!slept) co_return;
  }
}

net::Task<void> StackWatch::Impl::poll_targets() {
  while (true) {
    const Nanos next = net::deadline_in(std::max(kTargetPoll, poll_interval()));
    const bool well = co_await look_at_targets();
    const bool slept = well && co_await net::sleep_until(next);
    if (!slept) co_return;
  }
}

net::Task<void> StackWatch::Impl::poll_samples() {
  while (true) {
    const bool slept = co_await net::sleep_for(std::max(kSamplePoll, poll_interval()));
    if (!slept) co_return;
    const bool well = co_await read_samples();
    if (!well) co_return;
  }
}

net::Task<void> StackWatch::Impl::poll_alerts() {
  if (!alert_api) co_return;
  while (true) {
    const Nanos next = net::deadline_in(poll_interval());
    const bool well = co_await look_at_alerts();
    const bool slept = well && co_await net::sleep_until(next);
    if (!slept) co_return;
  }
}

net::Task<void> StackWatch::Impl::set_silence(PlannedSilence planned) {
  const Nanos due = loop.now() + (planned.at - system_clock().now());
  const bool slept = co_await net::sleep_until(due);
  if (!slept) co_return;
  // A beginning in the past is refused.
  planned.silence.starts_at = std::max(planned.silence.starts_at, system_clock().now());
  const std::string comment = planned.silence.comment;
  Result<std::string> id = co_await silence_api->add_silence(std::move(planned.silence));
  if (id.has_error()) {
    const bool own_end = id.error().kind == ErrorKind::kCancelled;
    if (!own_end && trouble.empty()) trouble = id.error().message;
    co_return;
  }
  silences.push_back(*id);
  suppressions.know_silence(*id, comment);
}

net::Task<void> StackWatch::Impl::silence(std::vector<PlannedSilence> planned) {
  std::stable_sort(planned.begin(), planned.end(),
                   [](const PlannedSilence& a, const PlannedSilence& b) { return a.at < b.at; });
  for (PlannedSilence& one : planned) co_await set_silence(std::move(one));
}

net::Task<void> StackWatch::Impl::expire_silences() {
  for (const std::string& id : silences) co_await silence_api->expire_silence(id);
  silences.clear();
}

StackWatch::StackWatch(net::Loop& loop, WatchSetup setup)
    : impl_(std::make_unique<Impl>(loop, std::move(setup))) {}
StackWatch::~StackWatch() = default;

net::Task<void> StackWatch::run(std::vector<PlannedSilence> silences) {
  net::TaskGroup group(impl_->loop);
  group.spawn(impl_->poll_rules());
  group.spawn(impl_->poll_targets());
  group.spawn(impl_->poll_samples());
  if (impl_->alert_api) {
    group.spawn(impl_->poll_alerts());
    group.spawn(impl_->silence(std::move(silences)));
  }
  co_await group.join();
}

net::Task<void> StackWatch::finish() {
  Impl& s = *impl_;
  if (s.alert_api && s.alert_failures < kPatience) {
    co_await s.look_at_alerts();
    co_await s.expire_silences();
  }
  const int failures = std::max({s.rule_failures, s.target_failures, s.sample_failures});
  if (failures >= kPatience) co_return;
  const bool answers = co_await s.look_at_rules();
  if (!answers || s.rule_failures > 0) co_return;
  co_await s.look_at_targets();
  co_await s.read_samples();
  Result<std::map<std::string, FamilyInfo>> families = co_await s.rule_api.metadata();
  if (!families.has_error()) s.families = std::move(*families);
}

const std::string& StackWatch::trouble() const {
  return impl_->trouble;
}

const SampleTap& StackWatch::tap() const {
  return impl_->tap;
}

SampleTap& StackWatch::tap() {
  return impl_->tap;
}

const RuleWatch& StackWatch::rules() const {
  return impl_->rules;
}

const SuppressionWatch& StackWatch::suppressions() const {
  return impl_->suppressions;
}

const std::map<std::string, FamilyInfo>& StackWatch::families() const {
  return impl_->families;
}

Timestamp StackWatch::read_until() const {
  return impl_->read_until;
}

const std::vector<StackWatch::ScrapeTrouble>& StackWatch::scrape_troubles() const {
  return impl_->scrape_troubles;
}

}  // namespace tocsin::stack
