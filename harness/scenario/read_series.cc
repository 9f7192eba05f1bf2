#include "harness/scenario/read_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "harness/model/labels.h"
#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using Binding = InstrumentSeries::Binding;
using LabelKind = InstrumentLabel::Kind;

bool bound_to_requests(Binding binding) {
  return binding != Binding::kValue && binding != Binding::kRate && binding != Binding::kScrapes;
}

bool status_fits(int status, const std::vector<std::string>& patterns) {
  const std::string text = std::to_string(status);
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
           return pattern == text || (pattern.ends_with("xx") && pattern[0] == text[0]);
         });
}

/// One series of an instrument; `node` is the instrument itself when it has no list.
class SeriesReader {
 public:
  SeriesReader(const yaml::Node& instrument, const yaml::Node& node, MetricType type,
               const Target& target, Problems& problems)
      : instrument_(instrument), node_(node), type_(type), target_(target), problems_(problems) {}

  InstrumentSeries read() {
    series_.pos = node_.pos();
    read_binding();
    read_labels(instrument_);
    if (&node_ != &instrument_) read_labels(node_);
    const yaml::Node* only = find("only");
    if (only != nullptr) read_only(*only);
    read_when();
    const yaml::Node* fractional = find("fractional");
    series_.fractional = bool_of(fractional, false);
    const bool flows = type_ == MetricType::kCounter || series_.binding == Binding::kRate;
    if (series_.fractional && (!flows || observes(type_) || !series_.formula)) {
      problems_.add(*fractional,
                    "only counters with \"rate\" or \"per_request\" can be fractional");
    }
    return std::move(series_);
  }

 private:
  struct Option {
    std::string_view key;
    Binding binding;
  };

  /// A word that is no type was reported.
  bool type_is_known() const {
    return type_ != MetricType::kUnknown || text_of(instrument_.find("type")) == "untyped";
  }

  /// A key of the series, or else of the whole instrument.
  const yaml::Node* find(std::string_view key) const {
    const yaml::Node* own = node_.find(key);
    return own != nullptr ? own : instrument_.find(key);
  }

  void read_when() {
    const yaml::Node* when = find("when");
    if (when == nullptr) return;
    if (auto formula = read_formula(*when, target_, problems_)) {
      series_.when = std::move(formula->formula);
    }
  }

  void read_binding() {
    if (observes(type_)) return read_observation();
    static constexpr std::array<Option, 4> kOptions = {{{"counts", Binding::kRequests},
                                                        {"rate", Binding::kRate},
                                                        {"per_request", Binding::kPerRequest},
                                                        {"value", Binding::kValue}}};
    const bool counter = type_ == MetricType::kCounter;
    const Option* chosen = nullptr;
    if (const yaml::Node* node = node_.find("observes")) {
      problems_.add(*node, fmt::format("a {} observes nothing", to_string(type_)));
    }
    for (const Option& option : kOptions) {
      const yaml::Node* node = node_.find(option.key);
      if (node == nullptr) continue;
      if (chosen != nullptr) {
        problems_.add(*node, fmt::format("the metric is bound twice: by \"{}\" and by \"{}\"",
                                         chosen->key, option.key));
        continue;
      }
      chosen = &option;
      // What has no type may be either.
      const bool untyped = type_ == MetricType::kUnknown && option.binding == Binding::kRate;
      if (!untyped && counter == (option.binding == Binding::kValue)) {
        problems_.add(
            *node,
            counter ? "a counter has no value of its own"
                    : fmt::format("a {} has a value", to_string(type_)),
            counter ? "bind it with counts, rate or per_request" : "bind it with value: FORMULA");
        continue;
      }
      series_.binding = option.binding;
      if (option.binding == Binding::kRequests && node->text == "scrapes") {
        series_.binding = Binding::kScrapes;
      } else if (option.binding != Binding::kRequests) {
        read_formula_of(*node);
      }
    }
    if (chosen == nullptr && type_ == MetricType::kInfo) {
      series_.formula = Formula::constant(1);
    } else if (chosen == nullptr) {
      unbound(counter ? "counts, rate or per_request" : "value");
    }
    check_requests();
  }

  void unbound(std::string_view keys) {
    if (!type_is_known()) return;
    problems_.add(node_, fmt::format("this {} is bound to nothing", to_string(type_)),
                  fmt::format("add {}", keys));
  }

  void read_formula_of(const yaml::Node& node) {
    auto formula = read_formula(node, target_, problems_);
    if (!formula) return;
    if (series_.binding == Binding::kRate && formula->dimension == Dimension::kTime) {
      problems_.add(node, "expected a rate like 2/h, not a duration");
    }
    series_.formula = std::move(formula->formula);
  }

  void read_observation() {
    for (const std::string_view key : {"counts", "value"}) {
      if (const yaml::Node* node = node_.find(key)) {
        problems_.add(*node, fmt::format("a {} is bound with \"observes\"", to_string(type_)));
      }
    }
    const yaml::Node* what = node_.find("observes");
    if (what == nullptr) return unbound("observes: latency, or a distribution signal");
    const yaml::Node* rate = node_.find("rate");
    const yaml::Node* per_request = node_.find("per_request");
    static constexpr std::array<Option, 3> kOfRequests = {
        {{"latency", Binding::kRequestLatency},
         {"request_bytes", Binding::kRequestBytes},
         {"response_bytes", Binding::kResponseBytes}}};
    for (const Option& option : kOfRequests) {
      if (what->text != option.key) continue;
      series_.binding = option.binding;
      for (const yaml::Node* often : {rate, per_request}) {
        if (often != nullptr) {
          problems_.add(*often, fmt::format("the metric is bound twice: \"observes: {}\" is once a "
                                            "request",
                                            option.key));
        }
      }
      return check_requests();
    }
    read_distribution_signal(*what);
    if (rate != nullptr && per_request != nullptr) {
      problems_.add(*per_request, "the metric is bound twice: by \"rate\" and by \"per_request\"");
    }
    const yaml::Node* often = rate != nullptr ? rate : per_request;
    if (often == nullptr) {
      problems_.add(*what, fmt::format("how often is \"{}\" observed?", what->text),
                    "add per_request: 1, or rate: 5/s");
      return;
    }
    series_.binding = rate != nullptr ? Binding::kRate : Binding::kPerRequest;
    read_formula_of(*often);
    check_requests();
  }

  void read_distribution_signal(const yaml::Node& what) {
    if (!what.is_scalar()) return;
    std::vector<std::string> known = {"latency", "request_bytes", "response_bytes"};
    for (const Signal& signal : target_.signals) {
      if (!signal.distribution) continue;
      known.push_back(signal.name);
      if (signal.name == what.text) series_.distribution = signal.name;
    }
    if (const auto signal = find_signal(target_, what.text);
        signal && signal->of_service && signal->distribution && !signal->builtin &&
        !signal->percentile) {
      series_.distribution = what.text;
    }
    if (!series_.distribution.empty()) return;
    if (target_.service && what.text.starts_with(kOfService)) {
      known.clear();
      for (const Signal& signal : target_.service->signals) {
        if (signal.distribution) known.push_back(std::string(kOfService) + signal.name);
      }
    }
    problems_.unknown(
        what, fmt::format("{} has no distribution \"{}\" to observe", target_.name, what.text),
        what.text, known);
  }

  void check_requests() {
    if (!bound_to_requests(series_.binding) || !target_.endpoints.empty()) return;
    if (series_.binding == Binding::kPerRequest && !series_.formula) return;
    problems_.add(node_, fmt::format("{} has no endpoints, so there are no requests to bind to",
                                     target_.name));
  }

  void read_labels(const yaml::Node& owner) {
    const yaml::Node* labels = owner.find("labels");
    if (labels == nullptr) return;
    for (const yaml::Node::Entry& entry : labels->entries) {
      check_label_name(*entry.key);
      InstrumentLabel label = read_label(entry);
      const auto same = [&](const InstrumentLabel& known) { return known.name == label.name; };
      const auto known = std::find_if(series_.labels.begin(), series_.labels.end(), same);
      if (known != series_.labels.end()) {
        *known = std::move(label);
      } else {
        series_.labels.push_back(std::move(label));
      }
    }
  }

  void check_label_name(const yaml::Node& key) {
    const std::string& name = key.text;
    if (!is_legacy_label_name(name)) {
      problems_.add(key, fmt::format("\"{}\" is no label name", name),
                    "label names are letters, digits and \"_\", and do not begin with a digit");
    } else if (name.starts_with("__")) {
      problems_.add(key, "labels that begin with \"__\" are Prometheus' own");
    } else if ((name == "le" && type_ == MetricType::kHistogram) ||
               (name == "quantile" && type_ == MetricType::kSummary)) {
      problems_.add(key, fmt::format("the label \"{}\" is the {}'s own", name, to_string(type_)));
    }
  }

  InstrumentLabel read_label(const yaml::Node::Entry& entry) {
    InstrumentLabel label;
    label.name = entry.key->text;
    const yaml::Node& value = *entry.value;
    if (value.is_map()) {
      read_split(value, label);
    } else if (value.text.starts_with('$')) {
      static const std::vector<std::string> kProperties = {"$method", "$endpoint", "$status"};
      static constexpr std::array<LabelKind, 3> kKinds = {LabelKind::kMethod, LabelKind::kEndpoint,
                                                          LabelKind::kStatus};
      const auto known = std::find(kProperties.begin(), kProperties.end(), value.text);
      if (known == kProperties.end()) {
        problems_.unknown(value, fmt::format("requests have no {}", value.text), value.text,
                          kProperties);
      } else {
        label.kind = kKinds[static_cast<std::size_t>(known - kProperties.begin())];
        if (!bound_to_requests(series_.binding)) {
          problems_.add(value, "only metrics bound to requests have their properties");
        }
      }
    } else {
      label.constant = value.text;
      if (value.is_scalar() && value.text.empty()) {
        problems_.add(value, "an empty label is an absent one; leave it out");
      }
    }
    return label;
  }

  void read_split(const yaml::Node& node, InstrumentLabel& label) {
    label.kind = LabelKind::kSplit;
    double sum = 0;
    for (const yaml::Node::Entry& entry : node.entries) {
      const double share = share_of(entry.value.get(), 0);
      label.split.emplace_back(entry.key->text, share);
      sum += share;
    }
    if (std::abs(sum - 1) > kShareSlack) {
      problems_.add(
          node, fmt::format("the shares add up to {}%, not to 100%", format_number(sum * 100, 10)));
    }
    if (series_.binding == Binding::kValue) {
      problems_.add(node, "a value cannot be split into shares", "write one series for each value");
    }
  }

  void read_only(const yaml::Node& only) {
    if (!bound_to_requests(series_.binding)) {
      problems_.add(only, "only metrics bound to requests choose among them");
      return;
    }
    if (const yaml::Node* endpoint = only.find("endpoint")) {
      std::vector<std::string> known;
      for (const Endpoint& one : target_.endpoints) known.push_back(one.name);
      series_.only_endpoint = text_of(endpoint);
      if (std::find(known.begin(), known.end(), endpoint->text) == known.end()) {
        problems_.unknown(*endpoint,
                          fmt::format("{} has no endpoint \"{}\"", target_.name, endpoint->text),
                          endpoint->text, known);
      }
    }
    const yaml::Node* statuses = only.find("status");
    if (statuses == nullptr) return;
    const auto add = [&](const yaml::Node& status) {
      const std::string& text = status.text;
      const bool is_class = text.size() == 3 && text.ends_with("xx");
      const auto code = parse_count(is_class ? text.substr(0, 1) + "00" : text);
      if (code.has_error() || *code < 200 || *code > 599) {
        problems_.add(status, fmt::format("expected a status like 404 or 5xx, not \"{}\"", text));
      }
      series_.only_statuses.push_back(text);
    };
    if (statuses->is_scalar()) add(*statuses);
    for (const yaml::NodePtr& status : statuses->items) add(*status);
  }

  const yaml::Node& instrument_;
  const yaml::Node& node_;
  MetricType type_;
  const Target& target_;
  Problems& problems_;
  InstrumentSeries series_;
};

/// All values that a label of a series may take; {""} when it has no such label.
std::set<std::string> values_of(const InstrumentSeries& series, std::string_view name,
                                const Target& target) {
  std::set<std::string> values;
  for (const InstrumentLabel& label : series.labels) {
    if (label.name != name) continue;
    if (label.kind == LabelKind::kConstant) values.insert(label.constant);
    for (const auto& [value, share] : label.split) values.insert(value);
    for (const Endpoint& endpoint : target.endpoints) {
      if (!series.only_endpoint.empty() && series.only_endpoint != endpoint.name) continue;
      if (label.kind == LabelKind::kMethod) values.insert(endpoint.method);
      if (label.kind == LabelKind::kEndpoint) values.insert(endpoint.name);
      if (label.kind != LabelKind::kStatus) continue;
      for (const auto& [status, share] : endpoint.statuses) {
        if (status_fits(status, series.only_statuses)) values.insert(std::to_string(status));
      }
      // A fault may bring this one.
      if (status_fits(500, series.only_statuses)) values.insert("500");
    }
    return values;
  }
  return {""};
}

}  // namespace

bool may_share_labels(const InstrumentSeries& a, const InstrumentSeries& b, const Target& target) {
  std::set<std::string> names;
  for (const InstrumentLabel& label : a.labels) names.insert(label.name);
  for (const InstrumentLabel& label : b.labels) names.insert(label.name);
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto of_a = values_of(a, name, target);
    const auto of_b = values_of(b, name, target);
    return std::any_of(of_a.begin(), of_a.end(),
                       [&](const std::string& value) { return of_b.contains(value); });
  });
}

bool observes(MetricType type) {
  return type == MetricType::kHistogram || type == MetricType::kSummary;
}

InstrumentSeries read_series(const yaml::Node& instrument, const yaml::Node& node, MetricType type,
                             const Target& target, Problems& problems) {
  return SeriesReader(instrument, node, type, target, problems).read();
}

}  // namespace tocsin::scenario
