#include "fakes/service/model.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "fakes/service/instruments.h"
#include "fakes/service/live_meter.h"
#include "fakes/service/load_record.h"
#include "fakes/service/requests.h"
#include "fakes/service/signals.h"
#include "harness/base/check.h"

namespace tocsin::fakes {
namespace {

/// Live runs: signals that requests depend on are this old at most.
constexpr Duration kFresh = std::chrono::milliseconds(200);

/// End of the phases that warm up before anything is measured.
Duration measured_from(const traffic::Traffic& traffic) {
  Duration from{0};
  for (const traffic::Phase& phase : traffic.phases) {
    if (!phase.warm_up) break;
    from += phase.length;
  }
  return from;
}

/// A slice holds histograms of each endpoint, tens of kilobytes; a day of short ones would take
/// gigabytes.
Duration slice_length(const ModelOptions& options, std::size_t endpoints) {
  constexpr std::int64_t kMostHistograms = 1200;
  const std::int64_t most =
      std::clamp<std::int64_t>(kMostHistograms / static_cast<std::int64_t>(endpoints + 1), 60, 300);
  const Duration total = options.traffic->length();
  const std::int64_t of_them = total / (options.load_slice * most) + 1;
  return options.load_slice * of_them;
}

}  // namespace

struct TargetModel::Impl {
  Impl(const scenario::Target& its_target, const faults::FaultTimeline& timeline,
       const ModelOptions& its_options)
      : target(its_target),
        faults(&timeline),
        options(its_options),
        requests(target, timeline, options.traffic, options.seed, options.noise, options.grain),
        signals(target, requests, timeline, options.seed, options.noise,
                [this]() -> Signals& { return service().impl_->signals; }),
        instruments(target, requests, signals, options.seed, options.noise, options.grain),
        requests_chance(options.seed, target.name + "/live", options.noise) {
    find_boundaries();
    bind_manner();
    begin_backend();
    if (options.traffic == nullptr || options.load_slice <= Duration(0)) return;
    load.emplace(requests, target.name, options.start, measured_from(*options.traffic),
                 slice_length(options, target.endpoints.size()), options.seed, options.noise);
  }

  bool live() const { return options.traffic == nullptr && !target.endpoints.empty(); }
  Nanos clock(Duration offset) const {
    return Nanos(std::llround(static_cast<double>(Nanos(offset).count()) / options.time_scale));
  }

  TargetModel& service();
  void find_boundaries();
  void bind_manner();
  void begin_backend();
  Duration next_boundary() const;
  Duration started(Duration offset) const;
  double wall_seconds(Duration offset) const;
  bool backend_runs() const;
  void evaluate(Duration offset, bool recovering = false);
  void read(Duration offset);
  void freshen(Duration offset);
  void advance(Duration to);
  void pass(Duration from, Duration to);
  bool notice_backend(Duration at);
  void pass_backend(Duration from, double seconds);
  void record_load(Duration from, std::span<const RequestCount> counts,
                   const std::optional<faults::TargetFault>& fault);

  const scenario::Target& target;
  const faults::FaultTimeline* faults;
  ModelOptions options;
  // The service as an exporter that reads it works it out, when it does.
  std::unique_ptr<const scenario::Target> shadowed;
  std::unique_ptr<TargetModel> shadow;
  Requests requests;
  Signals signals;
  Instruments instruments;
  std::optional<LoadRecord> load;

  Duration now{0};
  std::vector<Duration> boundaries;  ///< of faults and phases, ascending
  std::vector<Duration> restarts;    ///< that the timeline asks for, ascending
  std::vector<Duration> happened;    ///< restarts that it does not, or no longer, ask for

  // Of an exporter's backend.
  std::optional<BoundFormula> backend_up;
  Duration backend_started{0};
  bool backend_ran = true;    ///< until now
  bool scraped_down = false;  ///< the last scrape found it down

  // How scrapes are answered.
  std::optional<BoundFormula> delay;
  std::optional<BoundFormula> hangs;
  std::optional<BoundFormula> fails;

  Chance requests_chance;  ///< latencies and sizes of live requests
  LiveMeter meter;
  std::int64_t in_flight = 0;
  std::optional<Duration> evaluated_at;
};

/// Of an exporter: what its formulas read as service.NAME. A model of its own, moved along with
/// this one, gives the same values as the service's does and leaves that one's draws alone.
TargetModel& TargetModel::Impl::service() {
  if (options.service != nullptr) return *options.service;
  if (shadow == nullptr) {
    TOCSIN_CHECK(target.service, "only exporters read the service's signals");
    auto bare = std::make_unique<scenario::Target>(*target.service);
    bare->instruments.clear();
    bare->health.clear();
    bare->admin.clear();
    shadowed = std::move(bare);
    ModelOptions its = options;
    its.load_slice = Duration(0);
    shadow = std::make_unique<TargetModel>(*shadowed, *faults, its);
  }
  return *shadow;
}

void TargetModel::Impl::find_boundaries() {
  boundaries = faults->change_points();
  const Requests& of_service = shadow ? shadow->impl_->requests : requests;
  const std::vector<Duration> phases = of_service.boundaries();
  boundaries.insert(boundaries.end(), phases.begin(), phases.end());
  std::sort(boundaries.begin(), boundaries.end());
  restarts = faults->restarts(target.name);
}

Duration TargetModel::Impl::next_boundary() const {
  const auto next = std::upper_bound(boundaries.begin(), boundaries.end(), now);
  return next != boundaries.end() ? *next : Duration::max();
}

void TargetModel::Impl::bind_manner() {
  const scenario::ScrapeAnswer& answer = target.answer;
  if (answer.delay) delay.emplace(*answer.delay, signals);
  if (answer.hangs) hangs.emplace(*answer.hangs, signals);
  if (answer.fails) fails.emplace(*answer.fails, signals);
}

/// Its counters are those of all the time that it has run, before any fault.
void TargetModel::Impl::begin_backend() {
  if (!target.backend) return;
  if (target.backend->up) backend_up.emplace(*target.backend->up, signals);
  backend_started = -target.backend->age;
  evaluate(Duration(-1));
  instruments.age_backend(to_seconds(target.backend->age));
}

bool TargetModel::Impl::backend_runs() const {
  return !backend_up || backend_up->evaluate(signals) != 0;
}

double TargetModel::Impl::wall_seconds(Duration offset) const {
  return to_seconds(options.start.time_since_epoch()) + to_seconds(clock(offset));
}

Duration TargetModel::Impl::started(Duration offset) const {
  Duration started{0};
  const auto after = std::upper_bound(restarts.begin(), restarts.end(), offset);
  if (after != restarts.begin()) started = *std::prev(after);
  for (const Duration at : happened) {
    if (at <= offset) started = std::max(started, at);
  }
  return started;
}

void TargetModel::Impl::evaluate(Duration offset, bool recovering) {
  if (live()) requests.measured(meter.rate(clock(offset)), static_cast<double>(in_flight));
  Moment moment;
  moment.offset = offset;
  moment.uptime = offset - started(offset);
  moment.backend_uptime = offset - backend_started;
  moment.now = wall_seconds(offset);
  moment.started = wall_seconds(started(offset));
  // What it ran for before is not scaled.
  moment.backend_started = backend_started < Duration(0)
                               ? wall_seconds(Duration(0)) + to_seconds(backend_started)
                               : wall_seconds(backend_started);
  moment.recovering = recovering;
  if (signals.reads_service()) {
    // What grows there must have grown as far as here.
    service().advance(shadow ? now : offset);
    service().impl_->evaluate(offset);
  }
  signals.evaluate(moment);
  evaluated_at = offset;
}

void TargetModel::Impl::read(Duration offset) {
  advance(offset);
  evaluate(offset, scraped_down);
  // At the very moment at which it is back.
  if (target.backend && notice_backend(offset)) evaluate(offset, scraped_down);
  instruments.read();
  if (backend_up) scraped_down = !backend_runs();
}

void TargetModel::Impl::freshen(Duration offset) {
  if (offset >= next_boundary()) advance(offset);
  const bool fresh = evaluated_at && *evaluated_at >= now && offset >= *evaluated_at &&
                     offset - *evaluated_at < kFresh;
  if (!fresh) evaluate(offset);
}

void TargetModel::Impl::advance(Duration to) {
  while (now < to) {
    Duration next = std::min(to, next_boundary());
    if (load) next = std::min(next, now + load->slice() - now % load->slice());
    pass(now, next);
    now = next;
    if (std::binary_search(restarts.begin(), restarts.end(), now)) {
      instruments.reset(SeriesTable::Owner::kProcess);
    }
  }
}

/// A stretch in which nothing begins or ends: what grows or falls in a straight line is taken at
/// its middle.
void TargetModel::Impl::pass(Duration from, Duration to) {
  const Duration middle = from + (to - from) / 2;
  evaluate(middle);
  const auto fault = faults->target_fault(target.name, middle);
  const bool answers = !fault || (fault->kind != faults::TargetFaultKind::kDown &&
                                  fault->kind != faults::TargetFaultKind::kHang);
  std::span<const RequestCount> counts;
  if (options.traffic != nullptr) counts = requests.draw(from, to);
  const double seconds = to_seconds(clock(to) - clock(from));
  if (answers) {
    instruments.count(counts);
    instruments.pass(SeriesTable::Owner::kProcess, seconds);
  }
  if (target.backend) pass_backend(from, seconds);
  signals.let_pass(seconds);
  if (load) record_load(from, counts, answers ? std::nullopt : fault);
}

/// Whether it has just come back, which is a restart.
bool TargetModel::Impl::notice_backend(Duration at) {
  const bool runs = backend_runs();
  const bool back = runs && !backend_ran;
  backend_ran = runs;
  if (!back) return false;
  backend_started = at;
  if (!target.backend->keeps_counters) instruments.reset(SeriesTable::Owner::kBackend);
  if (target.backend->takes_exporter) {
    happened.push_back(at);
    instruments.reset(SeriesTable::Owner::kProcess);
  }
  return true;
}

void TargetModel::Impl::pass_backend(Duration from, double seconds) {
  notice_backend(from);
  if (backend_ran) instruments.pass(SeriesTable::Owner::kBackend, seconds);
}

void TargetModel::Impl::record_load(Duration from, std::span<const RequestCount> counts,
                                    const std::optional<faults::TargetFault>& fault) {
  const traffic::Phase* phase = requests.phase_at(from);
  if (phase == nullptr || phase->warm_up) return;
  if (!fault) {
    load->answered(from, counts);
  } else {
    const bool down = fault->kind == faults::TargetFaultKind::kDown;
    load->unanswered(from, counts, down ? "connection refused" : "timeout");
  }
}

TargetModel::TargetModel(const scenario::Target& target, const faults::FaultTimeline& faults,
                         ModelOptions options)
    : impl_(std::make_unique<Impl>(target, faults, options)) {}

TargetModel::~TargetModel() = default;
TargetModel::TargetModel(TargetModel&&) noexcept = default;
TargetModel& TargetModel::operator=(TargetModel&&) noexcept = default;

const scenario::Target& TargetModel::target() const {
  return impl_->target;
}

void TargetModel::advance(Duration to) {
  impl_->advance(to);
}

std::span<const double> TargetModel::read(Duration offset) {
  impl_->read(offset);
  return values();
}

std::span<const double> TargetModel::values() const {
  return impl_->instruments.table().values();
}

const std::vector<Labels>& TargetModel::series() const {
  return impl_->instruments.table().series();
}

const std::vector<FamilyInfo>& TargetModel::families() const {
  return impl_->instruments.table().families();
}

ScrapeManner TargetModel::scrape_manner(Duration offset) {
  Impl& s = *impl_;
  ScrapeManner manner;
  if (!s.delay && !s.hangs && !s.fails) return manner;
  s.evaluate(offset);
  if (s.delay) {
    const double seconds = std::clamp(s.delay->evaluate(s.signals), 0.0, 86400.0);
    manner.delay = Duration(std::llround(seconds * 1000));
  }
  manner.hangs = s.hangs && s.hangs->evaluate(s.signals) != 0;
  manner.fails = s.fails && s.fails->evaluate(s.signals) != 0;
  return manner;
}

std::vector<metrics::FamilySamples> TargetModel::expose(Duration offset) {
  read(offset);
  return impl_->instruments.table().by_family();
}

HealthAnswer TargetModel::health(const scenario::HealthEndpoint& endpoint, Duration offset,
                                 Timestamp now) {
  impl_->evaluate(offset);
  return answer_health(endpoint, impl_->signals, now);
}

std::string TargetModel::answer(const scenario::AdminEndpoint& endpoint, Duration offset,
                                Timestamp now) {
  impl_->evaluate(offset);
  return answer_body(endpoint, impl_->signals, now);
}

double TargetModel::signal(std::string_view name, Duration offset) {
  impl_->signals.slot(name);
  impl_->evaluate(offset);
  return impl_->signals.value(name);
}

void TargetModel::set_start(Timestamp start) {
  impl_->options.start = start;
}

void TargetModel::restart(Duration at) {
  impl_->advance(at);
  impl_->happened.push_back(at);
  impl_->instruments.reset(SeriesTable::Owner::kProcess);
  impl_->in_flight = 0;
}

void TargetModel::set_faults(const faults::FaultTimeline& faults) {
  Impl& s = *impl_;
  const Duration at = s.now;
  const auto down = [&](const faults::FaultTimeline& timeline) {
    const auto fault = timeline.target_fault(s.target.name, at);
    return fault && fault->kind == faults::TargetFaultKind::kDown;
  };
  const std::vector<Duration> asked_for = faults.restarts(s.target.name);
  const bool is_new = std::any_of(asked_for.begin(), asked_for.end(), [&](Duration restart) {
    return restart <= at && !std::binary_search(s.restarts.begin(), s.restarts.end(), restart);
  });
  const bool comes_up = down(*s.faults) && !down(faults);
  for (const Duration restart : s.restarts) {
    if (restart <= at) s.happened.push_back(restart);
  }
  s.faults = &faults;
  if (s.shadow) s.shadow->set_faults(faults);
  s.requests.set_faults(faults);
  s.signals.set_faults(faults);
  s.instruments.unsettle();
  s.find_boundaries();
  s.evaluated_at.reset();
  if (comes_up || is_new) restart(at);
}

LoadResult TargetModel::load() const {
  TOCSIN_CHECK(impl_->load, "a load result was asked for when the model was made");
  const Duration end = impl_->options.traffic->length();
  return impl_->load->result(std::min(impl_->now, end));
}

RequestOutcome TargetModel::begin_request(std::size_t endpoint, Duration offset) {
  Impl& s = *impl_;
  ++s.in_flight;
  s.meter.add(s.clock(offset));
  s.freshen(offset);
  const EndpointState& state = s.requests.endpoints()[endpoint];
  const auto size = [&](const std::optional<Distribution>& bytes) {
    return bytes ? static_cast<std::size_t>(bytes->quantile(s.requests_chance.uniform())) : 0;
  };
  RequestOutcome outcome{.endpoint = endpoint};
  outcome.status = state.statuses[s.requests.draw_status(endpoint)];
  const double seconds = state.moved_latency().quantile(s.requests_chance.uniform());
  outcome.latency = Nanos(std::llround(std::min(seconds, 1e6) * 1e9));
  outcome.request_bytes = size(state.request_bytes);
  outcome.response_bytes = size(state.response_bytes);
  return outcome;
}

void TargetModel::finish_request(const RequestOutcome& outcome, Duration offset) {
  Impl& s = *impl_;
  abandon_request(outcome);
  s.freshen(offset);
  const std::vector<int>& statuses = s.requests.endpoints()[outcome.endpoint].statuses;
  const auto status = std::find(statuses.begin(), statuses.end(), outcome.status);
  TOCSIN_CHECK(status != statuses.end(), "an outcome comes from begin_request");
  const auto index = static_cast<std::size_t>(status - statuses.begin());
  s.instruments.count_one(outcome.endpoint, s.requests.single(outcome.endpoint, index),
                          {.latency = to_seconds(outcome.latency),
                           .request_bytes = static_cast<double>(outcome.request_bytes),
                           .response_bytes = static_cast<double>(outcome.response_bytes)});
}

void TargetModel::abandon_request(const RequestOutcome&) {
  if (impl_->in_flight > 0) --impl_->in_flight;
}

}  // namespace tocsin::fakes
