#include "fakes/service/instruments.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/check.h"

namespace tocsin::fakes {
namespace {

using scenario::InstrumentLabel;
using scenario::InstrumentSeries;

bool is_observed(MetricType type) {
  return type == MetricType::kHistogram || type == MetricType::kSummary;
}

bool has_label(const InstrumentSeries& series, InstrumentLabel::Kind kind) {
  return std::any_of(series.labels.begin(), series.labels.end(),
                     [&](const InstrumentLabel& label) { return label.kind == kind; });
}

/// "5xx" or "404".
bool matches(const std::string& pattern, int status) {
  const std::string code = std::to_string(status);
  if (pattern.size() != code.size()) return false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const bool any = i > 0 && (pattern[i] == 'x' || pattern[i] == 'X');
    if (!any && pattern[i] != code[i]) return false;
  }
  return true;
}

bool counts_status(const InstrumentSeries& series, int status) {
  return series.only_statuses.empty() ||
         std::any_of(series.only_statuses.begin(), series.only_statuses.end(),
                     [&](const std::string& pattern) { return matches(pattern, status); });
}

SeriesTable::Owner owner_of(const scenario::Instrument& instrument) {
  return instrument.of_backend ? SeriesTable::Owner::kBackend : SeriesTable::Owner::kProcess;
}

/// Every combination of the values of split labels, with the product of their shares.
struct Combination {
  Labels labels;
  double share = 1;
};

std::vector<Combination> combinations(const InstrumentSeries& series) {
  std::vector<Combination> all(1);
  for (const InstrumentLabel& label : series.labels) {
    if (label.kind != InstrumentLabel::Kind::kSplit) continue;
    std::vector<Combination> longer;
    for (const Combination& combination : all) {
      for (const auto& [value, share] : label.split) {
        longer.push_back({combination.labels.with(label.name, value), combination.share * share});
      }
    }
    all = std::move(longer);
  }
  return all;
}

}  // namespace

Instruments::Instruments(const scenario::Target& target, const Requests& requests, Signals& signals,
                         std::uint64_t seed, scenario::Noise noise, double grain)
    : target_(&target),
      requests_(&requests),
      signals_(&signals),
      request_flows_(target.endpoints.size()),
      grain_(grain) {
  for (const scenario::Instrument& spec : target.instruments) {
    const std::size_t index = instruments_.size();
    instruments_.push_back({.spec = &spec,
                            .family = table_.add_family(spec),
                            .chance = Chance(seed, target.name + "/" + spec.family.name, noise)});
    for (const InstrumentSeries& series : spec.series) bind(index, series);
  }
  for (const std::vector<Flow>& flows : request_flows_) find_summaries(flows);
  find_summaries(rate_flows_);
}

void Instruments::bind(std::size_t instrument, const InstrumentSeries& series) {
  Flow flow{.instrument = instrument,
            .binding = series.binding,
            .statuses = {},
            .fractional = series.fractional,
            .observes = is_observed(instruments_[instrument].spec->family.type),
            .owner = owner_of(*instruments_[instrument].spec),
            .source = {},
            .outlets = {},
            .among = {}};
  switch (series.binding) {
    case Binding::kValue: {
      const bool by_endpoint = has_label(series, InstrumentLabel::Kind::kEndpoint) ||
                               has_label(series, InstrumentLabel::Kind::kMethod);
      if (!by_endpoint) {
        add_flow(gauges_, std::move(flow), series, "");
        return;
      }
      for (flow.endpoint = 0; flow.endpoint < target_->endpoints.size(); ++flow.endpoint) {
        add_flow(gauges_, flow, series, "");
      }
      return;
    }
    case Binding::kRate:
      if (flow.observes) {
        flow.source = {Source::Kind::kSignal, signals_->distribution(series.distribution)};
      }
      add_flow(rate_flows_, std::move(flow), series, "");
      return;
    case Binding::kScrapes:
      add_flow(scrapes_, std::move(flow), series, "");
      return;
    case Binding::kRequests:
    case Binding::kRequestLatency:
    case Binding::kRequestBytes:
    case Binding::kResponseBytes:
    case Binding::kPerRequest:
      for (std::size_t i = 0; i < target_->endpoints.size(); ++i) {
        const bool meant =
            series.only_endpoint.empty() || series.only_endpoint == target_->endpoints[i].name;
        if (meant) bind_endpoint(instrument, series, i);
      }
      return;
  }
}

void Instruments::bind_endpoint(std::size_t instrument, const InstrumentSeries& series,
                                std::size_t endpoint) {
  Flow flow{.instrument = instrument,
            .binding = series.binding,
            .endpoint = endpoint,
            .statuses = {},
            .fractional = series.fractional,
            .observes = is_observed(instruments_[instrument].spec->family.type),
            .owner = SeriesTable::Owner::kProcess,
            .source = {Source::Kind::kLatency, endpoint},
            .outlets = {},
            .among = {}};
  if (series.binding == Binding::kRequestBytes) flow.source.kind = Source::Kind::kRequestBytes;
  if (series.binding == Binding::kResponseBytes) flow.source.kind = Source::Kind::kResponseBytes;
  if (series.binding == Binding::kPerRequest && flow.observes) {
    flow.source = {Source::Kind::kSignal, signals_->distribution(series.distribution)};
  }
  if (flow.observes && !has_source(flow.source)) return;

  const std::vector<int>& statuses = requests_->endpoints()[endpoint].statuses;
  const bool by_status = has_label(series, InstrumentLabel::Kind::kStatus);
  for (std::size_t s = 0; s < statuses.size(); ++s) {
    if (!counts_status(series, statuses[s])) continue;
    flow.statuses.push_back(s);
    if (!by_status) continue;
    add_flow(request_flows_[endpoint], flow, series, std::to_string(statuses[s]));
    flow.statuses.clear();
  }
  if (!by_status) add_flow(request_flows_[endpoint], std::move(flow), series, "");
}

void Instruments::add_flow(std::vector<Flow>& flows, Flow flow, const InstrumentSeries& series,
                           const std::string& status) {
  Outlet outlet = make_outlet(flow, series, status);
  // Counters of the same requests share a flow, so that they can exclude each other.
  const bool sharing = flow.binding == Binding::kPerRequest && !flow.observes && !flow.fractional;
  const auto same = std::find_if(flows.begin(), flows.end(), [&](const Flow& other) {
    return sharing && other.instrument == flow.instrument && other.binding == flow.binding &&
           other.statuses == flow.statuses && !other.fractional;
  });
  Flow& into = same != flows.end() ? *same : flows.emplace_back(std::move(flow));
  into.outlets.push_back(std::move(outlet));
}

Instruments::Outlet Instruments::make_outlet(const Flow& flow, const InstrumentSeries& series,
                                             const std::string& status) {
  const Instrument& instrument = instruments_[flow.instrument];
  const scenario::Endpoint* endpoint =
      flow.endpoint == kAllEndpoints ? nullptr : &target_->endpoints[flow.endpoint];
  Labels fixed;
  for (const InstrumentLabel& label : series.labels) {
    if (label.kind == InstrumentLabel::Kind::kConstant) {
      fixed = fixed.with(label.name, label.constant);
    } else if (label.kind == InstrumentLabel::Kind::kStatus) {
      fixed = fixed.with(label.name, status);
    } else if (endpoint != nullptr && label.kind == InstrumentLabel::Kind::kMethod) {
      fixed = fixed.with(label.name, endpoint->method);
    } else if (endpoint != nullptr && label.kind == InstrumentLabel::Kind::kEndpoint) {
      fixed = fixed.with(label.name, endpoint->name);
    }
  }
  const auto appearance =
      status.empty() ? SeriesTable::Appearance::kAtOnce : SeriesTable::Appearance::kWithFirstUse;
  Outlet outlet;
  for (const Combination& combination : combinations(series)) {
    Labels labels = fixed;
    for (const LabelView label : combination.labels) labels = labels.with(label.name, label.value);
    outlet.children.push_back(table_.child(instrument.family, labels, appearance));
    outlet.shares.push_back(combination.share);
    if (flow.observes) outlet.buckets.emplace_back(instrument.spec->buckets);
  }
  outlet.split.set_shares(outlet.shares);
  outlet.counts.resize(outlet.children.size());
  if (series.formula) outlet.formula.emplace(*series.formula, *signals_);
  if (series.when) add_condition(*series.when, outlet);
  const auto& backend = target_->backend;
  if (instrument.spec->of_backend && backend && backend->shown) {
    add_condition(*backend->shown, outlet);
  }
  return outlet;
}

void Instruments::add_condition(const scenario::Formula& formula, const Outlet& outlet) {
  const auto same = std::find_if(conditions_.begin(), conditions_.end(),
                                 [&](const auto& known) { return known.text == formula.text(); });
  Condition& condition = same != conditions_.end()
                             ? *same
                             : conditions_.emplace_back(
                                   Condition{formula.text(), BoundFormula(formula, *signals_), {}});
  condition.children.insert(condition.children.end(), outlet.children.begin(),
                            outlet.children.end());
}

bool Instruments::has_source(const Source& source) const {
  switch (source.kind) {
    case Source::Kind::kRequestBytes:
      return requests_->endpoints()[source.index].request_bytes.has_value();
    case Source::Kind::kResponseBytes:
      return requests_->endpoints()[source.index].response_bytes.has_value();
    case Source::Kind::kLatency:
    case Source::Kind::kSignal:
      break;
  }
  return true;
}

void Instruments::find_summaries(const std::vector<Flow>& flows) {
  for (const Flow& flow : flows) {
    if (instruments_[flow.instrument].spec->family.type != MetricType::kSummary) continue;
    for (const Outlet& outlet : flow.outlets) {
      for (const SeriesTable::Child child : outlet.children) {
        const auto known = std::find_if(summaries_.begin(), summaries_.end(),
                                        [&](const Summary& s) { return s.child == child; });
        Summary& summary = known != summaries_.end()
                               ? *known
                               : summaries_.emplace_back(Summary{child, flow.instrument, {}});
        summary.sources.push_back(flow.source);
      }
    }
  }
}

void Instruments::count(std::span<const RequestCount> counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].total == 0) continue;
    for (Flow& flow : request_flows_[i]) run(flow, counts[i], nullptr);
  }
}

void Instruments::pass(SeriesTable::Owner owner, double seconds) {
  if (seconds <= 0) return;
  for (Flow& flow : rate_flows_) {
    if (flow.owner == owner) let_pass(flow, seconds);
  }
}

void Instruments::age_backend(double seconds) {
  for (const Flow& flow : rate_flows_) {
    if (flow.owner != SeriesTable::Owner::kBackend) continue;
    for (const Outlet& outlet : flow.outlets) {
      const double expected = std::max(0.0, outlet.formula->evaluate(*signals_) * seconds);
      for (std::size_t i = 0; i < outlet.children.size(); ++i) {
        const double share = expected * outlet.shares[i];
        if (flow.observes) {
          observe_expected(outlet.children[i], flow, std::floor(share));
          continue;
        }
        table_.add(outlet.children[i], flow.fractional ? share : std::floor(share));
      }
    }
  }
}

void Instruments::observe_expected(SeriesTable::Child child, const Flow& flow, double n) {
  const MovedDistribution observed = distribution(flow.source);
  counts_.clear();
  std::int64_t below = 0;
  for (const double bound : instruments_[flow.instrument].spec->buckets) {
    const std::int64_t until = std::llround(n * observed.cdf(bound));
    counts_.push_back(until - below);
    below = until;
  }
  counts_.push_back(std::llround(n) - below);
  table_.observe(child, counts_, n * observed.mean());
}

void Instruments::count_one(std::size_t endpoint, std::span<const RequestCount> counts,
                            const Measured& measured) {
  for (Flow& flow : request_flows_[endpoint]) run(flow, counts[endpoint], &measured);
}

void Instruments::run(Flow& flow, const RequestCount& count, const Measured* measured) {
  std::int64_t n = 0;
  for (const std::size_t status : flow.statuses) n += count.by_status[status];
  if (n == 0 || run_exclusive(flow, n)) return;
  for (Outlet& outlet : flow.outlets) run_outlet(flow, outlet, n, measured);
}

bool Instruments::run_exclusive(Flow& flow, std::int64_t n) {
  if (flow.outlets.size() < 2) return false;
  amounts_.clear();
  for (const Outlet& outlet : flow.outlets) {
    amounts_.push_back(std::max(0.0, outlet.formula->evaluate(*signals_, flow.endpoint)));
  }
  const double sum = std::accumulate(amounts_.begin(), amounts_.end(), 0.0);
  if (std::abs(sum - 1) > 1e-9) return false;
  flow.among.set_shares(amounts_);
  counts_.resize(amounts_.size());
  flow.among.draw(n, instruments_[flow.instrument].chance, counts_);
  for (std::size_t i = 0; i < flow.outlets.size(); ++i) pour(flow, flow.outlets[i], counts_[i]);
  return true;
}

void Instruments::run_outlet(Flow& flow, Outlet& outlet, std::int64_t n, const Measured* measured) {
  if (flow.binding == Binding::kPerRequest) {
    const double amount = outlet.formula ? outlet.formula->evaluate(*signals_, flow.endpoint) : 1;
    if (flow.fractional) {
      split_over_children(flow, outlet, n);
      for (std::size_t i = 0; i < outlet.children.size(); ++i) {
        const double share = static_cast<double>(outlet.counts[i]) / grain_ * std::max(0.0, amount);
        if (share > 0) table_.add(outlet.children[i], share);
      }
      return;
    }
    n = instruments_[flow.instrument].chance.times(n, amount, outlet.carry);
  }
  if (flow.observes) {
    observe(flow, outlet, n, measured);
  } else {
    pour(flow, outlet, n);
  }
}

void Instruments::let_pass(Flow& flow, double seconds) {
  for (Outlet& outlet : flow.outlets) {
    const double expected = std::max(0.0, outlet.formula->evaluate(*signals_) * seconds);
    if (expected == 0) continue;
    if (flow.fractional) {
      for (std::size_t i = 0; i < outlet.children.size(); ++i) {
        table_.add(outlet.children[i], expected * outlet.shares[i]);
      }
      continue;
    }
    const std::int64_t n =
        instruments_[flow.instrument].chance.events(expected * grain_, outlet.carry);
    if (flow.observes) {
      observe(flow, outlet, n, nullptr);
    } else {
      pour(flow, outlet, n);
    }
  }
}

void Instruments::split_over_children(const Flow& flow, Outlet& outlet, std::int64_t n) {
  outlet.split.draw(n, instruments_[flow.instrument].chance, outlet.counts);
}

void Instruments::pour(const Flow& flow, Outlet& outlet, std::int64_t n) {
  if (n == 0) return;
  split_over_children(flow, outlet, n);
  for (std::size_t i = 0; i < outlet.children.size(); ++i) {
    if (outlet.counts[i] == 0) continue;
    table_.add(outlet.children[i], static_cast<double>(outlet.counts[i]) / grain_);
  }
}

void Instruments::observe(const Flow& flow, Outlet& outlet, std::int64_t n,
                          const Measured* measured) {
  if (n == 0) return;
  split_over_children(flow, outlet, n);
  const bool drawn = measured == nullptr || flow.source.kind == Source::Kind::kSignal;
  for (std::size_t i = 0; i < outlet.children.size(); ++i) {
    if (outlet.counts[i] == 0) continue;
    if (drawn) {
      outlet.buckets[i].follow(distribution(flow.source));
      const BucketSplit::Drawn observed =
          outlet.buckets[i].draw(outlet.counts[i], instruments_[flow.instrument].chance);
      table_.observe(outlet.children[i], observed.counts, observed.sum / grain_, grain_);
    } else {
      const double value = flow.source.kind == Source::Kind::kLatency ? measured->latency
                           : flow.source.kind == Source::Kind::kRequestBytes
                               ? measured->request_bytes
                               : measured->response_bytes;
      observe_value(outlet.children[i], flow, value);
    }
  }
}

void Instruments::observe_value(SeriesTable::Child child, const Flow& flow, double value) {
  const std::vector<double>& bounds = instruments_[flow.instrument].spec->buckets;
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  counts_.assign(bounds.size() + 1, 0);
  counts_[static_cast<std::size_t>(bucket)] = 1;
  table_.observe(child, counts_, value);
}

MovedDistribution Instruments::distribution(const Source& source) const {
  if (source.kind == Source::Kind::kSignal) return signals_->moved(source.index);
  const EndpointState& endpoint = requests_->endpoints()[source.index];
  switch (source.kind) {
    case Source::Kind::kRequestBytes:
      return {*endpoint.request_bytes, {}};
    case Source::Kind::kResponseBytes:
      return {*endpoint.response_bytes, {}};
    case Source::Kind::kLatency:
    case Source::Kind::kSignal:
      break;
  }
  return endpoint.moved_latency();
}

void Instruments::read() {
  for (const Flow& flow : scrapes_) {
    for (const Outlet& outlet : flow.outlets) {
      for (const SeriesTable::Child child : outlet.children) table_.add(child, 1);
    }
  }
  for (Flow& flow : gauges_) {
    if (flow.settled) continue;
    flow.settled = is_steady(flow);
    for (const Outlet& outlet : flow.outlets) {
      const double value = outlet.formula ? outlet.formula->evaluate(*signals_, flow.endpoint) : 1;
      for (std::size_t i = 0; i < outlet.children.size(); ++i) {
        table_.set(outlet.children[i], value * outlet.shares[i]);
      }
    }
  }
  for (const Summary& summary : summaries_) read_quantiles(summary);
  if (!conditions_.empty()) read_conditions();
}

bool Instruments::is_steady(const Flow& flow) const {
  return flow.endpoint == kAllEndpoints &&
         std::all_of(flow.outlets.begin(), flow.outlets.end(), [&](const Outlet& outlet) {
           return !outlet.formula ||
                  std::all_of(outlet.formula->slots().begin(), outlet.formula->slots().end(),
                              [&](std::size_t slot) { return signals_->is_steady(slot); });
         });
}

void Instruments::read_conditions() {
  for (const Condition& condition : conditions_) {
    for (const SeriesTable::Child child : condition.children) table_.hide(child, false);
  }
  for (const Condition& condition : conditions_) {
    if (condition.formula.evaluate(*signals_) != 0) continue;
    for (const SeriesTable::Child child : condition.children) table_.hide(child, true);
  }
  table_.settle();
}

void Instruments::read_quantiles(const Summary& summary) {
  if (table_.count(summary.child) == 0) return;
  std::vector<WeightedDistribution> parts;
  double weights = 0;
  for (const Source& source : summary.sources) {
    const bool of_signal = source.kind == Source::Kind::kSignal;
    const double weight = of_signal ? 1 : requests_->mix()[source.index];
    parts.push_back({distribution(source), weight});
    weights += weight;
  }
  if (!(weights > 0)) return;
  for (WeightedDistribution& part : parts) part.weight /= weights;
  amounts_.clear();
  const std::vector<double>& quantiles = instruments_[summary.instrument].spec->quantiles;
  const double whole = !quantiles.empty() && quantiles.front() > 1 ? 100 : 1;
  for (const double labelled : quantiles) {
    const double q = labelled / whole;
    // The extremes of a sample are finite; those of a distribution need not be.
    amounts_.push_back(mixture_quantile(parts, std::clamp(q, 1e-6, 1 - 1e-6)));
  }
  table_.set_quantiles(summary.child, amounts_);
}

void Instruments::reset(SeriesTable::Owner owner) {
  table_.reset(owner);
  unsettle();
}

void Instruments::unsettle() {
  for (Flow& flow : gauges_) flow.settled = false;
}

}  // namespace tocsin::fakes
