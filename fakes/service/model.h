#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "fakes/service/health.h"
#include "harness/base/time.h"
#include "harness/faults/timeline.h"
#include "harness/metrics/exposition.h"
#include "harness/model/evidence.h"
#include "harness/model/labels.h"
#include "harness/model/series.h"
#include "harness/scenario/scenario.h"

namespace tocsin::fakes {

class TargetModel;

struct ModelOptions {
  std::uint64_t seed = 1;
  scenario::Noise noise = scenario::Noise::kRandom;
  /// Wall-clock time of offset 0, for the load result.
  Timestamp start = {};
  /// Simulated runs: the load that the service answers, also for exporters, which may read its
  /// signals. Null in live runs, where requests are real. Must outlive the model.
  const traffic::Traffic* traffic = nullptr;
  /// Of exporters in live runs: the service's own model, whose signals their formulas read as
  /// service.NAME. Must outlive the model. Null: an exporter that reads them works them out itself.
  TargetModel* service = nullptr;
  /// Length of the load result's slices, or in long runs a multiple of it, so that there are a few
  /// hundred at most; zero keeps no load result.
  Duration load_slice{0};
  /// Live runs: offsets run this much faster than the clock. Rates (`rate:` instruments,
  /// request_rate) are per second of the clock; uptime is in scenario time.
  double time_scale = 1;
  /// Simulated runs without noise: events are counted in parts of 1/grain instead of whole ones, so
  /// that counters show expected values nearly as they are.
  double grain = 1;
};

/// How a scrape is answered when nothing is wrong with the exporter's own process.
struct ScrapeManner {
  Duration delay{0};
  bool hangs = false;
  bool fails = false;  ///< HTTP 500, with the target's `answer.failure` as the body
};

/// One request of a live run.
struct RequestOutcome {
  std::size_t endpoint = 0;  ///< index into the target's endpoints
  int status = 200;
  Nanos latency{0};
  std::size_t request_bytes = 0;
  std::size_t response_bytes = 0;
};

/// The model of one scraped process, the service or an exporter (a target without endpoints): what
/// its requests come to, what its metrics and health endpoints show. One model for simulated and
/// live runs.
///
/// Offsets are scenario time since the run's start and never go back in advance() and read(). The
/// timeline's restarts (and the end of `down`) happen by themselves; while the target is down or
/// hangs nothing is counted. The same seed gives the same numbers; every endpoint, signal and
/// instrument draws from a stream of its own, so adding one leaves the others as they were.
///
/// Not safe to share between threads. Target and timeline must outlive the model.
class TargetModel {
 public:
  TargetModel(const scenario::Target& target, const faults::FaultTimeline& faults,
              ModelOptions options);
  ~TargetModel();
  TargetModel(TargetModel&&) noexcept;
  TargetModel& operator=(TargetModel&&) noexcept;

  const scenario::Target& target() const;

  /// Lets time pass until `to`. Costs the number of series, whatever the request rate.
  void advance(Duration to);

  /// A scrape at `offset`: advances, evaluates gauges, and returns values(): one value for each of
  /// series(), or stale_marker() for a series that is not exposed now (a labelled counter that has
  /// not been used since the last restart). Valid until the next call.
  ///
  /// As client libraries do, series with a status label appear with their first request; all others
  /// are there from the start, at zero.
  std::span<const double> read(Duration offset);
  std::span<const double> values() const;

  /// What the values are of: metric name and labels as exposed, without the target's own labels
  /// (job, instance), which a scrape adds. Only ever grows at its end, so an index, once bound to a
  /// series of a store, stays good.
  const std::vector<Labels>& series() const;
  /// In the order of the system file.
  const std::vector<FamilyInfo>& families() const;

  /// What a scrape at `offset` would meet; any offset, does not advance.
  ScrapeManner scrape_manner(Duration offset);

  /// The page of a scrape at `offset`, for metrics/exposition_writer.h: read(), by family.
  std::vector<metrics::FamilySamples> expose(Duration offset);

  /// Any offset, in any order; does not advance. `now` is what the body's timestamp shows.
  HealthAnswer health(const scenario::HealthEndpoint& endpoint, Duration offset, Timestamp now);

  /// The body of an admin endpoint's answer, likewise. What the call brings is not made here.
  std::string answer(const scenario::AdminEndpoint& endpoint, Duration offset, Timestamp now);

  /// A signal's value at an offset, as health sees it; NaN for an unknown name.
  double signal(std::string_view name, Duration offset);

  /// The wall-clock time of the run's start, when it was not known before.
  void set_start(Timestamp start);

  /// A restart that no fault of the timeline asks for: counters begin at zero, uptime too.
  void restart(Duration at);

  /// Other faults from the last advance() on. What was down and is so no more restarts, and so does
  /// what a new fault has restarted by now. Must outlive the model as well.
  void set_faults(const faults::FaultTimeline& faults);

  /// What a load generator would have seen until now; empty slices are there too. Warm-up phases
  /// are left out. Needs `traffic` and `load_slice`.
  LoadResult load() const;

  /// Live runs: what a request that begins now comes to; it counts as in flight until it is
  /// finished, and in the metrics from then on.
  RequestOutcome begin_request(std::size_t endpoint, Duration offset);
  void finish_request(const RequestOutcome& outcome, Duration offset);
  /// The client went away before the answer: in flight no more, counted nowhere.
  void abandon_request(const RequestOutcome& outcome);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::fakes
