#include "harness/faults/timeline.h"

#include <algorithm>
#include <cmath>

namespace tocsin::faults {
namespace {

/// Start of the occurrence that is in force; of two that overlap the later one.
std::optional<Duration> active_since(const Fault& fault, Duration offset) {
  if (offset < fault.at || fault.times == 0) return std::nullopt;
  std::int64_t occurrence = 0;
  if (fault.every > Duration(0)) {
    occurrence = std::min<std::int64_t>((offset - fault.at) / fault.every, fault.times - 1);
  }
  const Duration start = fault.start_of(static_cast<std::uint32_t>(occurrence));
  if (offset >= start + fault.length) return std::nullopt;
  return start;
}

Duration ramp_length(const SignalChange& change, const Fault& fault) {
  return change.over > Duration(0) ? change.over : fault.length;
}

double value_at(const SignalChange& change, const Fault& fault, Duration since_start) {
  if (!change.from) return change.value;
  const Duration over = ramp_length(change, fault);
  if (since_start >= over) return change.value;
  const double progress = to_seconds(since_start) / to_seconds(over);
  return std::lerp(*change.from, change.value, progress);
}

/// Calls visit(change, value) for the changes in force, in the order in which they are written.
template <class Visit>
void each_change(const std::vector<Fault>& faults, std::string_view target, std::string_view name,
                 std::string_view endpoint, Duration offset, Visit visit) {
  for (const Fault& fault : faults) {
    if (fault.target != target || fault.changes.empty()) continue;
    const std::optional<Duration> start = active_since(fault, offset);
    if (!start) continue;
    for (const SignalChange& change : fault.changes) {
      if (change.signal != name) continue;
      if (!change.endpoint.empty() && change.endpoint != endpoint) continue;
      visit(change, value_at(change, fault, offset - *start));
    }
  }
}

/// The fault that wins has the lower number.
int precedence(TargetFaultKind kind) {
  return static_cast<int>(kind);
}
static_assert(TargetFaultKind::kDown < TargetFaultKind::kHang);
static_assert(TargetFaultKind::kHang < TargetFaultKind::kSlowScrape);
static_assert(TargetFaultKind::kSlowScrape < TargetFaultKind::kMalformedScrape);

void sort_and_unite(std::vector<Duration>& points) {
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
}

}  // namespace

FaultTimeline::FaultTimeline(std::vector<Fault> faults) : faults_(std::move(faults)) {}

double FaultTimeline::signal(std::string_view target, std::string_view name,
                             std::string_view endpoint, double base, Duration offset) const {
  double value = base;
  each_change(faults_, target, name, endpoint, offset, [&](const SignalChange& change, double by) {
    if (change.kind == SignalChange::Kind::kSet) value = by;
  });
  each_change(faults_, target, name, endpoint, offset, [&](const SignalChange& change, double by) {
    if (change.kind == SignalChange::Kind::kFactor) value *= by;
    if (change.kind == SignalChange::Kind::kOffset) value += by;
  });
  return value;
}

bool FaultTimeline::moves(std::string_view target, std::string_view name, std::string_view endpoint,
                          Duration offset) const {
  bool moved = false;
  each_change(faults_, target, name, endpoint, offset,
              [&](const SignalChange&, double) { moved = true; });
  return moved;
}

std::optional<TargetFault> FaultTimeline::target_fault(std::string_view target,
                                                       Duration offset) const {
  std::optional<TargetFault> in_force;
  for (const Fault& fault : faults_) {
    if (fault.target != target || !active_since(fault, offset)) continue;
    for (const TargetFault& candidate : fault.target_faults) {
      if (candidate.kind == TargetFaultKind::kRestart) continue;
      if (!in_force || precedence(candidate.kind) < precedence(in_force->kind)) {
        in_force = candidate;
      }
    }
  }
  return in_force;
}

std::vector<Duration> FaultTimeline::restarts(std::string_view target) const {
  std::vector<Duration> points;
  for (const Fault& fault : faults_) {
    if (fault.target != target) continue;
    for (const TargetFault& what : fault.target_faults) {
      for (std::uint32_t i = 0; i < fault.times; ++i) {
        if (what.kind == TargetFaultKind::kRestart) points.push_back(fault.start_of(i));
        if (what.kind == TargetFaultKind::kDown) points.push_back(fault.end_of(i));
      }
    }
  }
  sort_and_unite(points);
  return points;
}

std::vector<NetworkFault> FaultTimeline::network_faults(Duration offset) const {
  std::vector<NetworkFault> in_force;
  for (const Fault& fault : faults_) {
    if (fault.network_faults.empty() || !active_since(fault, offset)) continue;
    in_force.insert(in_force.end(), fault.network_faults.begin(), fault.network_faults.end());
  }
  return in_force;
}

std::vector<FaultTimeline::Cut> FaultTimeline::cuts(Duration after, Duration until) const {
  std::vector<Cut> found;
  for (const Fault& fault : faults_) {
    for (const NetworkFault& what : fault.network_faults) {
      if (what.kind != NetworkFault::Kind::kCut) continue;
      for (std::uint32_t i = 0; i < fault.times; ++i) {
        const Duration at = fault.start_of(i);
        if (after < at && at <= until) found.push_back({at, what.share});
      }
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Cut& a, const Cut& b) { return a.at < b.at; });
  return found;
}

std::optional<ReceiverFault> FaultTimeline::receiver_fault(std::string_view receiver,
                                                           Duration offset) const {
  std::optional<ReceiverFault> in_force;
  for (const Fault& fault : faults_) {
    if (fault.receiver_faults.empty() || !active_since(fault, offset)) continue;
    for (const ReceiverFault& candidate : fault.receiver_faults) {
      if (candidate.receiver == receiver) in_force = candidate;
    }
  }
  return in_force;
}

std::vector<Duration> FaultTimeline::change_points() const {
  std::vector<Duration> points;
  for (const Fault& fault : faults_) {
    for (std::uint32_t i = 0; i < fault.times; ++i) {
      points.push_back(fault.start_of(i));
      points.push_back(fault.end_of(i));
      for (const SignalChange& change : fault.changes) {
        const Duration over = ramp_length(change, fault);
        if (change.from && over < fault.length) points.push_back(fault.start_of(i) + over);
      }
    }
  }
  sort_and_unite(points);
  return points;
}

std::vector<Event> FaultTimeline::events(Timestamp start, double time_scale) const {
  std::vector<Event> events;
  const auto at = [&](Duration offset) {
    return start + Duration(std::llround(static_cast<double>(offset.count()) / time_scale));
  };
  for (const Fault& fault : faults_) {
    const std::string description = fault.describe();
    for (std::uint32_t i = 0; i < fault.times; ++i) {
      events.push_back({EventKind::kFaultStart, fault.name, description, at(fault.start_of(i))});
      events.push_back({EventKind::kFaultEnd, fault.name, description, at(fault.end_of(i))});
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  return events;
}

}  // namespace tocsin::faults
