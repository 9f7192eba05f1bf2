#include "harness/alerting/alert.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/rules/go_text.h"

namespace tocsin::alerting {

std::uint64_t fingerprint(const Labels& labels) {
  constexpr std::uint64_t kOffset = 14695981039346656037ULL;
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  std::uint64_t sum = kOffset;
  const auto add = [&](std::string_view text) {
    for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * kPrime;
    sum = (sum ^ 0xFFU) * kPrime;
  };
  for (const LabelView label : labels) {
    add(label.name);
    add(label.value);
  }
  return sum;
}

std::string fingerprint_text(std::uint64_t fingerprint) {
  return fmt::format("{:016x}", fingerprint);
}

std::string label_set_text(const Labels& labels) {
  std::string text = "{";
  for (const LabelView label : labels) {
    if (text.size() > 1) text += ", ";
    text += label.name;
    text += '=';
    text += rules::go_quote(label.value);
  }
  return text + '}';
}

bool label_set_before(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end(); ++left, ++right) {
    // The set that lacks the first name of both comes first.
    if ((*left).name != (*right).name) return (*left).name > (*right).name;
    if ((*left).value != (*right).value) return (*left).value < (*right).value;
  }
  return false;
}

bool alert_before(const Labels& a, const Labels& b) {
  for (const std::string_view name : {"job", "instance"}) {
    const std::string_view left = a.get(name);
    const std::string_view right = b.get(name);
    if (left == right) continue;
    // Those that have the label come before those that have not.
    if (left.empty() || right.empty()) return right.empty();
    return left < right;
  }
  return label_set_before(a, b);
}

std::string_view to_string(NotifyReason reason) {
  switch (reason) {
    case NotifyReason::kNone:
      return "none";
    case NotifyReason::kFirst:
      return "first notification";
    case NotifyReason::kNewAlerts:
      return "new alerts added";
    case NotifyReason::kSomeResolved:
      return "some alerts resolved";
    case NotifyReason::kAllResolved:
      return "all alerts resolved";
    case NotifyReason::kRepeat:
      return "repeat interval elapsed";
  }
  return "unknown";
}

bool Notification::firing() const {
  return std::any_of(alerts.begin(), alerts.end(),
                     [](const NotifiedAlert& alert) { return alert.firing(); });
}

}  // namespace tocsin::alerting
