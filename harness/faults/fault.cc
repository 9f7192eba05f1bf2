#include "harness/faults/fault.h"

#include <fmt/format.h>

#include "harness/base/units.h"

namespace tocsin::faults {
namespace {

std::string text_of(const SignalChange& change) {
  const std::string of =
      change.endpoint.empty() ? change.signal : change.signal + " of " + change.endpoint;
  if (!change.text.empty()) return of + " " + change.text;
  const auto number = [&](double value) {
    const std::string digits = format_number(value, 6);
    if (change.kind == SignalChange::Kind::kFactor) return "x" + digits;
    return change.kind == SignalChange::Kind::kOffset && value >= 0 ? "+" + digits : digits;
  };
  if (change.from) return fmt::format("{} {}..{}", of, number(*change.from), number(change.value));
  return of + " " + number(change.value);
}

std::string text_of(const TargetFault& fault) {
  const std::string name(to_string(fault.kind));
  return fault.kind == TargetFaultKind::kSlowScrape ? name + " " + format_duration(fault.delay)
                                                    : name;
}

std::string text_of(const ReceiverFault& fault) {
  std::string text = fault.receiver + " " + std::string(to_string(fault.kind));
  if (fault.kind == ReceiverFault::Kind::kStatus) text += fmt::format(" {}", fault.status);
  if (fault.retry_after) text += " retry_after " + format_duration(*fault.retry_after);
  if (fault.kind == ReceiverFault::Kind::kDelay) {
    text += " " + format_duration(fault.delay);
  } else if (fault.delay > Duration(0)) {
    text += " delay " + format_duration(fault.delay);
  }
  return text;
}

}  // namespace

std::string_view to_string(ReceiverFault::Kind kind) {
  switch (kind) {
    case ReceiverFault::Kind::kStatus:
      return "status";
    case ReceiverFault::Kind::kDelay:
      return "delay";
    case ReceiverFault::Kind::kDown:
      return "down";
    case ReceiverFault::Kind::kHang:
      return "hang";
    case ReceiverFault::Kind::kDrop:
      return "drop";
    case ReceiverFault::Kind::kRefuseRecipients:
      return "refuse_recipients";
  }
  return "";
}

std::string_view to_string(TargetFaultKind kind) {
  switch (kind) {
    case TargetFaultKind::kDown:
      return "down";
    case TargetFaultKind::kHang:
      return "hang";
    case TargetFaultKind::kSlowScrape:
      return "slow_scrape";
    case TargetFaultKind::kMalformedScrape:
      return "malformed_scrape";
    case TargetFaultKind::kRestart:
      return "restart";
  }
  return "";
}

std::string Fault::describe() const {
  if (!call.empty()) return fmt::format("{} call {}", target, call);
  std::vector<std::string> parts;
  for (const SignalChange& change : changes) parts.push_back(text_of(change));
  for (const TargetFault& fault : target_faults) parts.push_back(text_of(fault));
  for (const NetworkFault& fault : network_faults) parts.push_back(faults::describe(fault));
  for (const ReceiverFault& fault : receiver_faults) parts.push_back(text_of(fault));
  if (action && target != key_of(*action)) {
    parts.push_back(fmt::format("{} {}", key_of(*action), faults::describe(*action)));
  } else if (action) {
    parts.push_back(faults::describe(*action));
  }
  return fmt::format("{} {}", target, fmt::join(parts, ", "));
}

}  // namespace tocsin::faults
