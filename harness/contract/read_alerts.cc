#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/contract/read.h"
#include "harness/scenario/read.h"
#include "harness/scenario/system.h"
#include "harness/scenario/values.h"

namespace tocsin::contract {
namespace {

using scenario::Problems;
using scenario::text_of;
using yaml::Node;

/// How far on the silent side a silent case lies, if the contract names no value.
constexpr double kJustBelow = 0.02;

Comparison comparison_of(const Node* node) {
  const std::string word = text_of(node, "above");
  if (word == "at_least") return Comparison::kAtLeast;
  if (word == "below") return Comparison::kBelow;
  if (word == "at_most") return Comparison::kAtMost;
  return word == "equal" ? Comparison::kEqual : Comparison::kAbove;
}

/// One cause of an alert whose threshold is known.
class CauseReader {
 public:
  CauseReader(const Node& node, const Alert& alert, const scenario::System& system,
              Problems& problems)
      : node_(node), alert_(alert), system_(system), problems_(problems) {}

  Cause read() {
    out_.pos = node_.pos();
    if (!read_kind()) return std::move(out_);
    read_course();
    if (out_.kind == Cause::Kind::kState) {
      read_state_cause();
      return std::move(out_);
    }
    if (!alert_.threshold && !alert_.threshold_text.empty()) return std::move(out_);
    if (!alert_.threshold) {
      problems_.add(node_, fmt::format("{} has no threshold to drive anything to", alert_.name),
                    "give the alert a threshold, or say what is broken under \"when\"");
      return std::move(out_);
    }
    if (out_.kind == Cause::Kind::kSignal) read_signal();
    if (out_.kind == Cause::Kind::kTraffic) out_.dimension = Dimension::kRate;
    read_factor();
    read_values();
    return std::move(out_);
  }

 private:
  /// Exactly one of signal, traffic and when.
  bool read_kind() {
    const Node* kind = nullptr;
    for (const char* key : {"signal", "traffic", "when"}) {
      const Node* here = node_.find(key);
      if (here == nullptr) continue;
      if (kind != nullptr) {
        problems_.add(*here, "a cause is one of signal, traffic and when",
                      "several causes are a list");
        return false;
      }
      kind = here;
      if (key == std::string_view("traffic")) out_.kind = Cause::Kind::kTraffic;
      if (key == std::string_view("when")) out_.kind = Cause::Kind::kState;
    }
    if (kind == nullptr) {
      problems_.add(node_, "this cause drives nothing", "it needs signal, traffic: true, or when");
      return false;
    }
    if (out_.kind == Cause::Kind::kTraffic && !scenario::bool_of(kind, true)) {
      problems_.add(*kind, "false drives nothing; leave the key out");
      return false;
    }
    static constexpr std::string_view kOfSignals[] = {"target", "endpoint", "with"};
    static constexpr std::string_view kOfValues[] = {"factor", "fires_at", "silent_at", "range"};
    if (out_.kind != Cause::Kind::kSignal) refuse(kOfSignals, "goes with a signal");
    if (out_.kind == Cause::Kind::kState) refuse(kOfValues, "goes with a signal or with traffic");
    static constexpr std::string_view kOfStates[] = {"below"};
    if (out_.kind != Cause::Kind::kState) refuse(kOfStates, "goes with \"when\"");
    return true;
  }

  /// What is so around the cause, and how long it may last.
  void read_course() {
    if (const Node* otherwise = node_.find("otherwise")) {
      out_.otherwise = read_state(*otherwise, system_, problems_);
    }
    const Node* lasts = node_.find("lasts");
    if (lasts == nullptr) return;
    out_.lasts = scenario::length_of(lasts, alert_.hold + Duration(1));
    if (*out_.lasts <= alert_.hold) {
      problems_.add(*lasts,
                    fmt::format("a cause that lasts {} fires nothing that must last {}",
                                format_duration(*out_.lasts), format_duration(alert_.hold)));
    }
  }

  void refuse(std::span<const std::string_view> keys, std::string_view why) {
    for (const std::string_view key : keys) {
      const Node::Entry* entry = node_.find_entry(key);
      if (entry != nullptr) problems_.add(*entry->key, fmt::format("\"{}\" {}", key, why));
    }
  }

  void read_state_cause() {
    out_.faults = read_state(*node_.find("when"), system_, problems_);
    if (const Node* near = node_.find("below")) out_.near = read_state(*near, system_, problems_);
  }

  void read_signal() {
    const Node* name = node_.find("target");
    out_.target = text_of(name, "service");
    const scenario::Target* target = name != nullptr && name->is_scalar()
                                         ? find_target(*name, system_, problems_)
                                         : &system_.service;
    const Node* signal = node_.find("signal");
    if (target == nullptr || !signal->is_scalar()) return;
    const auto known = scenario::find_signal(*target, signal->text);
    if (!known) {
      problems_.unknown(*signal, fmt::format("{} has no signal \"{}\"", target->name, signal->text),
                        signal->text, scenario::signal_names(*target));
      return;
    }
    if (known->of_service) {
      problems_.add(*signal,
                    fmt::format("\"{}\" is the service's, not {}'s", signal->text, target->name),
                    "leave \"target\" out, and \"service.\"");
      return;
    }
    if (!known->settable && !known->builtin) {
      problems_.add(
          *signal,
          fmt::format("\"{}\" follows from other signals; nothing can move it alone", signal->text),
          fmt::format("drive {}", fmt::join(scenario::drivers_of(*target, signal->text), " or ")));
      return;
    }
    if (!known->settable) {
      problems_.add(
          *signal,
          fmt::format("\"{}\" follows from the traffic; nothing can move it", signal->text),
          signal->text == "request_rate" ? "traffic: true drives the rate of requests" : "");
      return;
    }
    out_.signal = signal->text;
    out_.dimension = known->dimension;
    out_.percentile_or_distribution = known->distribution;
    if (const Node* endpoint = node_.find("endpoint")) read_endpoint(*endpoint, *target, *known);
    if (const Node* with = node_.find("with")) read_with(*with, *target);
  }

  void read_endpoint(const Node& node, const scenario::Target& target,
                     const scenario::SignalName& signal) {
    if (!node.is_scalar()) return;
    out_.endpoint = node.text;
    std::vector<std::string> known;
    for (const scenario::Endpoint& endpoint : target.endpoints) known.push_back(endpoint.name);
    if (std::find(known.begin(), known.end(), node.text) == known.end()) {
      problems_.unknown(node, fmt::format("{} has no endpoint \"{}\"", target.name, node.text),
                        node.text, known);
    } else if (!signal.builtin) {
      problems_.add(node, fmt::format("\"{}\" belongs to no endpoint", out_.signal),
                    "endpoints have error_rate, latency and latency.p95");
    }
  }

  void read_with(const Node& node, const scenario::Target& target) {
    if (!node.is_map()) return;
    faults::Fault fault;
    fault.target = target.name;
    fault.pos = node.pos();
    scenario::read_target_fault(target, node, problems_, fault);
    for (const faults::SignalChange& change : fault.changes) {
      if (change.signal != out_.signal || change.endpoint != out_.endpoint) continue;
      problems_.add(node,
                    fmt::format("\"{}\" is what is driven; it cannot be set besides", out_.signal));
    }
    out_.faults.push_back(std::move(fault));
  }

  /// "100", "0.01", "1/300".
  void read_factor() {
    const Node* node = node_.find("factor");
    if (node == nullptr) {
      check_dimensions();
      return;
    }
    const std::size_t slash = node->text.find('/');
    const std::string_view text = node->text;
    const auto top = scenario::parse_number(scenario::trim(text.substr(0, slash)));
    const auto bottom = slash == std::string::npos
                            ? Result<double>(1.0)
                            : scenario::parse_number(scenario::trim(text.substr(slash + 1)));
    const bool good = top.has_value() && bottom.has_value() && *top > 0 && *bottom > 0 &&
                      std::isfinite(*top / *bottom) && *top / *bottom > 0;
    if (good) {
      out_.factor = *top / *bottom;
    } else if (node->is_scalar()) {
      problems_.add(*node, fmt::format("expected a factor above 0, like 100 or 1/300, not \"{}\"",
                                       node->text));
    }
  }

  void check_dimensions() {
    const Dimension wanted = alert_.threshold->dimension;
    if (out_.dimension == wanted || (out_.kind == Cause::Kind::kSignal && out_.signal.empty())) {
      return;
    }
    const Node* at = node_.find("signal");
    std::string hint = "say with \"factor\" how the signal follows from the threshold";
    if (wanted == Dimension::kRatio) hint += ", like factor: 100";
    problems_.add(at != nullptr ? *at : node_,
                  fmt::format("{} is a {}, and the threshold of {} a {}",
                              at != nullptr ? '"' + out_.signal + '"' : "traffic",
                              to_string(out_.dimension), alert_.name, to_string(wanted)),
                  hint);
  }

  std::optional<double> value_in_alert_units(const Node& at, std::string_view text) {
    const auto value = scenario::parse_value(text, alert_.threshold->dimension);
    if (value.has_value()) return *value;
    Error error = value.error();
    error.context.push_back(fmt::format("the threshold of {} is a {}", alert_.name,
                                        to_string(alert_.threshold->dimension)));
    problems_.add_parse_error(at, std::move(error));
    return std::nullopt;
  }

  void read_values() {
    read_range();
    const double threshold = alert_.threshold->value;
    out_.fires_at = default_fires_at();
    if (const Node* node = node_.find("fires_at"); node != nullptr && node->is_scalar()) {
      out_.fires_at = value_in_alert_units(*node, node->text).value_or(out_.fires_at);
      check_side(*node, out_.fires_at, "fires_at", true);
    } else if (!holds(alert_.is, out_.fires_at, threshold)) {
      problems_.add(node_, "this cause needs \"fires_at\", a value at which the alert fires");
    }
    if (alert_.is != Comparison::kEqual) {
      const double margin = kJustBelow * std::abs(threshold);
      out_.silent_at = threshold + (fires_upwards(alert_.is) ? -margin : margin);
      // Exactly at a threshold of zero nothing fires that fires above or below it.
      if (threshold == 0 && holds(alert_.is, *out_.silent_at, threshold)) out_.silent_at.reset();
    }
    if (const Node* node = node_.find("silent_at"); node != nullptr && node->is_scalar()) {
      const auto value = value_in_alert_units(*node, node->text);
      if (value) out_.silent_at = *value;
      if (value) check_side(*node, *value, "silent_at", false);
    }
  }

  void check_side(const Node& node, double value, std::string_view key, bool firing) {
    if (value < out_.low || value > out_.high) {
      problems_.add(node, fmt::format("{} lies outside of the range, {}..{}", key,
                                      format_quantity({out_.low, alert_.threshold->dimension}),
                                      format_quantity({out_.high, alert_.threshold->dimension})));
    } else if (holds(alert_.is, value, alert_.threshold->value) != firing) {
      problems_.add(node, fmt::format("the alert {} {} {}, so {} {} on the wrong side", "fires",
                                      to_string(alert_.is), alert_.threshold_text, key, "is"));
    }
  }

  void read_range() {
    const double threshold = alert_.threshold->value;
    out_.low = std::min(0.0, threshold * 4);
    out_.high = alert_.threshold->dimension == Dimension::kRatio && threshold < 1
                    ? 1
                    : std::max(threshold * 4, 1.0);
    // What is always above zero has no zero to look at.
    if (out_.percentile_or_distribution) out_.low = threshold / 100;
    const Node* node = node_.find("range");
    if (node == nullptr || !node->is_scalar()) return;
    const auto ends = scenario::split_range(node->text);
    if (!ends) {
      problems_.add(*node, fmt::format("expected a range like 0%..100%, not \"{}\"", node->text));
      return;
    }
    const auto low = value_in_alert_units(*node, ends->first);
    const auto high = value_in_alert_units(*node, ends->second);
    if (!low || !high) return;
    if (!(*low < *high) || threshold < *low || threshold > *high) {
      problems_.add(*node,
                    fmt::format("the range must hold the threshold, {}", alert_.threshold_text));
      return;
    }
    out_.low = *low;
    out_.high = *high;
  }

  /// Half as much again, or half of it; not beyond the range.
  double default_fires_at() const {
    const double threshold = alert_.threshold->value;
    if (alert_.is == Comparison::kEqual) return threshold;
    if (fires_upwards(alert_.is)) {
      return std::min(threshold + std::abs(threshold) / 2, (threshold + out_.high) / 2);
    }
    return std::max(threshold - std::abs(threshold) / 2, (threshold + out_.low) / 2);
  }

  const Node& node_;
  const Alert& alert_;
  const scenario::System& system_;
  Problems& problems_;
  Cause out_;
};

class AlertReader {
 public:
  AlertReader(const Node& key, const Node& node, const scenario::System& system, Problems& problems)
      : key_(key), node_(node), system_(system), problems_(problems) {}

  Alert read() {
    out_.name = key_.text;
    out_.pos = key_.pos();
    out_.id = text_of(node_.find("id"));
    out_.lines = lines_of(node_, problems_);
    out_.says = text_of(node_.find("says"));
    out_.severity = text_of(node_.find("severity"));
    out_.hold = scenario::length_of(node_.find("for"), Duration(0));
    if (const Node* window = node_.find("window")) {
      out_.window = scenario::length_of(window, Duration(1));
      if (*out_.window <= Duration(0)) {
        problems_.add(*window, "expected a duration longer than 0s", "leave it out for no window");
      }
    }
    read_threshold();
    out_.ours = texts_of(node_.find("ours"));
    out_.also = texts_of(node_.find("also"));
    out_.note = text_of(node_.find("note"));
    check_ours();
    if (const Node* drive = node_.find("drive")) read_drive(*drive);
    return std::move(out_);
  }

 private:
  void read_threshold() {
    const Node* threshold = node_.find("threshold");
    const Node* is = node_.find("is");
    out_.is = comparison_of(is);
    if (threshold == nullptr) {
      if (is != nullptr) problems_.add(*is, "this compares with no threshold");
      return;
    }
    out_.threshold_text = text_of(threshold);
    out_.threshold_pos = threshold->pos();
    const auto quantity = parse_quantity(out_.threshold_text);
    if (quantity.has_value()) out_.threshold = *quantity;
    if (is == nullptr) {
      problems_.add(*threshold, "a threshold needs the key \"is\"",
                    "is: above, at_least, below, at_most or equal");
    }
  }

  /// What is said to be ours must be there. A name and an expression always are.
  void check_ours() {
    const Node* list = node_.find("ours");
    for (std::size_t i = 0; i < out_.ours.size(); ++i) {
      const std::string& part = out_.ours[i];
      const bool given =
          part == "name" || part == "expr" || part == "for" || node_.find(part) != nullptr;
      if (!given) {
        problems_.add(*list->items[i],
                      fmt::format("\"{}\" is said to be ours, but is not given", part));
      }
      if (std::find(out_.ours.begin(), out_.ours.begin() + static_cast<std::ptrdiff_t>(i), part) !=
          out_.ours.begin() + static_cast<std::ptrdiff_t>(i)) {
        problems_.add(*list->items[i], fmt::format("\"{}\" is listed twice", part));
      }
    }
  }

  void read_drive(const Node& drive) {
    const auto read_one = [&](const Node& node) {
      if (!node.is_map()) return;
      out_.drive.push_back(CauseReader(node, out_, system_, problems_).read());
    };
    read_one(drive);
    for (const yaml::NodePtr& cause : drive.items) read_one(*cause);
  }

  const Node& key_;
  const Node& node_;
  const scenario::System& system_;
  Problems& problems_;
  Alert out_;
};

/// `also` names alerts of the same contract, and not the alert itself.
void check_also(const Node& node, const std::vector<Alert>& alerts, Problems& problems) {
  for (const Node::Entry& entry : node.entries) {
    const Node* also = entry.value->find("also");
    if (also == nullptr) continue;
    check_alert_names(*also, alerts, problems);
    const auto check_self = [&](const Node& name) {
      if (!name.is_scalar() || name.text != entry.key->text) return;
      problems.add(name, fmt::format("{} fires along with itself", name.text));
    };
    check_self(*also);
    for (const yaml::NodePtr& name : also->items) check_self(*name);
  }
}

}  // namespace

void check_alert_names(const Node& node, const std::vector<Alert>& alerts, Problems& problems) {
  std::vector<std::string> known;
  for (const Alert& alert : alerts) known.push_back(alert.name);
  const auto check = [&](const Node& name) {
    if (!name.is_scalar()) return;
    if (std::find(known.begin(), known.end(), name.text) != known.end()) return;
    problems.unknown(name, fmt::format("the contract has no alert \"{}\"", name.text), name.text,
                     known);
  };
  check(node);
  for (const yaml::NodePtr& name : node.items) check(*name);
}

std::vector<Alert> read_alerts(const Node& node, const scenario::System& system,
                               Problems& problems) {
  std::vector<Alert> alerts;
  for (const Node::Entry& entry : node.entries) {
    if (!entry.value->is_map()) continue;
    alerts.push_back(AlertReader(*entry.key, *entry.value, system, problems).read());
  }
  check_also(node, alerts, problems);
  return alerts;
}

}  // namespace tocsin::contract
