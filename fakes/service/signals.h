#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/service/movement.h"
#include "fakes/service/requests.h"
#include "harness/scenario/formula.h"
#include "harness/scenario/scenario.h"

namespace tocsin::fakes {

class Signals;

/// Whose request signals a formula reads: all endpoints' together, or one endpoint's own.
inline constexpr std::size_t kAllEndpoints = std::numeric_limits<std::size_t>::max();

/// A point of time, with what signals that count time need to know of it.
struct Moment {
  Duration offset{0};
  Duration uptime{0};
  Duration backend_uptime{0};
  double now = 0;  ///< seconds since 1970, as the next two
  double started = 0;
  double backend_started = 0;
  bool recovering = false;  ///< the first scrape since the backend was down
};

/// A formula whose signals have been looked up.
class BoundFormula {
 public:
  BoundFormula(scenario::Formula formula, Signals& signals);

  const std::vector<std::size_t>& slots() const { return slots_; }
  double evaluate(const Signals& signals, std::size_t endpoint = kAllEndpoints) const;
  /// What it is when it reads no signal.
  std::optional<double> constant() const { return formula_.constant_value(); }

 private:
  scenario::Formula formula_;
  std::vector<std::size_t> slots_;
  mutable std::vector<double> arguments_;
};

/// The values of all signals of a target at one point of the timeline: formulas in order of
/// dependence, faults applied, noise of each reading. A reading's noise depends on seed, signal and
/// offset alone, so that asking twice, or for something else in between, changes nothing.
class Signals {
 public:
  /// `service`: called when an exporter's formula reads the first signal of the service, whose
  /// signals must be evaluated before these from then on; may be empty for the service itself.
  Signals(const scenario::Target& target, Requests& requests, const faults::FaultTimeline& faults,
          std::uint64_t seed, scenario::Noise noise, std::function<Signals&()> service = {});
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void set_faults(const faults::FaultTimeline& faults);

  bool reads_service() const { return service_ != nullptr; }

  /// The signal's place; kNone for a name that the target does not have.
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::size_t slot(std::string_view name);

  /// Moves requests and signals to a point of time.
  void evaluate(const Moment& moment);
  /// Signals that grow do so for so long, by what was evaluated last.
  void let_pass(double seconds);
  /// Whether no fault and no traffic ever changes the value, once it has been evaluated.
  bool is_steady(std::size_t slot) const;

  double at(std::size_t slot) const { return values_[slot]; }
  /// A request signal of one endpoint; other signals are the same for all.
  double at(std::size_t slot, std::size_t endpoint) const;
  /// By name; NaN when unknown.
  double value(std::string_view name);
  Duration uptime() const { return moment_.uptime; }

  /// A distribution signal as faults have it now, by its declared name.
  std::size_t distribution(std::string_view name);
  MovedDistribution moved(std::size_t distribution) const {
    if (distribution >= kOfServiceFrom) return service_->moved(distribution - kOfServiceFrom);
    return {spreads_[distribution].base, spreads_[distribution].movement};
  }

 private:
  enum class Kind {
    kFormula,
    kSpreadQuantile,
    kRequestRate,
    kErrorRate,
    kLatencyQuantile,
    kInFlight,
    kUptime,
    kNow,
    kStarted,
    kBackendUptime,
    kBackendStarted,
    kRecovering,
    kService
  };
  /// Places of the service's distributions.
  static constexpr std::size_t kOfServiceFrom = std::size_t{1} << 32;

  struct Slot {
    Kind kind = Kind::kFormula;
    std::size_t index = 0;      ///< of formulas_ or spreads_, or the service's slot
    double p = 0;               ///< of quantiles
    std::uint64_t version = 0;  ///< of the requests when a latency quantile was taken
  };
  struct FormulaSignal {
    const scenario::Signal* spec = nullptr;
    std::size_t slot = 0;
    std::vector<std::size_t> arguments;
    std::uint64_t key = 0;  ///< of its noise
    std::optional<BoundFormula> grows;
    double grown = 0;      ///< until now
    bool faulted = false;  ///< at any time
    bool steady = false;   ///< never changes, once evaluated
    bool ordered = false;
  };
  struct Spread {
    std::string name;
    Distribution base;
    Mover mover;
    Movement movement;
    std::optional<BoundFormula> mean;  ///< which its values are scaled to have
  };

  Signals& service();
  std::size_t add_slot(std::string_view name, Slot slot);
  void put_in_order(std::size_t formula);
  void bind_growth();
  void bind_means();
  void evaluate_means();
  void find_steady();
  void evaluate_slot(std::size_t slot);
  /// Its value, evaluated if it is new.
  double current(std::size_t place);
  void evaluate_formula(const FormulaSignal& signal, Duration offset);

  const scenario::Target* target_;
  Requests* requests_;
  const faults::FaultTimeline* faults_;
  scenario::Noise noise_;
  std::function<Signals&()> find_service_;
  Signals* service_ = nullptr;  ///< once something reads it
  Moment moment_;

  std::map<std::string, std::size_t, std::less<>> names_;
  std::vector<Slot> slots_;
  std::vector<double> values_;
  std::vector<FormulaSignal> formulas_;
  std::vector<std::size_t> order_;  ///< of formulas_: each after what it reads
  std::vector<Spread> spreads_;
  std::vector<double> arguments_;
  bool begun_ = false;  ///< steady signals have their values
};

}  // namespace tocsin::fakes
