#include "harness/prove/alert_cases.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/prove/case_parts.h"

namespace tocsin::prove {
namespace {

using contract::Cause;
using scenario::AlertExpectation;
using scenario::Scenario;
using scenario::TimeWindow;

TimeWindow within(Duration from, Duration length, std::string_view event) {
  return {from, from + length, fmt::format("within {} of {}", format_duration(length), event)};
}

}  // namespace

AlertCases::AlertCases(const Subject& subject, const contract::Alert& alert, const Cause& cause,
                       double traffic_hz)
    : subject_(subject),
      alert_(alert),
      cause_(cause),
      traffic_hz_(traffic_hz),
      rig_(subject, alert.name, alert.severity, nullptr) {
  window_ = std::max(rig_.reach(), alert.window.value_or(Duration(0)));
}

Duration AlertCases::round_up(Duration length) const {
  const Duration tick = rig_.tick();
  return (length + tick - Duration(1)) / tick * tick;
}

Course AlertCases::course(Duration length) const {
  Course course;
  course.lead = round_up(window_ + 4 * rig_.tick());
  course.length = round_up(length);
  course.tail = round_up(window_ + 4 * rig_.tick());
  if (rig_.rule() != nullptr) course.tail += round_up(rig_.rule()->keep_firing_for);
  return course;
}

/// Long enough for the alert to fire.
Course AlertCases::whole_course(const Push& push) const {
  Course whole = course(window_ + alert_.hold + 4 * rig_.tick());
  whole.shorten(push);
  return whole;
}

Scenario AlertCases::start_of(const std::string& what, const Push& push,
                              const Course& course) const {
  Scenario made;
  made.name = alert_.name + ' ' + what;
  if (alert_.drive.size() > 1) made.name += ", " + cause_.describe();
  put_push(push, course, traffic_hz_, made);
  made.expect.others_none = true;
  made.expect.others_allowed = alert_.also;
  return made;
}

/// When the rule goes pending is measured; that it fires `for` later, the document says.
TimeWindow AlertCases::firing_window(const Push& push, const Course& course, Duration slack) const {
  const Duration evaluation = rig_.evaluation_interval();
  const Duration hold = alert_.hold;
  const auto pending = rig_.rule() != nullptr ? rig_.run(push, course).pending : std::nullopt;
  if (pending && *pending <= slack && hold > Duration(0)) {
    const Duration at = course.start() + *pending + hold;
    return {at - evaluation, at + evaluation,
            fmt::format("{} ± {} after it went pending", format_duration(hold),
                        format_duration(evaluation))};
  }
  return {course.start() + hold, course.start() + hold + slack + evaluation,
          fmt::format("{}..{} after its cause", format_duration(hold),
                      format_duration(hold + slack + evaluation))};
}

Scenario AlertCases::fires() const {
  const Push push = push_of(cause_, cause_.fires_at);
  const Course course = whole_course(push);
  Scenario made = start_of("fires", push, course);
  const Duration evaluation = rig_.evaluation_interval();
  const Duration slack = alert_.window.value_or(rig_.reach()) + rig_.scrape_interval() + evaluation;
  AlertExpectation expectation;
  expectation.alert = alert_.name;
  expectation.pos = alert_.pos;
  if (!alert_.severity.empty()) expectation.labels["severity"] = alert_.severity;
  expectation.since = course.start();
  expectation.pending = within(course.start(), slack, "its cause");
  expectation.fires = firing_window(push, course, slack);
  const Duration keep = rig_.rule() != nullptr ? rig_.rule()->keep_firing_for : Duration(0);
  expectation.resolves = within(course.end(), slack + evaluation + keep, "the end of its cause");
  made.expect.alerts.push_back(std::move(expectation));
  return made;
}

Scenario AlertCases::silent() const {
  Push push = quiet_push(cause_);
  if (cause_.kind == Cause::Kind::kState) {
    if (!cause_.near.empty()) push = near_push(cause_);
  } else if (cause_.silent_at) {
    push = push_of(cause_, *cause_.silent_at);
  }
  std::string what = "stays silent";
  if (cause_.silent_at && cause_.kind != Cause::Kind::kState) {
    what += " at " + format_quantity({*cause_.silent_at, alert_.threshold->dimension});
  } else if (!cause_.near.empty()) {
    what += " with " + cause_.near.front().describe();
  }
  const Course course = whole_course(push);
  Scenario made = start_of(what, push, course);
  AlertExpectation expectation;
  expectation.alert = alert_.name;
  expectation.pos = alert_.pos;
  expectation.since = course.start();
  expectation.never = true;
  expectation.never_pending = true;
  made.expect.alerts.push_back(std::move(expectation));
  return made;
}

std::optional<Duration> AlertCases::longest(const Push& push, Duration limit) const {
  const Duration tick = rig_.tick();
  const auto lasts = [&](std::int64_t ticks) {
    return rig_.run(push, course(ticks * tick)).condition.value_or(Duration(0));
  };
  // The condition lasts the longer, the longer its cause does.
  std::int64_t good = 0;
  std::int64_t bad = (limit + window_) / tick + 4;
  if (push.lasts) bad = std::min<std::int64_t>(bad, *push.lasts / tick);
  if (lasts(bad) <= limit) return std::nullopt;
  while (bad - good > 1) {
    const std::int64_t middle = good + (bad - good) / 2;
    (lasts(middle) <= limit ? good : bad) = middle;
  }
  if (good == 0 || lasts(good) == Duration(0)) return std::nullopt;
  return good * tick;
}

std::optional<Scenario> AlertCases::too_short() const {
  const Duration limit = alert_.hold - 2 * rig_.evaluation_interval();
  if (limit <= Duration(0) || rig_.rule() == nullptr) return std::nullopt;
  // What barely fires needs a window full of it, and is gone as soon as its cause is.
  const double threshold = alert_.threshold ? alert_.threshold->value : 0;
  for (const double share : {1.0, 0.2, 0.04}) {
    const double value = threshold + (cause_.fires_at - threshold) * share;
    const Push push = push_of(cause_, value);
    const auto length = longest(push, limit);
    if (!length) {
      if (cause_.kind == Cause::Kind::kState) return std::nullopt;
      continue;
    }
    const Course course = this->course(*length);
    Scenario made = start_of(
        fmt::format("does not fire when its cause ends after {}", format_duration(*length)), push,
        course);
    AlertExpectation expectation;
    expectation.alert = alert_.name;
    expectation.pos = alert_.pos;
    expectation.since = course.start();
    expectation.never = true;
    expectation.pending = TimeWindow{course.start(), made.length, "after its cause"};
    made.expect.alerts.push_back(std::move(expectation));
    return made;
  }
  return std::nullopt;
}

}  // namespace tocsin::prove
