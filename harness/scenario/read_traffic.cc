#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using traffic::Phase;

constexpr double kHighestRate = 1e9;  ///< requests per second
constexpr std::uint64_t kMostUsers = 1'000'000;
constexpr std::uint64_t kMostRequests = 1'000'000'000'000;

class PhaseReader {
 public:
  PhaseReader(const yaml::Node& node, const System& system, Problems& problems)
      : node_(node), system_(system), problems_(problems) {}

  Phase read() {
    phase_.pos = node_.pos();
    phase_.name = text_of(node_.find("name"));
    if (const yaml::Node* length = node_.find("for")) phase_.length = positive_length(*length);
    read_load();
    read_length();
    if (text_of(node_.find("arrivals")) == "paced") phase_.arrivals = traffic::Arrivals::kPaced;
    if (const yaml::Node* mix = node_.find("mix")) read_mix(*mix);
    phase_.warm_up = bool_of(node_.find("warm_up"), false);
    return std::move(phase_);
  }

 private:
  Duration positive_length(const yaml::Node& node) {
    const Duration length = length_of(&node, Duration(1));
    if (length <= Duration(0)) problems_.add(node, "expected a duration longer than 0s");
    return length;
  }

  double rate(const yaml::Node& parent, std::string_view key) {
    const yaml::Node* node = parent.find(key);
    const double value = value_of(node, Dimension::kRate, 0);
    if (node != nullptr) check_rate(*node, value);
    return value;
  }

  void check_rate(const yaml::Node& node, double value) {
    if (value < 0) problems_.add(node, "a rate cannot be negative");
    if (value > kHighestRate) problems_.add(node, "more than 1,000,000,000 requests per second");
  }

  /// Exactly one of rate, steps, spike, sine and users says what the load is; `count` alone is
  /// spread evenly.
  void read_load() {
    static constexpr std::array<std::string_view, 5> kLoads = {"rate", "steps", "spike", "sine",
                                                               "users"};
    const yaml::Node* load = nullptr;
    for (const std::string_view key : kLoads) {
      const yaml::Node* here = node_.find(key);
      if (here == nullptr) continue;
      if (load != nullptr) {
        problems_.add(*here, "a phase has one load: rate, steps, spike, sine or users");
      }
      load = here;
      if (key == "rate") read_rate(*here);
      if (key == "steps") read_steps(*here);
      if (key == "spike") read_spike(*here);
      if (key == "sine") read_sine(*here);
      if (key == "users") read_users(*here);
    }
    read_count(load);
    if (node_.find("think") != nullptr && !phase_.users) {
      problems_.add(*node_.find("think"), "only \"users\" think");
    }
  }

  void read_count(const yaml::Node* load) {
    const yaml::Node* count = node_.find("count");
    if (count == nullptr) {
      if (load == nullptr) {
        problems_.add(node_, "a phase of traffic needs a load",
                      "one of rate, steps, spike, sine, users or count, like rate: 50/s");
      }
      return;
    }
    phase_.count = count_of(count, 1);
    if (*phase_.count == 0 || *phase_.count > kMostRequests) {
      problems_.add(*count, "expected a count from 1 to 1000000000000");
    }
    if (phase_.users) problems_.add(*count, "\"count\" and \"users\" do not go together");
  }

  void read_rate(const yaml::Node& node) {
    const auto range = parse_rate_range(node.text);
    if (range.has_error()) return;
    check_rate(node, std::max(range->from_hz, range->to_hz));
    if (range->from_hz == range->to_hz) {
      phase_.shape = traffic::ConstantRate{range->from_hz};
    } else {
      phase_.shape = traffic::RampRate{range->from_hz, range->to_hz};
    }
  }

  void read_steps(const yaml::Node& node) {
    if (!node.is_list()) return;
    traffic::StepRates shape;
    for (const yaml::NodePtr& item : node.items) {
      const yaml::Node* length = item->find("for");
      if (length == nullptr) continue;
      shape.steps.push_back({rate(*item, "rate"), positive_length(*length)});
    }
    if (node.items.empty()) problems_.add(node, "expected at least one step");
    Duration total{0};
    for (const auto& step : shape.steps) total += step.length;
    if (const yaml::Node* length = node_.find("for")) {
      if (total > Duration(0) && phase_.length != total) {
        problems_.add(*length,
                      fmt::format("the steps last {}; leave \"for\" out", format_duration(total)));
      }
    }
    phase_.length = total;
    phase_.shape = std::move(shape);
  }

  void read_spike(const yaml::Node& node) {
    if (!node.is_map()) return;
    traffic::SpikeRate shape;
    shape.base_hz = rate(node, "base");
    shape.peak_hz = rate(node, "peak");
    shape.at = length_of(node.find("at"), Duration(0));
    shape.length = length_of(node.find("for"), Duration(0));
    if (node_.find("for") != nullptr && shape.at + shape.length > phase_.length) {
      problems_.add(node, fmt::format("the spike ends {} after the phase's start, which lasts {}",
                                      format_duration(shape.at + shape.length),
                                      format_duration(phase_.length)));
    }
    phase_.shape = shape;
  }

  void read_sine(const yaml::Node& node) {
    traffic::SineRate shape;
    shape.low_hz = rate(node, "low");
    shape.high_hz = rate(node, "high");
    if (shape.low_hz > shape.high_hz) problems_.add(node, "\"low\" is above \"high\"");
    if (const yaml::Node* period = node.find("period")) shape.period = positive_length(*period);
    shape.peak_at = length_of(node.find("peak_at"), Duration(0));
    phase_.shape = shape;
  }

  void read_users(const yaml::Node& node) {
    const std::uint64_t users = count_of(&node, 1);
    if (users == 0 || users > kMostUsers) problems_.add(node, "expected 1 to 1000000 users");
    phase_.users = traffic::Users{static_cast<std::uint32_t>(std::min(users, kMostUsers)),
                                  length_of(node_.find("think"), Duration(0))};
  }

  /// Steps bring their length, and a count at a constant rate has one.
  void read_length() {
    if (node_.find("for") != nullptr || node_.find("steps") != nullptr) return;
    const auto* constant = std::get_if<traffic::ConstantRate>(&phase_.shape);
    if (phase_.count && constant != nullptr && constant->rate_hz > 0) {
      const double ms = std::ceil(static_cast<double>(*phase_.count) / constant->rate_hz * 1e3);
      if (ms <= static_cast<double>(kLongestRun.count())) {
        phase_.length = Duration(static_cast<std::int64_t>(ms));
        return;
      }
      problems_.add(*node_.find("count"), "so many requests at this rate take longer than 366d");
      return;
    }
    problems_.add(node_, "a phase of traffic needs the key \"for\"", "like for: 25m");
  }

  void read_mix(const yaml::Node& node) {
    if (!node.is_map()) return;
    std::vector<std::string> known;
    for (const Endpoint& endpoint : system_.service.endpoints) known.push_back(endpoint.name);
    for (const yaml::Node::Entry& entry : node.entries) {
      const std::string& name = entry.key->text;
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        problems_.unknown(*entry.key, fmt::format("the service has no endpoint \"{}\"", name), name,
                          known);
      }
      const auto weight = parse_number(entry.value->text);
      if (weight.has_error()) continue;
      if (*weight <= 0) {
        problems_.add(*entry.value, "a weight is above 0");
        continue;
      }
      phase_.mix.push_back({name, *weight});
    }
    if (node.entries.empty()) problems_.add(node, "expected at least one endpoint");
  }

  const yaml::Node& node_;
  const System& system_;
  Problems& problems_;
  Phase phase_;
};

}  // namespace

traffic::Traffic read_traffic(const yaml::Node& node, const System& system, RunTimes& times,
                              Problems& problems) {
  traffic::Traffic traffic;
  const auto read_phase = [&](const yaml::Node& item) {
    if (!item.is_map()) return;
    const Duration start = traffic.length();
    Phase phase = PhaseReader(item, system, problems).read();
    if (start + phase.length > kLongestRun) {
      problems.add(item, "with this phase the traffic lasts longer than 366d");
      return;
    }
    if (const yaml::Node* name = item.find("name"); name != nullptr && name->is_scalar()) {
      if (auto error = check_event_name(phase.name)) {
        problems.add_parse_error(*name, *error);
      } else if (!times.add(RunTimes::Kind::kPhase, phase.name, {{start, start + phase.length}})) {
        problems.add(*name, fmt::format("there is another \"{}\" above", phase.name));
      }
    }
    traffic.phases.push_back(std::move(phase));
  };
  if (node.is_map()) read_phase(node);
  for (const yaml::NodePtr& item : node.items) read_phase(*item);
  if (node.is_list() && node.items.empty()) problems.add(node, "expected at least one phase");
  if (system.service.endpoints.empty()) {
    problems.add(node, "the system's service has no endpoints, so nothing can be called");
  }
  times.add(RunTimes::Kind::kTraffic, "traffic", {{Duration(0), traffic.length()}});
  return traffic;
}

}  // namespace tocsin::scenario
