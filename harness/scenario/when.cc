#include "harness/scenario/when.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using Hold = MetricExpectation::Hold;

TimeWindow moment(const TimePoint& at) {
  return {at.offset, at.offset, at.text};
}

/// Calls visit(window) for every window.
template <class SomeExpectations, class Visit>
void each_window(SomeExpectations& expectations, Visit visit) {
  const auto visit_one = [&](auto& window) {
    if (window) visit(*window);
  };
  for (auto& alert : expectations.alerts) {
    visit_one(alert.pending);
    visit_one(alert.fires);
    visit_one(alert.resolves);
  }
  for (auto& notification : expectations.notifications) {
    visit_one(notification.window);
    visit_one(notification.at);
  }
  for (auto& metric : expectations.metrics) visit(metric.window);
  for (auto& health : expectations.health) visit(health.window);
  for (auto& load : expectations.load) visit_one(load.window);
  for (auto& scrape : expectations.scrape) {
    for (auto& up : scrape.up) visit(up.window);
  }
}

}  // namespace

TimeWindow whole_run() {
  return {Duration(0), kRunEnd, "all the time"};
}

std::optional<TimePoint> read_point(const yaml::Node& node, const ExpectationContext& context) {
  if (!node.is_scalar()) return std::nullopt;
  auto point = context.times.point(node.text);
  if (point.has_value()) return *point;
  context.problems.add_parse_error(node, point.error());
  return std::nullopt;
}

std::optional<TimeWindow> read_window(const yaml::Node& node, const ExpectationContext& context) {
  if (node.is_map()) {
    if (node.entries.empty()) context.problems.add(node, "this window needs \"from\" or \"to\"");
    return read_from_to(node.find("from"), node.find("to"), context);
  }
  if (!node.is_scalar()) return std::nullopt;
  auto window = context.times.window(node.text);
  if (window.has_value()) return *window;
  context.problems.add_parse_error(node, window.error());
  return std::nullopt;
}

std::optional<ValueClaim> read_claim(const yaml::Node& node, std::optional<Dimension> dimension,
                                     const ExpectationContext& context) {
  if (!node.is_scalar()) return std::nullopt;
  auto claim = parse_claim(node.text, dimension);
  if (claim.has_value()) return std::move(*claim);
  context.problems.add_parse_error(node, claim.error());
  return std::nullopt;
}

std::optional<std::uint32_t> read_small_count(const yaml::Node& node,
                                              const ExpectationContext& context) {
  const auto count = parse_count(node.text);
  if (count.has_error()) return std::nullopt;
  constexpr std::uint64_t kMost = 1'000'000'000;
  if (*count > kMost) context.problems.add(node, "expected a count up to 1000000000");
  return static_cast<std::uint32_t>(std::min(*count, kMost));
}

std::optional<TimeWindow> read_from_to(const yaml::Node* from, const yaml::Node* to,
                                       const ExpectationContext& context) {
  TimeWindow window{Duration(0), kRunEnd, {}};
  if (from != nullptr) {
    const auto point = read_point(*from, context);
    if (!point) return std::nullopt;
    window.from = point->offset;
    window.text = "from " + point->text;
  }
  if (to != nullptr) {
    const auto point = read_point(*to, context);
    if (!point) return std::nullopt;
    window.to = point->offset;
    window.text += (from != nullptr ? " to " : "to ") + point->text;
  }
  if (window.to < window.from) {
    context.problems.add(
        *to, fmt::format("this window ends ({}) before it begins ({})", format_duration(window.to),
                         format_duration(window.from)));
  }
  return window;
}

std::optional<When> read_when(const yaml::Node& node, const ExpectationContext& context) {
  const yaml::Node* from = node.find("from");
  const yaml::Node* to = node.find("to");
  const yaml::Node* span = from != nullptr ? from : to;
  const yaml::Node* chosen = nullptr;
  for (const yaml::Node* one :
       {node.find("at"), span, node.find("always"), node.find("eventually")}) {
    if (one == nullptr) continue;
    if (chosen != nullptr) {
      context.problems.add(*one, "one time is enough: at, from and to, always or eventually");
      break;
    }
    chosen = one;
  }
  if (chosen == nullptr) return std::nullopt;
  When when;
  if (chosen == span) {
    when.window = read_from_to(from, to, context).value_or(TimeWindow{});
  } else if (chosen == node.find("at")) {
    when.hold = Hold::kAt;
    when.at = read_point(*chosen, context).value_or(TimePoint{});
    when.window = moment(when.at);
  } else {
    when.hold = chosen == node.find("always") ? Hold::kAlways : Hold::kEventually;
    when.window = read_window(*chosen, context).value_or(TimeWindow{});
  }
  return when;
}

Duration last_time(const Expectations& expectations) {
  Duration last{0};
  const auto grow = [&](Duration to) {
    if (to != kRunEnd) last = std::max(last, to);
  };
  each_window(expectations, [&](const TimeWindow& window) { grow(window.to); });
  for (const AlertExpectation& alert : expectations.alerts) {
    for (const AlertExpectation::StateAt& state : alert.states) grow(state.at.offset);
  }
  return last;
}

void close_windows(Expectations& expectations, Duration length) {
  each_window(expectations, [&](TimeWindow& window) {
    if (window.to == kRunEnd) window.to = length;
  });
}

}  // namespace tocsin::scenario
