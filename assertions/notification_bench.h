#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assertions/notification_scope.h"
#include "assertions/notification_story.h"
#include "assertions/trial.h"

/// The parts of notifications.cc: each judges some of the claims that one expectation may make.

namespace tocsin::assertions {

/// One expectation's scope, and how judgements on it end.
class NotificationBench {
 public:
  NotificationBench(Trial& trial, const NotificationLog& log,
                    const scenario::NotificationExpectation& expectation)
      : trial_(trial), scope_(trial, log, expectation) {}

  const Trial& trial() const { return trial_; }
  const NotificationScope& scope() const { return scope_; }
  const NotificationLog& log() const { return scope_.log(); }
  const scenario::NotificationExpectation& expectation() const { return scope_.expectation(); }

  Judgement begin(std::string claim) const;
  void add(Judgement judgement) { trial_.add(std::move(judgement)); }
  void pass(Judgement judgement, std::string seen, std::optional<Timestamp> at = std::nullopt);
  /// So far it is so; of a run that was cut short nobody knows whether it would have stayed so.
  void pass_if_complete(Judgement judgement, std::string seen);
  /// It was not so; what happened in the window, or at that time, or in the whole run, is shown.
  void fail(Judgement judgement, std::string seen, std::optional<scenario::TimeWindow> window);
  void fail_at(Judgement judgement, std::string seen, Timestamp at);
  /// It was not so yet: when the run was cut short before `deadline`, it could have come.
  void missing(Judgement judgement, std::string seen, Duration deadline,
               std::optional<scenario::TimeWindow> window = std::nullopt);
  /// The same of a scope that heard no page, with why.
  void missing_page(Judgement judgement, std::optional<scenario::TimeWindow> window = std::nullopt);

  scenario::TimeWindow around(Timestamp at) const;
  /// "told at 13m30s (8m30s after fault): first to on-call by slack, DiskFull".
  std::string told_at(const Told& told) const;
  /// Why there is no episode to speak of.
  std::string never_fired() const;
  /// The first that tells this episode as firing, or as resolved, to whom it is about.
  const Told* first_of(const AlertEpisode& episode, bool firing) const;

 private:
  Trial& trial_;
  NotificationScope scope_;
};

/// "1 page", "3 pages".
std::string count_text(std::size_t count, std::string_view noun);

/// Filters alone: then it claims that somebody is told.
bool claims_nothing(const scenario::NotificationExpectation& expectation);

// is told, never, count, pages, attempts
void judge_notification_counts(NotificationBench& bench);
// at, within, resolved, repeats
void judge_notification_times(NotificationBench& bench);
// together, apart
void judge_notification_groups(NotificationBench& bench);
// inhibited_by, silenced_by, muted_by
void judge_notification_suppressions(NotificationBench& bench);
// contains, runbook
void judge_notification_texts(NotificationBench& bench);

/// "all: notified".
void judge_all_notified(Trial& trial, const NotificationLog& log);

}  // namespace tocsin::assertions
