#include "fakes/service/signals.h"

#include <algorithm>
#include <cmath>

#include "harness/base/check.h"
#include "harness/scenario/system.h"

namespace tocsin::fakes {
namespace {

/// splitmix64's finaliser.
std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Standard normal, a function of its key alone.
double normal_of(std::uint64_t key) {
  const double uniform = (static_cast<double>(mix_bits(key) >> 11) + 0.5) * 0x1p-53;
  return normal_quantile(uniform);
}

}  // namespace

BoundFormula::BoundFormula(scenario::Formula formula, Signals& signals)
    : formula_(std::move(formula)) {
  for (const std::string& name : formula_.signals()) {
    const std::size_t slot = signals.slot(name);
    TOCSIN_CHECK(slot != Signals::kNone, "formulas are checked when the system is loaded");
    slots_.push_back(slot);
  }
  arguments_.resize(slots_.size());
}

double BoundFormula::evaluate(const Signals& signals, std::size_t endpoint) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    arguments_[i] = signals.at(slots_[i], endpoint);
  }
  return formula_.evaluate(arguments_.data());
}

Signals::Signals(const scenario::Target& target, Requests& requests,
                 const faults::FaultTimeline& faults, std::uint64_t seed, scenario::Noise noise,
                 std::function<Signals&()> service)
    : target_(&target), requests_(&requests), noise_(noise), find_service_(std::move(service)) {
  for (const scenario::Signal& spec : target.signals) {
    if (spec.distribution) {
      const std::size_t index = spreads_.size();
      spreads_.push_back({.name = spec.name,
                          .base = Distribution(*spec.distribution),
                          .mover = Mover(faults, target, spec.name, ""),
                          .movement = {},
                          .mean = {}});
      add_slot(spec.name, {.kind = Kind::kSpreadQuantile, .index = index, .p = 0.5});
    } else {
      const std::size_t index = formulas_.size();
      const std::size_t place = add_slot(spec.name, {.kind = Kind::kFormula, .index = index});
      const std::uint64_t key = Random(seed, target.name + "/" + spec.name).bits();
      formulas_.push_back({.spec = &spec, .slot = place, .arguments = {}, .key = key, .grows = {}});
    }
  }
  std::size_t most_arguments = 0;
  for (FormulaSignal& signal : formulas_) {
    for (const std::string& name : signal.spec->value->signals()) {
      const std::size_t argument = slot(name);
      TOCSIN_CHECK(argument != kNone, "formulas are checked when the system is loaded");
      signal.arguments.push_back(argument);
    }
    most_arguments = std::max(most_arguments, signal.arguments.size());
  }
  arguments_.resize(most_arguments);
  bind_growth();
  bind_means();
  for (std::size_t i = 0; i < formulas_.size(); ++i) put_in_order(i);
  set_faults(faults);
}

void Signals::bind_growth() {
  for (FormulaSignal& signal : formulas_) {
    if (signal.spec->grows) signal.grows.emplace(*signal.spec->grows, *this);
  }
}

void Signals::bind_means() {
  for (const scenario::Signal& spec : target_->signals) {
    if (!spec.distribution || !spec.value) continue;
    BoundFormula mean(*spec.value, *this);
    spreads_[distribution(spec.name)].mean = std::move(mean);
  }
}

/// After all formulas, which read none of these distributions.
void Signals::evaluate_means() {
  constexpr double kLeast = 1e-12;  // a movement can be undone
  bool any = false;
  for (Spread& spread : spreads_) {
    if (!spread.mean) continue;
    any = true;
    spread.movement = {
        .factor = std::max(spread.mean->evaluate(*this) / spread.base.mean(), kLeast), .offset = 0};
  }
  if (!any) return;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.kind == Kind::kSpreadQuantile && slot.index < kOfServiceFrom &&
        spreads_[slot.index].mean) {
      evaluate_slot(i);
    }
  }
}

void Signals::let_pass(double seconds) {
  for (FormulaSignal& signal : formulas_) {
    if (signal.grows) signal.grown += signal.grows->evaluate(*this) * seconds;
  }
}

void Signals::set_faults(const faults::FaultTimeline& faults) {
  faults_ = &faults;
  for (FormulaSignal& signal : formulas_) {
    signal.faulted = ever_moved(faults, target_->name, signal.spec->name);
  }
  for (Spread& spread : spreads_) {
    spread.mover = Mover(faults, *target_, spread.name, "");
    spread.movement = {};
  }
  find_steady();
}

Signals& Signals::service() {
  if (service_ == nullptr) service_ = &find_service_();
  return *service_;
}

std::size_t Signals::add_slot(std::string_view name, Slot slot) {
  const std::size_t place = slots_.size();
  slots_.push_back(slot);
  values_.push_back(0);
  names_.emplace(name, place);
  begun_ = false;
  return place;
}

std::size_t Signals::slot(std::string_view name) {
  if (const auto known = names_.find(name); known != names_.end()) return known->second;
  const std::optional<scenario::SignalName> meaning = scenario::find_signal(*target_, name);
  if (!meaning) return kNone;
  if (meaning->of_service) {
    const std::size_t place = service().slot(name.substr(scenario::kOfService.size()));
    return add_slot(name, {.kind = Kind::kService, .index = place});
  }
  if (!meaning->builtin) {
    TOCSIN_CHECK(meaning->percentile, "declared signals are known by name");
    return add_slot(name, {.kind = Kind::kSpreadQuantile,
                           .index = distribution(meaning->base),
                           .p = *meaning->percentile});
  }
  static constexpr std::pair<std::string_view, Kind> kOfTime[] = {
      {"uptime", Kind::kUptime},
      {"now", Kind::kNow},
      {"started", Kind::kStarted},
      {"backend.uptime", Kind::kBackendUptime},
      {"backend.started", Kind::kBackendStarted},
      {"backend.recovering", Kind::kRecovering}};
  for (const auto& [word, kind] : kOfTime) {
    if (meaning->base == word) return add_slot(name, {.kind = kind});
  }
  if (meaning->base == "request_rate") return add_slot(name, {.kind = Kind::kRequestRate});
  if (meaning->base == "error_rate") return add_slot(name, {.kind = Kind::kErrorRate});
  if (meaning->base == "in_flight") return add_slot(name, {.kind = Kind::kInFlight});
  TOCSIN_CHECK(meaning->base == "latency", "each builtin signal has its case");
  return add_slot(name, {.kind = Kind::kLatencyQuantile, .p = meaning->percentile.value_or(0.5)});
}

void Signals::put_in_order(std::size_t formula) {
  FormulaSignal& signal = formulas_[formula];
  if (signal.ordered) return;
  signal.ordered = true;
  for (const std::size_t argument : signal.arguments) {
    if (slots_[argument].kind == Kind::kFormula) put_in_order(slots_[argument].index);
  }
  order_.push_back(formula);
}

bool Signals::is_steady(std::size_t slot) const {
  const Slot& place = slots_[slot];
  if (place.kind == Kind::kFormula) return formulas_[place.index].steady;
  return place.kind == Kind::kSpreadQuantile && !spreads_[place.index].mover.ever() &&
         !spreads_[place.index].mean;
}

void Signals::find_steady() {
  for (const std::size_t i : order_) {
    FormulaSignal& signal = formulas_[i];
    const bool noisy = signal.spec->noise > 0 && noise_ == scenario::Noise::kRandom;
    signal.steady = !noisy && !signal.faulted && !signal.grows &&
                    std::all_of(signal.arguments.begin(), signal.arguments.end(),
                                [&](std::size_t argument) { return is_steady(argument); });
  }
  begun_ = false;
}

void Signals::evaluate(const Moment& moment) {
  const Duration offset = moment.offset;
  requests_->move_to(offset);
  moment_ = moment;
  for (Spread& spread : spreads_) {
    if (spread.mover.ever()) spread.movement = spread.mover.at(spread.base, offset);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].kind != Kind::kFormula && !(begun_ && is_steady(i))) evaluate_slot(i);
  }
  for (const std::size_t i : order_) {
    if (!(begun_ && formulas_[i].steady)) evaluate_formula(formulas_[i], offset);
  }
  evaluate_means();
  begun_ = true;
}

void Signals::evaluate_slot(std::size_t slot) {
  Slot& place = slots_[slot];
  double& value = values_[slot];
  switch (place.kind) {
    case Kind::kFormula:
      return;
    case Kind::kSpreadQuantile:
      value = moved(place.index).quantile(place.p);
      return;
    case Kind::kRequestRate:
      value = requests_->request_rate();
      return;
    case Kind::kErrorRate:
      value = requests_->error_rate();
      return;
    case Kind::kLatencyQuantile:
      // Searched for, so only when it may have changed.
      if (place.version == requests_->version()) return;
      place.version = requests_->version();
      value = requests_->latency_quantile(place.p);
      return;
    case Kind::kInFlight:
      value = requests_->in_flight();
      return;
    case Kind::kUptime:
      value = to_seconds(moment_.uptime);
      return;
    case Kind::kNow:
      value = moment_.now;
      return;
    case Kind::kStarted:
      value = moment_.started;
      return;
    case Kind::kBackendUptime:
      value = to_seconds(moment_.backend_uptime);
      return;
    case Kind::kBackendStarted:
      value = moment_.backend_started;
      return;
    case Kind::kRecovering:
      value = moment_.recovering ? 1 : 0;
      return;
    case Kind::kService:
      value = service_->current(place.index);
      return;
  }
}

void Signals::evaluate_formula(const FormulaSignal& signal, Duration offset) {
  for (std::size_t i = 0; i < signal.arguments.size(); ++i) {
    arguments_[i] = values_[signal.arguments[i]];
  }
  double value = signal.spec->value->evaluate(arguments_.data()) + signal.grown;
  if (signal.faulted) {
    value = faults_->signal(target_->name, signal.spec->name, "", value, offset);
  }
  if (signal.spec->noise > 0 && noise_ == scenario::Noise::kRandom) {
    const auto moment = static_cast<std::uint64_t>(offset.count());
    const double z = normal_of(signal.key + mix_bits(moment));
    value *= std::max(0.0, 1 + signal.spec->noise * z);
  }
  if (signal.spec->min) value = std::max(value, *signal.spec->min);
  if (signal.spec->max) value = std::min(value, *signal.spec->max);
  values_[signal.slot] = value;
}

double Signals::at(std::size_t slot, std::size_t endpoint) const {
  if (endpoint == kAllEndpoints) return values_[slot];
  const Slot& place = slots_[slot];
  const EndpointState& state = requests_->endpoints()[endpoint];
  switch (place.kind) {
    case Kind::kRequestRate:
      return requests_->request_rate() * requests_->mix()[endpoint];
    case Kind::kErrorRate:
      return state.error_rate;
    case Kind::kLatencyQuantile:
      return state.moved_latency().quantile(place.p);
    case Kind::kInFlight:
      return requests_->request_rate() * requests_->mix()[endpoint] * state.mean_latency;
    default:
      break;
  }
  return values_[slot];
}

double Signals::value(std::string_view name) {
  const std::size_t place = slot(name);
  return place == kNone ? std::nan("") : current(place);
}

double Signals::current(std::size_t place) {
  // Asked for the first time: nobody has evaluated it yet.
  if (!begun_ && slots_[place].kind != Kind::kFormula) evaluate_slot(place);
  return values_[place];
}

std::size_t Signals::distribution(std::string_view name) {
  if (target_->service && name.starts_with(scenario::kOfService)) {
    return kOfServiceFrom + service().distribution(name.substr(scenario::kOfService.size()));
  }
  const auto found = std::find_if(spreads_.begin(), spreads_.end(),
                                  [&](const Spread& spread) { return spread.name == name; });
  TOCSIN_CHECK(found != spreads_.end(), "distributions are checked when the system is loaded");
  return static_cast<std::size_t>(found - spreads_.begin());
}

}  // namespace tocsin::fakes
