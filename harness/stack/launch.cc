#include "harness/stack/launch.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/net/timer.h"
#include "harness/stack/phases.h"
#include "harness/stack/prometheus_api.h"
#include "harness/stack/server_process.h"

namespace tocsin::stack {
namespace {

/// How many variants are tried of each target and group; see phases.h.
constexpr std::size_t kTargetVariants = 6;
constexpr std::size_t kGroupVariants = 12;
/// Prometheus looks at its targets every five seconds; a busy machine takes longer.
constexpr Duration kScrapePatience = std::chrono::seconds(60);
/// How often phases are looked at when all are known: what came late once comes earlier then.
constexpr int kLooks = 6;
constexpr auto kScrapePoll = std::chrono::milliseconds(50);
/// From the choice of the start to the start: so that fakes and Prometheus learn of it in time.
constexpr auto kLead = std::chrono::milliseconds(700);
constexpr auto kStopPatience = std::chrono::seconds(10);
/// No evaluation before the run.
constexpr Duration kNever = std::chrono::hours(24 * 365);

/// The name of a scrape job or rule file's variant.
std::string variant_name(const std::string& what, std::size_t index, std::size_t variant) {
  return fmt::format("{}-{}-{}", what, index, variant);
}

/// The phase of `at`, unless `known` is the same phase and earlier.
std::int64_t earlier_phase(std::int64_t known, std::int64_t at, std::int64_t interval) {
  const std::int64_t phase = at % interval;
  if (known < 0) return phase;
  const std::int64_t later_by = (phase - known + interval) % interval;
  return later_by < interval / 2 ? known : phase;
}

}  // namespace

struct Launch::Impl {
  Impl(net::Loop& on, LaunchSetup with, RunFolder into)
      : loop(on), setup(std::move(with)), folder(std::move(into)) {}

  net::Task<Result<void>> start();
  net::Task<Result<void>> start_alertmanager();
  net::Task<Result<void>> start_prometheus();
  net::Task<Result<void>> learn_phases();
  net::Task<Result<bool>> look_at_phases();
  net::Task<Result<bool>> look_at_beat();
  net::Task<Result<void>> reload();
  Result<void> write_trial();
  Result<void> write_chosen(bool with_rules);
  Result<void> write_config(std::vector<ScrapeJob> jobs, std::vector<std::string> rule_files);
  std::vector<std::string> prometheus_arguments(const std::string& address) const;
  ScrapeJob job_of(std::size_t target, std::size_t variant) const;
  std::size_t variants_of(std::size_t target) const {
    return setup.targets[target].may_vary ? kTargetVariants : 1;
  }
  std::string rule_path(std::size_t group, std::size_t variant) const {
    return folder.path(variant_name("rules", group, variant) + ".yml");
  }
  Duration interval_of(const rules::RuleGroup& group) const {
    return group.interval.value_or(setup.evaluation_interval);
  }
  /// How long before the start it is told of the rules.
  Duration reload_lead() const { return setup.evaluation_interval / 4; }
  bool asked_to_stop() const { return setup.stop != nullptr && setup.stop->load(); }
  /// What to say in place of `error` when a program has ended meanwhile.
  Error explain(const Error& error);

  net::Loop& loop;
  LaunchSetup setup;
  RunFolder folder;
  std::optional<ServerProcess> alertmanager;
  std::optional<ServerProcess> prometheus;
  std::string alertmanager_url;
  std::string prometheus_url;
  std::unique_ptr<PrometheusApi> api;
  std::vector<Recurring> target_phases;
  std::vector<Recurring> group_phases;
  PhaseChoice choice;
  std::optional<Timestamp> beat;  ///< when Prometheus learnt of its Alertmanager
  bool in_trouble = false;
};

Error Launch::Impl::explain(const Error& error) {
  for (std::optional<ServerProcess>* server : {&prometheus, &alertmanager}) {
    if (!*server) continue;
    std::string words = (*server)->trouble();
    if (!words.empty()) return io_error(std::move(words));
  }
  return error;
}

net::Task<Result<void>> Launch::Impl::start() {
  Result<void> done = co_await start_alertmanager();
  if (done.has_error()) co_return done.error();
  done = co_await start_prometheus();
  if (done.has_error()) co_return done.error();
  done = co_await learn_phases();
  if (done.has_error()) co_return explain(done.error());
  choice = choose_phases(target_phases, group_phases, setup.evaluation_interval / 2);
  done = write_chosen(false);
  if (done.has_error()) co_return done.error();
  done = co_await reload();
  co_return done;
}

net::Task<Result<void>> Launch::Impl::start_alertmanager() {
  if (!setup.alertmanager) co_return Result<void>();
  const std::string config = folder.path("alertmanager.yml");
  auto written = write_file_atomically(config, setup.alertmanager_config);
  if (written.has_error()) co_return written.error();
  ServerSetup server;
  server.program = *setup.alertmanager;
  server.log = folder.path("alertmanager.log");
  server.folder = folder.path();
  server.stop = setup.stop;
  server.arguments = [&](const std::string& address) {
    return std::vector<std::string>{"--config.file=" + config,
                                    "--storage.path=" + folder.path("alertmanager"),
                                    "--web.listen-address=" + address, "--cluster.listen-address="};
  };
  auto started = co_await ServerProcess::start(loop, std::move(server));
  if (started.has_error()) co_return started.error();
  alertmanager = std::move(*started);
  alertmanager_url = alertmanager->url();
  co_return Result<void>();
}

std::vector<std::string> Launch::Impl::prometheus_arguments(const std::string& address) const {
  return {"--config.file=" + folder.path("prometheus.yml"),
          "--storage.tsdb.path=" + folder.path("prometheus"),
          "--web.listen-address=" + address,
          "--web.enable-lifecycle",
          "--web.enable-admin-api",
          "--query.lookback-delta=" + format_duration(setup.lookback),
          "--rules.alert.resend-delay=" + format_duration(setup.resend_delay),
          "--rules.alert.for-grace-period=" + format_duration(setup.for_grace_period),
          "--rules.alert.for-outage-tolerance=" + format_duration(setup.for_outage_tolerance)};
}

net::Task<Result<void>> Launch::Impl::start_prometheus() {
  auto written = write_trial();
  if (written.has_error()) co_return written.error();
  ServerSetup server;
  server.program = setup.prometheus;
  server.log = folder.path("prometheus.log");
  server.folder = folder.path();
  server.stop = setup.stop;
  server.arguments = [&](const std::string& address) { return prometheus_arguments(address); };
  auto started = co_await ServerProcess::start(loop, std::move(server));
  if (started.has_error()) co_return started.error();
  prometheus = std::move(*started);
  prometheus_url = prometheus->url();
  ApiOptions options;
  options.name = "Prometheus";
  options.url = *http::parse_url(prometheus_url);
  api = std::make_unique<PrometheusApi>(loop, std::move(options));
  co_return Result<void>();
}

ScrapeJob Launch::Impl::job_of(std::size_t target, std::size_t variant) const {
  ScrapeJob job = setup.targets[target].job;
  job.name = variant_name(job.name, target, variant);
  job.labels.emplace_back("__tocsin_variant__", std::to_string(variant));
  return job;
}

/// All variants of targets; all variants of groups, without their rules; and the rules themselves,
/// never evaluated, so that Prometheus says now what it does not like about them.
Result<void> Launch::Impl::write_trial() {
  std::vector<ScrapeJob> jobs;
  for (std::size_t t = 0; t < setup.targets.size(); ++t) {
    for (std::size_t v = 0; v < variants_of(t); ++v) jobs.push_back(job_of(t, v));
  }
  std::vector<std::string> files;
  for (std::size_t g = 0; g < setup.groups.size(); ++g) {
    const rules::RuleGroup& group = *setup.groups[g];
    for (std::size_t v = 0; v < kGroupVariants; ++v) {
      files.push_back(rule_path(g, v));
      TRY_VOID(
          write_file_atomically(files.back(), idle_group_file(group.name, interval_of(group))));
    }
    files.push_back(folder.path(variant_name("rules", g, kGroupVariants) + "-checked.yml"));
    TRY_VOID(write_file_atomically(files.back(), rule_group_file(group, kNever)));
  }
  return write_config(std::move(jobs), std::move(files));
}

Result<void> Launch::Impl::write_chosen(bool with_rules) {
  std::vector<ScrapeJob> jobs;
  for (std::size_t t = 0; t < setup.targets.size(); ++t)
    jobs.push_back(job_of(t, choice.targets[t]));
  std::vector<std::string> files;
  for (std::size_t g = 0; with_rules && g < setup.groups.size(); ++g) {
    files.push_back(rule_path(g, choice.groups[g]));
    TRY_VOID(write_file_atomically(files.back(), rule_group_file(*setup.groups[g])));
  }
  return write_config(std::move(jobs), std::move(files));
}

Result<void> Launch::Impl::write_config(std::vector<ScrapeJob> jobs,
                                        std::vector<std::string> rule_files) {
  PrometheusSetup config;
  config.jobs = std::move(jobs);
  config.rule_files = std::move(rule_files);
  config.evaluation_interval = setup.evaluation_interval;
  config.external_labels = setup.external_labels;
  config.unsent_alerts = setup.unsent_alerts;
  config.alertmanager = alertmanager_url;
  return write_file_atomically(folder.path("prometheus.yml"), prometheus_config(config));
}

net::Task<Result<void>> Launch::Impl::reload() {
  Result<void> done = co_await api->reload();
  if (!done.has_error()) co_return done;
  const Error error = explain(done.error());
  if (error.message != done.error().message) co_return error;
  co_return io_error(
      fmt::format("{}; it says: {}", error.message, prometheus->child().own_words()));
}

/// Until every variant of every target has been scraped, and every group's evaluated.
net::Task<Result<void>> Launch::Impl::learn_phases() {
  for (std::size_t t = 0; t < setup.targets.size(); ++t) {
    target_phases.push_back(
        {setup.targets[t].job.interval, std::vector<std::int64_t>(variants_of(t), -1)});
  }
  for (const rules::RuleGroup* group : setup.groups) {
    group_phases.push_back({interval_of(*group), std::vector<std::int64_t>(kGroupVariants, -1)});
  }
  Duration longest{0};
  for (const Recurring& what : target_phases) longest = std::max(longest, what.interval);
  for (const Recurring& what : group_phases) longest = std::max(longest, what.interval);
  const Nanos deadline = net::deadline_in(Nanos(kScrapePatience + 2 * longest));
  for (int looks = 0; looks < kLooks;) {
    Result<bool> beaten = co_await look_at_beat();
    if (beaten.has_error()) co_return beaten.error();
    Result<bool> known = co_await look_at_phases();
    if (known.has_error()) co_return known.error();
    if (*known && *beaten) ++looks;
    if (loop.now() > deadline) {
      co_return timed_out(
          fmt::format("Prometheus did not scrape every target and evaluate every group "
                      "within {}; it said last: {}",
                      format_duration(kScrapePatience), prometheus->child().last_lines()));
    }
    if (asked_to_stop()) co_return cancelled();
    if (prometheus->child().ended()) co_return io_error("Prometheus ended");
    const bool slept = co_await net::sleep_for(kScrapePoll);
    if (!slept) co_return cancelled();
  }
  co_return Result<void>();
}

/// Whether the discovery's beat is known, or does not matter.
net::Task<Result<bool>> Launch::Impl::look_at_beat() {
  if (beat || !alertmanager) co_return true;
  Result<std::size_t> count = co_await api->alertmanagers();
  if (count.has_error()) co_return count.error();
  if (*count > 0) beat = system_clock().now();
  co_return *count > 0;
}

/// Whether all are known.
net::Task<Result<bool>> Launch::Impl::look_at_phases() {
  Result<std::vector<TargetStatus>> targets = co_await api->targets();
  if (targets.has_error()) co_return targets.error();
  Result<std::vector<GroupStatus>> groups = co_await api->rules();
  if (groups.has_error()) co_return groups.error();
  bool all = true;
  const auto note = [&](Recurring& what, std::size_t variant, std::optional<Timestamp> at) {
    std::int64_t& known = what.phases[variant];
    if (at) known = earlier_phase(known, to_ms(*at), what.interval.count());
    all = all && known >= 0;
  };
  for (std::size_t t = 0; t < target_phases.size(); ++t) {
    for (std::size_t v = 0; v < target_phases[t].phases.size(); ++v) {
      const std::string name = job_of(t, v).name;
      const auto it = std::find_if(targets->begin(), targets->end(),
                                   [&](const TargetStatus& status) { return status.pool == name; });
      note(target_phases[t], v, it == targets->end() ? std::nullopt : it->last_scrape);
    }
  }
  for (std::size_t g = 0; g < group_phases.size(); ++g) {
    for (std::size_t v = 0; v < kGroupVariants; ++v) {
      const std::string path = rule_path(g, v);
      const auto it = std::find_if(groups->begin(), groups->end(),
                                   [&](const GroupStatus& status) { return status.file == path; });
      note(group_phases[g], v, it == groups->end() ? std::nullopt : it->last_evaluation);
    }
  }
  co_return all;
}

Launch::Launch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Launch::~Launch() {
  stop();
}

net::Task<Result<std::unique_ptr<Launch>>> Launch::start(net::Loop& loop, LaunchSetup setup,
                                                         RunFolder folder) {
  auto impl = std::make_unique<Impl>(loop, std::move(setup), std::move(folder));
  std::unique_ptr<Launch> launch(new Launch(std::move(impl)));
  Result<void> started = co_await launch->impl_->start();
  if (started.has_error()) {
    Error error = started.error();
    launch->impl_->in_trouble = error.kind != ErrorKind::kCancelled;
    const std::string kept = launch->stop();
    if (!kept.empty()) error.hints.push_back("logs and configuration are in " + kept);
    co_return error;
  }
  co_return launch;
}

const std::string& Launch::prometheus_url() const {
  return impl_->prometheus_url;
}

const std::string& Launch::alertmanager_url() const {
  return impl_->alertmanager_url;
}

Timestamp Launch::choose_start() const {
  const Timestamp soon = system_clock().now() + kLead;
  if (!impl_->beat) return next_start(impl_->choice, soon);
  return next_start_on_beat(impl_->choice, soon, impl_->reload_lead(), *impl_->beat);
}

net::Task<Result<void>> Launch::begin_at(Timestamp start) {
  Result<void> done = impl_->write_chosen(true);
  if (done.has_error()) co_return done.error();
  // The first evaluation after this is the first after the start; what is scraped before it counts
  // for nothing.
  const auto until = [&](Timestamp at) { return impl_->loop.now() + (at - system_clock().now()); };
  co_await net::sleep_until(until(start) - impl_->reload_lead());
  done = co_await impl_->api->forget(start - Duration(1));
  if (done.has_error()) co_return impl_->explain(done.error());
  done = co_await impl_->reload();
  if (done.has_error()) co_return done.error();
  co_await net::sleep_until(until(start));
  co_return Result<void>();
}

std::string Launch::trouble() {
  for (std::optional<ServerProcess>* server : {&impl_->prometheus, &impl_->alertmanager}) {
    if (!*server) continue;
    std::string words = (*server)->trouble();
    if (words.empty()) continue;
    impl_->in_trouble = true;
    return words;
  }
  return {};
}

void Launch::keep_logs() {
  impl_->setup.keep_logs = true;
}

std::string Launch::stop() {
  // Prometheus first, so that it does not complain about an Alertmanager that is gone.
  if (impl_->prometheus) impl_->prometheus->child().stop(kStopPatience);
  if (impl_->alertmanager) impl_->alertmanager->child().stop(kStopPatience);
  if (!impl_->in_trouble && !impl_->setup.keep_logs) return {};
  impl_->folder.keep();
  return impl_->folder.path();
}

}  // namespace tocsin::stack
