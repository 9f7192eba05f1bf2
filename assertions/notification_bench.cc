#include "assertions/notification_bench.h"

namespace tocsin::assertions {

std::string count_text(std::size_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

Judgement NotificationBench::begin(std::string claim) const {
  return Trial::begin("notification", scope_.subject(), claim + scope_.window_text(),
                      expectation().pos);
}

void NotificationBench::pass(Judgement judgement, std::string seen, std::optional<Timestamp> at) {
  judgement.seen = std::move(seen);
  if (at) judgement.at = trial_.offset(*at);
  trial_.add(std::move(judgement));
}

void NotificationBench::pass_if_complete(Judgement judgement, std::string seen) {
  if (trial_.ended_before(scope_.until())) judgement.outcome = Outcome::kInconclusive;
  pass(std::move(judgement), std::move(seen));
}

void NotificationBench::fail(Judgement judgement, std::string seen,
                             std::optional<scenario::TimeWindow> window) {
  judgement.outcome = Outcome::kFail;
  judgement.seen = std::move(seen);
  judgement.around = notification_background(scope_, std::move(window));
  trial_.add(std::move(judgement));
}

void NotificationBench::fail_at(Judgement judgement, std::string seen, Timestamp at) {
  judgement.at = trial_.offset(at);
  fail(std::move(judgement), std::move(seen), around(at));
}

void NotificationBench::missing(Judgement judgement, std::string seen, Duration deadline,
                                std::optional<scenario::TimeWindow> window) {
  if (!trial_.ended_before(deadline)) {
    return fail(std::move(judgement), std::move(seen), std::move(window));
  }
  judgement.outcome = Outcome::kInconclusive;
  judgement.seen = seen + " (the run ended at " + trial_.clock(trial_.evidence().run.end) + ")";
  trial_.add(std::move(judgement));
}

void NotificationBench::missing_page(Judgement judgement,
                                     std::optional<scenario::TimeWindow> window) {
  const Duration deadline = window ? window->to : scope_.until();
  if (!window) window = expectation().window;
  missing(std::move(judgement), why_silent(scope_), deadline, std::move(window));
}

scenario::TimeWindow NotificationBench::around(Timestamp at) const {
  return {trial_.offset(at), trial_.offset(at), {}};
}

std::string NotificationBench::told_at(const Told& told) const {
  return (told.delivered() ? "told at " : "tried at ") + trial_.moment(told.at()) + ": " +
         told_text(told, log());
}

std::string NotificationBench::never_fired() const {
  return scope_.fired().empty() ? why_silent(scope_) : "none fired in this time";
}

const Told* NotificationBench::first_of(const AlertEpisode& episode, bool firing) const {
  return log().first_of(episode, firing, trial_.grace(),
                        [&](const Told& told) { return scope_.addressed(told); });
}

}  // namespace tocsin::assertions
