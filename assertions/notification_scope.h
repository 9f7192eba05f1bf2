#pragma once

#include <string>
#include <vector>

#include "assertions/notification_log.h"
#include "assertions/trial.h"
#include "harness/scenario/scenario.h"

namespace tocsin::assertions {

/// A notification that an expectation's filters let through.
struct Heard {
  const Told* told = nullptr;
  bool firing = false;  ///< one of the alerts that it is about is, in there

  bool is_page() const { return firing && told->delivered(); }
};

/// What one expectation is about: its filters, applied to the run.
class NotificationScope {
 public:
  NotificationScope(const Trial& trial, const NotificationLog& log,
                    const scenario::NotificationExpectation& expectation);

  const Trial& trial() const { return trial_; }
  const NotificationLog& log() const { return log_; }
  const scenario::NotificationExpectation& expectation() const { return expectation_; }

  /// "HighErrorRate to on-call by slack", "any alert".
  std::string subject() const;
  bool concerns(const Labels& alert) const;
  /// Goes to the receiver and integration that are asked for.
  bool addressed(const Told& told) const;
  /// The alerts of a notification that it is about and that fire there.
  std::vector<Labels> firing_in(const Told& told) const;

  /// In the window, by time; attempts that failed are among them.
  const std::vector<Heard>& heard() const { return heard_; }
  std::vector<const Told*> pages() const;
  /// Of the alerts that it is about, whenever they did.
  const std::vector<const AlertEpisode*>& fired() const { return fired_; }
  /// Those that fired, or ended, in the window; those that fired at some time in it.
  std::vector<const AlertEpisode*> firing_in_window() const;
  std::vector<const AlertEpisode*> resolving_in_window() const;
  std::vector<const AlertEpisode*> active_in_window() const;

  /// The end of the window, or of the run as it was planned.
  Duration until() const;
  /// The window's text after a space, if there is one.
  std::string window_text() const;

 private:
  Labels labels_of(const Told& told, std::size_t i) const;

  const Trial& trial_;
  const NotificationLog& log_;
  const scenario::NotificationExpectation& expectation_;
  std::vector<Heard> heard_;
  std::vector<const AlertEpisode*> fired_;
};

}  // namespace tocsin::assertions
