#include "harness/alerting/silences.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::alerting {
namespace {

/// What is wrong with a silence, in Alertmanager's words; empty: nothing.
std::string invalid(const Silence& silence) {
  if (silence.matchers.empty()) return "at least one matcher set required";
  bool all_match_empty = true;
  for (std::size_t i = 0; i < silence.matchers.size(); ++i) {
    const Matcher& matcher = silence.matchers[i];
    if (!is_label_name(matcher.name())) {
      return fmt::format("invalid label matcher {} in set 0: invalid label name \"{}\"", i,
                         matcher.name());
    }
    all_match_empty = all_match_empty && matcher.matches(std::string_view());
  }
  if (all_match_empty) return "matcher set 0: at least one matcher must not match the empty string";
  return "";
}

bool may_update(const Silence& old, const Silence& updated, Timestamp now) {
  if (old.matchers != updated.matchers) return false;
  switch (old.state_at(now)) {
    case SilenceState::kActive: {
      using std::chrono::seconds;
      const bool same_start = std::chrono::floor<seconds>(old.starts_at) ==
                              std::chrono::floor<seconds>(updated.starts_at);
      return same_start && updated.ends_at >= now;
    }
    case SilenceState::kPending:
      return updated.starts_at >= now;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

}  // namespace

std::string_view to_string(SilenceState state) {
  switch (state) {
    case SilenceState::kPending:
      return "pending";
    case SilenceState::kActive:
      return "active";
    case SilenceState::kExpired:
      return "expired";
  }
  return "expired";
}

SilenceState Silence::state_at(Timestamp now) const {
  if (now < starts_at) return SilenceState::kPending;
  // Expiring sets the end to the very moment, and from then on it no longer holds.
  return now < ends_at ? SilenceState::kActive : SilenceState::kExpired;
}

boost::system::result<std::string, SilenceRefusal> Silences::set(Silence silence, Timestamp now) {
  const auto refuse = [](std::string message) { return SilenceRefusal{false, std::move(message)}; };
  if (silence.starts_at >= silence.ends_at) {
    return refuse("Failed to create silence: start time must be before end time");
  }
  if (silence.ends_at < now) {
    return refuse("Failed to create silence: end time can't be in the past");
  }
  if (const std::string why = invalid(silence); !why.empty()) {
    return refuse("invalid silence: " + why);
  }
  Silence* old = find_mutable(silence.id);
  if (!silence.id.empty() && old == nullptr) return SilenceRefusal{true, "silence not found"};
  silence.updated_at = now;
  if (old != nullptr && may_update(*old, silence, now)) {
    *old = std::move(silence);
    return old->id;
  }
  if (old != nullptr) expire(old->id, now);
  silence.id = new_id();
  silence.starts_at = std::max(silence.starts_at, now);
  silences_.push_back(std::move(silence));
  return silences_.back().id;
}

bool Silences::expire(const std::string& id, Timestamp now) {
  Silence* silence = find_mutable(id);
  if (silence == nullptr) return false;
  if (silence->state_at(now) == SilenceState::kExpired) return true;
  silence->starts_at = std::min(silence->starts_at, now);
  silence->ends_at = now;
  silence->updated_at = now;
  return true;
}

const Silence* Silences::find(const std::string& id) const {
  const auto it = std::find_if(silences_.begin(), silences_.end(),
                               [&](const Silence& one) { return one.id == id; });
  return it == silences_.end() ? nullptr : &*it;
}

Silence* Silences::find_mutable(const std::string& id) {
  return const_cast<Silence*>(find(id));
}

std::vector<std::string> Silences::silencing(const Labels& labels, Timestamp now) const {
  std::vector<std::string> ids;
  for (const Silence& silence : silences_) {
    if (silence.state_at(now) == SilenceState::kActive && matches_all(silence.matchers, labels)) {
      ids.push_back(silence.id);
    }
  }
  return ids;
}

bool Silences::mutes(const Labels& labels, Timestamp now) const {
  return std::any_of(silences_.begin(), silences_.end(), [&](const Silence& silence) {
    return silence.state_at(now) == SilenceState::kActive && matches_all(silence.matchers, labels);
  });
}

void Silences::collect_garbage(Timestamp now) {
  std::erase_if(silences_, [&](const Silence& one) { return one.ends_at + retention_ <= now; });
}

std::string Silences::new_id() {
  const std::uint64_t high = (random_.bits() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (random_.bits() & ~(3ULL << 62U)) | (1ULL << 63U);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                     high & 0xFFFFU, low >> 48U, low & 0xFFFFFFFFFFFFULL);
}

}  // namespace tocsin::alerting
