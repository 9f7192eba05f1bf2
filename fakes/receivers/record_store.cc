#include "fakes/receivers/record_store.h"

#include <algorithm>
#include <iterator>

namespace tocsin::receivers {
namespace {

/// Identities are strangers' texts; so many that fail are remembered.
constexpr std::size_t kMostFailing = 10'000;

std::string failing_key(const Received& received, const std::string& identity) {
  const NotificationRecord& record = received.record;
  return to_string({record.receiver, record.integration, record.integration_index}) + ' ' +
         identity;
}

/// Roughly what it takes in memory.
std::size_t weight(const Received& received) {
  std::size_t bytes = sizeof(Received) + received.body.size() + received.html.size() +
                      received.record.text.size() + received.record.title.size();
  for (const auto& [name, value] : received.headers) bytes += name.size() + value.size() + 64;
  for (const NotificationAlert& alert : received.record.alerts) {
    bytes += sizeof(NotificationAlert);
    for (const LabelView label : alert.labels) bytes += label.name.size() + label.value.size();
    for (const auto& [name, value] : alert.annotations) bytes += name.size() + value.size() + 96;
  }
  return bytes;
}

/// Cut between characters.
void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  text.resize(most);
  text.shrink_to_fit();
}

}  // namespace

std::uint64_t RecordStore::add(Received received, const std::vector<std::string>& earlier) {
  cut(received.body, limits_.kept_bytes);
  cut(received.html, limits_.kept_bytes);
  cut(received.record.text, limits_.kept_bytes);
  cut(received.record.title, limits_.kept_bytes);
  cut(received.identity, limits_.kept_bytes);
  const std::string key = failing_key(received, received.identity);
  const std::lock_guard lock(mutex_);
  received.number = ++counters_.received;
  int failures = failures_of(key);
  for (const std::string& identity : earlier) {
    failures += failures_of(failing_key(received, identity));
  }
  received.record.attempt = failures + 1;
  if (!received.record.delivered) {
    if (failed_.size() < kMostFailing || failed_.contains(key)) ++failed_[key];
  } else {
    failed_.erase(key);
    for (const std::string& identity : earlier) failed_.erase(failing_key(received, identity));
  }
  const std::uint64_t number = received.number;
  keep(std::move(received));
  came_.notify_all();
  return number;
}

int RecordStore::failures_of(const std::string& key) const {
  const auto failed = failed_.find(key);
  return failed == failed_.end() ? 0 : failed->second;
}

void RecordStore::keep(Received received) {
  const std::size_t bytes = weight(received);
  if (kept_.size() >= limits_.received || kept_bytes_ + bytes > limits_.evidence) {
    ++counters_.lost;
    return;
  }
  kept_bytes_ += bytes;
  kept_.push_back(std::move(received));
}

void RecordStore::mark_undelivered(std::uint64_t number, const std::string& why) {
  const std::lock_guard lock(mutex_);
  const auto found = std::lower_bound(
      kept_.begin(), kept_.end(), number,
      [](const Received& one, std::uint64_t wanted) { return one.number < wanted; });
  if (found == kept_.end() || found->number != number || !found->record.delivered) return;
  found->record.delivered = false;
  found->record.error = why;
  if (failed_.size() < kMostFailing)
    failed_[failing_key(*found, found->identity)] = found->record.attempt;
}

void RecordStore::count_stray() {
  const std::lock_guard lock(mutex_);
  ++counters_.strays;
}

std::vector<Received> RecordStore::received() const {
  const std::lock_guard lock(mutex_);
  return {kept_.begin(), kept_.end()};
}

std::vector<Received> RecordStore::take() {
  std::deque<Received> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(kept_);
    kept_bytes_ = 0;
  }
  return {std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end())};
}

ReceiverCounters RecordStore::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

bool RecordStore::wait_for(std::uint64_t count, Nanos longest) const {
  std::unique_lock lock(mutex_);
  return came_.wait_for(lock, longest, [&] { return counters_.received >= count; });
}

}  // namespace tocsin::receivers
