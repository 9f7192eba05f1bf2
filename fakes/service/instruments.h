#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fakes/service/bucket_split.h"
#include "fakes/service/chance.h"
#include "fakes/service/requests.h"
#include "fakes/service/series_table.h"
#include "fakes/service/signals.h"
#include "harness/scenario/scenario.h"

namespace tocsin::fakes {

/// What one request measured, in live runs; simulated ones draw buckets instead.
struct Measured {
  double latency = 0;  ///< seconds
  double request_bytes = 0;
  double response_bytes = 0;
};

/// The instruments of a target: turns counts of requests and signals into the values of its series.
/// Every instrument has a stream of chance of its own.
class Instruments {
 public:
  Instruments(const scenario::Target& target, const Requests& requests, Signals& signals,
              std::uint64_t seed, scenario::Noise noise, double grain = 1);

  /// Counts requests, at the signals as they are evaluated now.
  void count(std::span<const RequestCount> counts);
  /// Lets `seconds` pass for what the process, or its backend, counts.
  void pass(SeriesTable::Owner owner, double seconds);
  /// The backend has run for `seconds` already, as it runs now.
  void age_backend(double seconds);
  /// Counts the one request of `endpoint` in `counts`.
  void count_one(std::size_t endpoint, std::span<const RequestCount> counts,
                 const Measured& measured);
  /// A scrape: gauges and quantiles, at the signals as they are evaluated now.
  void read();
  /// The process, or its backend, starts anew.
  void reset(SeriesTable::Owner owner);
  /// Other faults: what never changed may do so now.
  void unsettle();

  const SeriesTable& table() const { return table_; }

 private:
  using Binding = scenario::InstrumentSeries::Binding;

  /// Where observations come from.
  struct Source {
    enum class Kind { kLatency, kRequestBytes, kResponseBytes, kSignal };
    Kind kind = Kind::kLatency;
    std::size_t index = 0;  ///< of the endpoint, or the distribution signal
  };

  /// One set of children: one for each value of the split labels, with its share. Histograms keep
  /// the state of their draws.
  struct Outlet {
    std::vector<SeriesTable::Child> children;
    std::vector<double> shares;
    Split split;
    std::vector<std::int64_t> counts;
    std::vector<BucketSplit> buckets;  ///< of histograms and summaries, one a child
    std::optional<BoundFormula> formula;
    double carry = 0;
  };

  /// A stream of events. Several outlets exclude each other whenever their formulas sum to 1 (hit
  /// and miss), so that together they count each event once.
  struct Flow {
    std::size_t instrument = 0;
    Binding binding = Binding::kValue;
    std::size_t endpoint = kAllEndpoints;
    std::vector<std::size_t> statuses;  ///< that count, by EndpointState
    bool fractional = false;
    bool observes = false;
    SeriesTable::Owner owner = SeriesTable::Owner::kProcess;
    bool settled = false;  ///< a gauge that has its value for good
    Source source;
    std::vector<Outlet> outlets;
    Split among;  ///< of several outlets
  };

  struct Instrument {
    const scenario::Instrument* spec = nullptr;
    std::size_t family = 0;
    Chance chance;
  };

  /// A summary's child and all that it observes.
  struct Summary {
    SeriesTable::Child child = 0;
    std::size_t instrument = 0;
    std::vector<Source> sources;
  };

  /// Children are exposed only while it is not zero.
  struct Condition {
    std::string text;
    BoundFormula formula;
    std::vector<SeriesTable::Child> children;
  };

  void bind(std::size_t instrument, const scenario::InstrumentSeries& series);
  void bind_endpoint(std::size_t instrument, const scenario::InstrumentSeries& series,
                     std::size_t endpoint);
  void add_flow(std::vector<Flow>& flows, Flow flow, const scenario::InstrumentSeries& series,
                const std::string& status);
  Outlet make_outlet(const Flow& flow, const scenario::InstrumentSeries& series,
                     const std::string& status);
  void add_condition(const scenario::Formula& formula, const Outlet& outlet);
  void read_conditions();
  bool is_steady(const Flow& flow) const;
  bool has_source(const Source& source) const;
  void find_summaries(const std::vector<Flow>& flows);

  void run(Flow& flow, const RequestCount& count, const Measured* measured);
  bool run_exclusive(Flow& flow, std::int64_t n);
  void run_outlet(Flow& flow, Outlet& outlet, std::int64_t n, const Measured* measured);
  void let_pass(Flow& flow, double seconds);
  void split_over_children(const Flow& flow, Outlet& outlet, std::int64_t n);
  void pour(const Flow& flow, Outlet& outlet, std::int64_t n);
  void observe(const Flow& flow, Outlet& outlet, std::int64_t n, const Measured* measured);
  void observe_value(SeriesTable::Child child, const Flow& flow, double value);
  MovedDistribution distribution(const Source& source) const;
  void read_quantiles(const Summary& summary);
  /// As many observations as are expected of the distribution as it is now.
  void observe_expected(SeriesTable::Child child, const Flow& flow, double n);

  const scenario::Target* target_;
  const Requests* requests_;
  Signals* signals_;
  SeriesTable table_;
  std::vector<Instrument> instruments_;
  std::vector<std::vector<Flow>> request_flows_;  ///< by endpoint
  std::vector<Flow> rate_flows_;
  std::vector<Flow> gauges_;
  std::vector<Flow> scrapes_;  ///< counters of scrapes
  std::vector<Condition> conditions_;
  std::vector<Summary> summaries_;
  double grain_;  ///< counts are this many times the events
  std::vector<double> amounts_;
  std::vector<std::int64_t> counts_;
};

}  // namespace tocsin::fakes
