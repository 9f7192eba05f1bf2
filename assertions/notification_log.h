#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/model/evidence.h"

namespace tocsin::assertions {

/// What a notification means to the one who gets it.
enum class NotificationKind {
  kFirst,     ///< firing, of a group that was quiet
  kUpdate,    ///< firing, of a group that was told before: alerts came or went
  kRepeat,    ///< firing, nothing new, told again
  kResolved,  ///< nothing of it fires any more
};
/// "first", "update", "repeat", "resolved".
std::string_view to_string(NotificationKind kind);

/// One notification of one integration, with all its attempts.
struct Told {
  std::vector<const NotificationRecord*> attempts;  ///< by time, never empty
  NotificationKind kind = NotificationKind::kFirst;
  /// The delivered one before it, of the same group to the same integration, that tells of firing
  /// alerts; null when the group was quiet.
  const Told* previous = nullptr;
  struct Alert {
    std::size_t subject;  ///< kNoSubject: no episode of the run
    bool firing;
  };
  std::vector<Alert> alerts;  ///< as in last().alerts, or what its texts name

  const NotificationRecord& last() const { return *attempts.back(); }
  std::size_t attempt_count() const {
    // Evidence may begin, or a receiver may be told, in the middle of it.
    return std::max(attempts.size(), static_cast<std::size_t>(std::max(last().attempt, 1)));
  }
  bool delivered() const { return last().delivered; }
  /// A page: delivered, and of something that fires.
  bool is_page() const { return delivered() && kind != NotificationKind::kResolved; }
  Timestamp at() const { return last().at; }
};

inline constexpr std::size_t kNoSubject = std::numeric_limits<std::size_t>::max();

/// The notifications of a run, with what they tell of: its subjects, the distinct label sets of
/// alert episodes. The evidence must outlive it.
class NotificationLog {
 public:
  explicit NotificationLog(const Evidence& evidence);
  NotificationLog(const NotificationLog&) = delete;
  NotificationLog& operator=(const NotificationLog&) = delete;

  const std::vector<Told>& all() const { return all_; }  ///< by the time of the last attempt

  const std::vector<Labels>& subjects() const { return subjects_; }
  /// Of labels as an episode has them, or as they were sent: with external labels.
  std::size_t subject_of(const Labels& labels) const;
  /// The stretches in which an episode that fired was kept from being told, by their beginning.
  std::vector<const Suppression*> suppressions_of(const AlertEpisode& episode) const;
  /// Where its alert is sent; null when the evidence does not say.
  const RoutedAlert* route_of(const AlertEpisode& episode) const;

  /// The first one that was delivered, tells that the subject of this episode fires (or has
  /// resolved) and belongs to this episode, not to the next of the same labels. `accept` may
  /// refuse some. Times that are at most `early` before the episode's own count, too.
  template <class Accept>
  const Told* first_of(const AlertEpisode& episode, bool firing, Duration early,
                       Accept accept) const {
    return find(episode, firing, early,
                [&](const Told& told) { return told.delivered() && accept(told); });
  }
  /// The last one that tells of this episode firing and was not delivered.
  template <class Accept>
  const Told* last_failed(const AlertEpisode& episode, Duration early, Accept accept) const {
    const Told* last = nullptr;
    find(episode, true, early, [&](const Told& told) {
      if (!told.delivered() && accept(told)) last = &told;
      return false;
    });
    return last;
  }

 private:
  struct Mention {
    std::size_t told;
    bool firing;
  };
  struct Span {
    Timestamp from;
    Timestamp to;  ///< the next episode of the same labels fires
  };

  template <class Wanted>
  const Told* find(const AlertEpisode& episode, bool firing, Duration early, Wanted wanted) const {
    const Span span = span_of(episode, firing);
    for (const Mention& mention : mentions(episode)) {
      const Told& told = all_[mention.told];
      if (told.at() >= span.to) break;
      if (told.at() < span.from - early || mention.firing != firing) continue;
      if (wanted(told)) return &told;
    }
    return nullptr;
  }
  void collect_subjects();
  void collect_notifications();
  void classify();
  void find_alerts();
  void find_by_text(Told& told) const;
  Span span_of(const AlertEpisode& episode, bool firing) const;
  const std::vector<Mention>& mentions(const AlertEpisode& episode) const;

  const Evidence& evidence_;
  std::vector<Told> all_;
  std::vector<Labels> subjects_;
  std::unordered_map<Labels, std::size_t> by_labels_;
  struct SameName {
    std::vector<std::string> label_names;  ///< of all its subjects
    std::vector<std::size_t> subjects;
  };
  std::unordered_map<std::string, SameName> by_name_;
  std::vector<std::vector<Mention>> mentions_;        ///< by subject, in order of time
  std::vector<std::vector<Timestamp>> firing_times_;  ///< by subject, ascending
  std::unordered_map<std::size_t, std::vector<const Suppression*>> suppressions_;  ///< by subject
  std::unordered_map<std::size_t, const RoutedAlert*> routes_;                     ///< likewise
  mutable std::unordered_map<Labels, std::size_t> found_;
};

}  // namespace tocsin::assertions
