#include "harness/contract/contract.h"

#include <algorithm>

namespace tocsin::contract {

std::string_view to_string(Comparison comparison) {
  switch (comparison) {
    case Comparison::kAbove:
      return "above";
    case Comparison::kAtLeast:
      return "at least";
    case Comparison::kBelow:
      return "below";
    case Comparison::kAtMost:
      return "at most";
    case Comparison::kEqual:
      return "at";
  }
  return "above";
}

std::string_view symbol(Comparison comparison) {
  switch (comparison) {
    case Comparison::kAbove:
      return ">";
    case Comparison::kAtLeast:
      return ">=";
    case Comparison::kBelow:
      return "<";
    case Comparison::kAtMost:
      return "<=";
    case Comparison::kEqual:
      return "==";
  }
  return ">";
}

bool fires_upwards(Comparison comparison) {
  return comparison == Comparison::kAbove || comparison == Comparison::kAtLeast;
}

bool holds(Comparison comparison, double value, double threshold) {
  switch (comparison) {
    case Comparison::kAbove:
      return value > threshold;
    case Comparison::kAtLeast:
      return value >= threshold;
    case Comparison::kBelow:
      return value < threshold;
    case Comparison::kAtMost:
      return value <= threshold;
    case Comparison::kEqual:
      return value == threshold;
  }
  return false;
}

std::string Cause::describe() const {
  if (kind == Kind::kTraffic) return "traffic";
  if (kind == Kind::kSignal) {
    std::string text = target == "service" ? signal : target + ' ' + signal;
    if (!endpoint.empty()) text += " of " + endpoint;
    return text;
  }
  std::string text;
  for (const faults::Fault& fault : faults) {
    if (!text.empty()) text += ", ";
    text += fault.describe();
  }
  return text;
}

bool Alert::is_ours(std::string_view what) const {
  return std::find(ours.begin(), ours.end(), what) != ours.end();
}

const Alert* Contract::alert(std::string_view name) const {
  for (const Alert& alert : alerts) {
    if (alert.name == name) return &alert;
  }
  return nullptr;
}

}  // namespace tocsin::contract
