#include "harness/model/evidence.h"

#include <cmath>

namespace tocsin {

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
  }
  return "inactive";
}

LoadLedger& LoadLedger::operator+=(const LoadLedger& other) {
  scheduled += other.scheduled;
  completed += other.completed;
  failed += other.failed;
  dropped += other.dropped;
  unfinished += other.unfinished;
  return *this;
}

void LoadCounts::merge(const LoadCounts& other) {
  ledger += other.ledger;
  for (const auto& [status, count] : other.by_status) by_status[status] += count;
  for (const auto& [reason, count] : other.by_error) by_error[reason] += count;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  response.merge(other.response);
  service.merge(other.service);
  send_lag.merge(other.send_lag);
}

std::uint64_t LoadCounts::errors() const {
  std::uint64_t errors = ledger.failed;
  for (const auto& [status, count] : by_status) {
    if (status >= 500) errors += count;
  }
  return errors;
}

Duration Evidence::offset_of(Timestamp t) const {
  const double ms = static_cast<double>((t - run.start).count()) * run.time_scale;
  return Duration(std::llround(ms));
}

Timestamp Evidence::at_offset(Duration offset) const {
  return run.start + Duration(std::llround(static_cast<double>(offset.count()) / run.time_scale));
}

}  // namespace tocsin
