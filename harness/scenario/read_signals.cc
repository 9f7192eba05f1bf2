#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/suggest.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

/// Keys beside which signals stand in a fault.
constexpr std::string_view kFaultWords[] = {"down",    "hang", "slow_scrape", "malformed_scrape",
                                            "restart", "call"};

/// The formula that a signal, or the mean of a distribution, follows.
const yaml::Node* value_node(const yaml::Node& signal) {
  if (!signal.is_map()) return &signal;
  const yaml::Node* value = signal.find("value");
  return value != nullptr ? value : signal.find("mean");
}

void check_name(const yaml::Node& key, Problems& problems) {
  const std::string& name = key.text;
  const auto refuse = [&](std::string_view why) {
    problems.add(key, fmt::format("\"{}\" cannot be a signal's name: {}", name, why));
  };
  const auto builtin = [&](const BuiltinSignal& signal) { return signal.name == name; };
  if (!is_signal_name(name)) {
    refuse("it is made of letters, digits, \"_\" and \".\", and is no word of formulas");
  } else if (percentile_name(name)) {
    refuse("names in .pNN are percentiles of distributions");
  } else if (name.starts_with(kOfService)) {
    refuse("that is how exporters read the service's signals");
  } else if (std::any_of(builtin_signals().begin(), builtin_signals().end(), builtin)) {
    refuse("every service has this one");
  } else if (std::find(std::begin(kFaultWords), std::end(kFaultWords), name) !=
             std::end(kFaultWords)) {
    refuse("it means something else in faults");
  }
}

/// Such a distribution follows from others alone.
void read_mean(const yaml::Node& node, Signal& signal, Problems& problems) {
  if (!node.is_scalar()) return;
  auto formula = Formula::parse(node.text);
  if (formula.has_error()) return problems.add_parse_error(node, formula.error());
  signal.value = std::move(*formula);
  signal.derived = true;
}

Signal read_signal(const yaml::Node::Entry& entry, Problems& problems) {
  const yaml::Node& node = *entry.value;
  check_name(*entry.key, problems);
  Signal signal;
  signal.name = entry.key->text;
  signal.pos = entry.key->pos();
  signal.noise = share_of(node.find("noise"), 0);
  signal.help = text_of(node.find("help"));
  const yaml::Node* derived = node.find("derived");
  signal.derived = bool_of(derived, false);
  const yaml::Node* value = node.is_map() ? node.find("value") : &node;
  const yaml::Node* percentiles = node.find("percentiles");
  const yaml::Node* mean = node.find("mean");
  if (mean != nullptr && percentiles == nullptr)
    problems.add(*mean, "only distributions have a mean");
  for (const std::string_view key : {"min", "max"}) {
    const yaml::Node* bound = node.find(key);
    if (bound == nullptr || !bound->is_scalar()) continue;
    const auto quantity = parse_quantity(bound->text);
    if (quantity.has_value()) (key == "min" ? signal.min : signal.max) = quantity->value;
    if (percentiles != nullptr) problems.add(*bound, "a distribution has no bounds");
  }
  if (signal.min && signal.max && *signal.min > *signal.max) {
    problems.add(*node.find("min"), "the least is more than the most");
    signal.min.reset();
    signal.max.reset();
  }
  if (value != nullptr && value->is_scalar()) {
    auto formula = Formula::parse(value->text);
    if (formula.has_error()) {
      problems.add_parse_error(*value, formula.error());
    } else {
      signal.value = std::move(*formula);
    }
  }
  if (const yaml::Node* grows = node.find("grows"); grows != nullptr && grows->is_scalar()) {
    auto formula = Formula::parse(grows->text);
    if (formula.has_error()) {
      problems.add_parse_error(*grows, formula.error());
    } else {
      signal.grows = std::move(*formula);
    }
    if (percentiles != nullptr) problems.add(*grows, "a distribution does not grow");
  }
  if (percentiles != nullptr) {
    signal.grows.reset();
    if (value != nullptr)
      problems.add(*percentiles, "a signal has a value or percentiles, not both");
    if (signal.noise > 0) problems.add(*node.find("noise"), "a distribution has no further noise");
    std::optional<Dimension> dimension;
    signal.distribution = read_distribution(*percentiles, dimension, problems);
    signal.dimension = dimension.value_or(Dimension::kNumber);
    signal.value.reset();
    if (mean != nullptr) {
      read_mean(*mean, signal, problems);
    } else if (signal.derived) {
      problems.add(*derived, "a distribution without \"mean\" follows from no other signal");
    }
  } else if (node.is_map() && value == nullptr) {
    problems.add(node, "a signal needs the key \"value\" or \"percentiles\"");
  }
  return signal;
}

/// Finds dimensions signal by signal, those that others read first.
class Linker {
 public:
  Linker(Target& target, const yaml::Node& node, Problems& problems)
      : target_(target), node_(node), problems_(problems) {}

  void link() {
    for (Signal& signal : target_.signals) visit(signal);
    for (const Signal& signal : target_.signals) check_growth(signal);
  }

 private:
  enum class Mark { kNew, kOpen, kDone };

  void visit(Signal& signal) {
    Mark& mark = marks_[signal.name];
    if (mark != Mark::kNew || !signal.value) return;
    mark = Mark::kOpen;
    path_.push_back(signal.name);
    for (const std::string& read : signal.value->signals()) {
      const auto name = find_signal(target_, read);
      const std::string& base = name ? name->base : read;
      if (marks_[base] == Mark::kOpen) {
        report_circle(signal, base);
        continue;
      }
      const auto is_it = [&](const Signal& other) { return other.name == base; };
      const auto driver = std::find_if(target_.signals.begin(), target_.signals.end(), is_it);
      if (driver == target_.signals.end()) continue;
      visit(*driver);
      if (driver->distribution && driver->value) {
        problems_.add(*value_node(*node_.find(signal.name)),
                      fmt::format("\"{}\" has a mean that follows from other signals: only "
                                  "instruments can read it",
                                  base));
      }
    }
    path_.pop_back();
    marks_[signal.name] = Mark::kDone;
    const yaml::Node* entry = node_.find(signal.name);
    const yaml::Node* value = entry != nullptr ? value_node(*entry) : nullptr;
    if (value == nullptr) return;
    if (const auto formula = read_formula(*value, target_, problems_)) {
      if (signal.distribution && signal.dimension != Dimension::kNumber &&
          signal.dimension != formula->dimension) {
        problems_.add(*value,
                      fmt::format("the percentiles are a {}, and this is a {}",
                                  to_string(signal.dimension), to_string(formula->dimension)));
      }
      signal.dimension = formula->dimension;
      if (signal.derived && formula->formula.signals().empty()) {
        const yaml::Node* derived = entry->find("derived");
        problems_.add(derived != nullptr ? *derived : *value, "this follows from no other signal");
      }
      check_bound_units(signal, *entry);
      check_bounds(signal, *value, formula->formula);
    }
  }

  const Signal* own_signal(const std::string& name) const {
    const auto known = find_signal(target_, name);
    const std::string& base = known ? known->base : name;
    for (const Signal& signal : target_.signals) {
      if (signal.name == base) return &signal;
    }
    return nullptr;
  }

  /// The signals from `from` to `to`, each of which the one before reads; empty when there is no
  /// such way.
  std::vector<std::string> way(const Signal& from, const std::string& to,
                               std::set<std::string>& seen) const {
    if (from.name == to) return {to};
    if (!seen.insert(from.name).second) return {};
    for (const std::optional<Formula>& formula : {from.value, from.grows}) {
      for (const std::string& read : formula ? formula->signals() : std::vector<std::string>{}) {
        const Signal* next = own_signal(read);
        if (next == nullptr) continue;
        std::vector<std::string> rest = way(*next, to, seen);
        if (rest.empty()) continue;
        rest.insert(rest.begin(), from.name);
        return rest;
      }
    }
    return {};
  }

  /// How fast such a signal grows would depend on how often it is looked at.
  void refuse_own_growth(const Signal& signal, const yaml::Node& grows) {
    std::set<std::string> seen;
    for (const std::string& read : signal.grows->signals()) {
      const Signal* first = own_signal(read);
      if (first == nullptr) continue;
      const std::vector<std::string> circle = way(*first, signal.name, seen);
      if (circle.empty()) continue;
      problems_.add(grows, fmt::format("this signal drives its own growth: {} → {}", signal.name,
                                       fmt::join(circle, " → ")));
      return;
    }
  }

  /// So much a second: of the signal's own kind, a rate for a plain number.
  void check_growth(const Signal& signal) {
    const yaml::Node* entry = node_.find(signal.name);
    const yaml::Node* grows = entry != nullptr ? entry->find("grows") : nullptr;
    if (!signal.grows || grows == nullptr) return;
    refuse_own_growth(signal, *grows);
    const auto formula = read_formula(*grows, target_, problems_);
    if (!formula || formula->dimension == signal.dimension ||
        formula->dimension == Dimension::kNumber ||
        (formula->dimension == Dimension::kRate && signal.dimension == Dimension::kNumber)) {
      return;
    }
    problems_.add(*grows, fmt::format("\"{}\" is a {}, and cannot grow by a {}", signal.name,
                                      to_string(signal.dimension), to_string(formula->dimension)));
  }

  /// Of the signal's kind, or plain numbers in its base unit.
  void check_bound_units(Signal& signal, const yaml::Node& entry) {
    for (const std::string_view key : {"min", "max"}) {
      const yaml::Node* bound = entry.find(key);
      const auto quantity =
          bound != nullptr ? parse_quantity(bound->text) : Result<Quantity>(Quantity{});
      const auto fits = [&](Dimension dimension) {
        return dimension == Dimension::kNumber || dimension == signal.dimension ||
               (dimension == Dimension::kRatio && signal.dimension == Dimension::kNumber);
      };
      if (quantity.has_error() || fits(quantity->dimension)) continue;
      problems_.add(
          *bound, fmt::format("\"{}\" is a {}, not a {}", signal.name, to_string(signal.dimension),
                              to_string(quantity->dimension)));
      (key == "min" ? signal.min : signal.max).reset();
    }
  }

  void check_bounds(const Signal& signal, const yaml::Node& value, const Formula& formula) {
    const auto constant = formula.constant_value();
    if (!constant) return;
    if (auto problem = out_of_bounds(signal, *constant)) problems_.add(value, std::move(*problem));
  }

  void report_circle(const Signal& signal, const std::string& base) {
    const auto begin = std::find(path_.begin(), path_.end(), base);
    const std::vector<std::string> circle(begin, path_.end());
    const yaml::Node* value = value_node(*node_.find(signal.name));
    problems_.add(
        *value, fmt::format("this signal drives itself: {} → {}", fmt::join(circle, " → "), base));
  }

  Target& target_;
  const yaml::Node& node_;
  Problems& problems_;
  std::map<std::string, Mark> marks_;
  std::vector<std::string> path_;
};

}  // namespace

std::optional<std::string> out_of_bounds(const Signal& signal, double value) {
  const auto bound = [&](double limit) { return format_quantity({limit, signal.dimension}); };
  if (signal.max && value > *signal.max) {
    return fmt::format("\"{}\" is {} at most", signal.name, bound(*signal.max));
  }
  if (signal.min && value < *signal.min) {
    return fmt::format("\"{}\" is {} at least", signal.name, bound(*signal.min));
  }
  return std::nullopt;
}

Distribution read_distribution(const yaml::Node& node, std::optional<Dimension>& dimension,
                               Problems& problems) {
  Distribution distribution;
  const auto add = [&](const yaml::Node& value, double percentile) {
    const auto quantity = parse_quantity(value.text);
    if (!value.is_scalar() || quantity.has_error()) return;
    if (!dimension) dimension = quantity->dimension;
    const auto number = parse_value(value.text, *dimension);
    if (number.has_error()) {
      problems.add_parse_error(value, number.error());
    } else if (*number <= 0) {
      problems.add(value, "values of a distribution are above 0");
    } else {
      distribution.percentiles.emplace_back(percentile, *number);
    }
  };
  if (node.is_scalar()) add(node, 0.5);
  std::vector<std::pair<double, const yaml::Node*>> order;
  for (const yaml::Node::Entry& entry : node.entries) {
    if (const auto percentile = parse_percentile(entry.key->text)) {
      order.emplace_back(*percentile, entry.value.get());
      add(*entry.value, *percentile);
    } else {
      problems.add(
          *entry.key,
          fmt::format("expected a percentile like p50, p95 or p99.9, not \"{}\"", entry.key->text));
    }
  }
  auto& points = distribution.percentiles;
  std::sort(points.begin(), points.end());
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].first == points[i - 1].first) {
      problems.add(node, "a percentile is here twice");
    } else if (points[i].second < points[i - 1].second) {
      const auto is_it = [&](const auto& item) { return item.first == points[i].first; };
      const auto at = std::find_if(order.begin(), order.end(), is_it);
      problems.add(*at->second, fmt::format("percentiles out of order: p{} is below p{}",
                                            format_number(points[i].first * 100, 12),
                                            format_number(points[i - 1].first * 100, 12)));
    }
  }
  if (node.is_map() && node.entries.empty()) problems.add(node, "expected at least one percentile");
  return distribution;
}

namespace {

/// A way out for a formula that reads what is not there.
std::string hint_for(const Target& target, const std::string& name) {
  const std::vector<std::string> known = readable_names(target, name);
  const bool of_service = name.starts_with(kOfService);
  if (target.service || name.find('.') == std::string::npos ||
      (!of_service && !nearest_name(name, known).empty())) {
    return unknown_name_hint(name, known);
  }
  const std::string bare = of_service ? name.substr(kOfService.size()) : "";
  if (of_service && find_signal(target, bare)) return fmt::format("did you mean \"{}\"?", bare);
  return "the service reads its own signals only; exporters can follow it, by service.NAME";
}

}  // namespace

std::optional<DimensionedFormula> read_formula(const yaml::Node& node, const Target& target,
                                               Problems& problems) {
  if (!node.is_scalar()) return std::nullopt;
  return read_formula(node, node.text, target, problems);
}

std::optional<DimensionedFormula> read_formula(const yaml::Node& node, std::string_view text,
                                               const Target& target, Problems& problems) {
  auto formula = Formula::parse(text);
  if (formula.has_error()) {
    problems.add_parse_error(node, formula.error());
    return std::nullopt;
  }
  bool known = true;
  for (std::size_t i = 0; i < formula->signals().size(); ++i) {
    const std::string& name = formula->signals()[i];
    if (find_signal(target, name)) continue;
    known = false;
    Error error =
        input_error(formula->place_of(i), fmt::format("{} has no signal \"{}\"", target.name, name),
                    static_cast<int>(name.size()));
    error.hints.push_back(hint_for(target, name));
    problems.add_parse_error(node, std::move(error));
  }
  if (!known) return std::nullopt;
  const auto dimension = formula->dimension(
      [&](std::string_view name) { return find_signal(target, name)->dimension; });
  if (dimension.has_error()) {
    problems.add_parse_error(node, dimension.error());
    return std::nullopt;
  }
  return DimensionedFormula{std::move(*formula), *dimension};
}

std::vector<Signal> read_signals(const yaml::Node& node, Problems& problems) {
  std::vector<Signal> signals;
  for (const yaml::Node::Entry& entry : node.entries) {
    signals.push_back(read_signal(entry, problems));
  }
  return signals;
}

void link_signals(Target& target, const yaml::Node& node, Problems& problems) {
  Linker(target, node, problems).link();
}

}  // namespace tocsin::scenario
