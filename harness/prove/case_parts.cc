#include "harness/prove/case_parts.h"

namespace tocsin::prove {

traffic::Phase steady_traffic(double rate_hz, Duration length) {
  traffic::Phase phase;
  phase.length = length;
  phase.shape = traffic::ConstantRate{rate_hz};
  return phase;
}

void put_faults(const std::vector<faults::Fault>& faults, Duration at, Duration length,
                scenario::Scenario& scenario) {
  if (length <= Duration(0)) return;
  for (faults::Fault fault : faults) {
    const std::size_t n = scenario.faults.size();
    fault.name = n == 0 ? "fault" : "fault " + std::to_string(n + 1);
    fault.at = at;
    fault.length = length;
    scenario.faults.push_back(std::move(fault));
  }
}

void put_push(const Push& push, const Course& course, double traffic_hz,
              scenario::Scenario& scenario) {
  scenario.length = course.end() + course.tail;
  if (push.traffic_hz) {
    scenario.traffic.phases = {steady_traffic(traffic_hz, course.start()),
                               steady_traffic(*push.traffic_hz, course.length)};
    if (course.tail > Duration(0)) {
      scenario.traffic.phases.push_back(steady_traffic(traffic_hz, course.tail));
    }
  } else {
    scenario.traffic.phases = {steady_traffic(traffic_hz, scenario.length)};
  }
  put_faults(push.faults, course.start(), course.length, scenario);
  put_faults(push.otherwise, Duration(0), course.start(), scenario);
  if (course.tail > Duration(0)) {
    // Beyond the last scrape, which must not see it end.
    put_faults(push.otherwise, course.end(), course.tail + std::chrono::seconds(1), scenario);
  } else {
    scenario.length -= Duration(1);
  }
}

}  // namespace tocsin::prove
