#include <algorithm>

#include "assertions/notification_bench.h"

/// When is somebody told: first, after firing, after resolving, again?

namespace tocsin::assertions {
namespace {

using scenario::TimeWindow;
using scenario::ValueClaim;
using EpisodeList = std::vector<const AlertEpisode*>;

void is_first_told(NotificationBench& bench, const TimeWindow& window) {
  Judgement judgement = bench.begin("is first told " + window.text);
  const auto pages = bench.scope().pages();
  if (pages.empty()) return bench.missing_page(std::move(judgement), window);
  const Told& first = *pages.front();
  if (bench.trial().within(first.at(), window)) {
    return bench.pass(std::move(judgement), bench.told_at(first), first.at());
  }
  bench.fail_at(std::move(judgement), bench.told_at(first), first.at());
}

/// When an episode was told, counted from its firing or its end.
struct Answer {
  const AlertEpisode* episode = nullptr;
  Timestamp since = {};
  const Told* told = nullptr;
  Duration took{0};  ///< a little below 0 in live runs at times
};

/// Judges how soon after it fires, or after it resolves, each episode is told.
class SoonAfter {
 public:
  SoonAfter(NotificationBench& bench, bool firing, Duration limit)
      : bench_(bench),
        firing_(firing),
        limit_(limit),
        event_(firing ? "firing" : "resolving"),
        judgement_(bench.begin("is told within " + format_duration(limit) + " of " + event_)) {}

  void run() && {
    const NotificationScope& scope = bench_.scope();
    for (const AlertEpisode* episode :
         firing_ ? scope.firing_in_window() : scope.resolving_in_window()) {
      answers_.push_back(answer_to(*episode));
    }
    if (answers_.empty()) {
      const bool fires_on = !firing_ && !scope.fired().empty();
      return bench_.missing(std::move(judgement_),
                            fires_on ? "still fires at the end" : bench_.never_fired(),
                            scope.until(), bench_.expectation().window);
    }
    std::vector<const Answer*> late;
    const Answer* slowest = nullptr;
    std::size_t open = 0;
    const Timestamp end = bench_.trial().evidence().run.end;
    for (const Answer& answer : answers_) {
      const Duration deadline = bench_.trial().offset(answer.since) + limit_;
      if (answer.told == nullptr && deadline > bench_.trial().offset(end)) {
        ++open;
      } else if (answer.told == nullptr || answer.took > limit_ + bench_.trial().grace()) {
        late.push_back(&answer);
      } else if (slowest == nullptr || answer.took > slowest->took) {
        slowest = &answer;
      }
    }
    if (!late.empty()) return too_late(late);
    if (open > 0) return too_early(open);
    const std::string who =
        answers_.size() == 1 ? "" : count_text(answers_.size(), "alert") + ", the slowest ";
    bench_.pass(std::move(judgement_), who + text_of(*slowest), slowest->told->at());
  }

 private:
  Answer answer_to(const AlertEpisode& episode) const {
    Answer answer;
    answer.episode = &episode;
    answer.since = firing_ ? *episode.firing_at : *episode.resolved_at;
    answer.told = bench_.first_of(episode, firing_);
    if (answer.told != nullptr) {
      answer.took = bench_.trial().offset(answer.told->at()) - bench_.trial().offset(answer.since);
    }
    return answer;
  }

  std::string text_of(const Answer& answer) const {
    const std::string took = answer.took < Duration(0) ? format_duration(-answer.took) + " before "
                                                       : format_duration(answer.took) + " after ";
    return "told " + took + event_ + ", at " + bench_.trial().moment(answer.told->at()) + ": " +
           told_text(*answer.told, bench_.log());
  }

  /// The run ended before so much time was over.
  void too_early(std::size_t open) {
    judgement_.outcome = Outcome::kInconclusive;
    bench_.pass(std::move(judgement_), "the run ended " + format_duration(limit_) + " after " +
                                           event_ + " or sooner, " + count_text(open, "alert") +
                                           " untold so far");
  }

  void too_late(const std::vector<const Answer*>& late) {
    // One that was never told says more than one that was told late.
    const Answer& shown =
        **std::max_element(late.begin(), late.end(), [](const Answer* a, const Answer* b) {
          const auto rank = [](const Answer* one) {
            return std::pair(one->told == nullptr, one->took);
          };
          return rank(a) < rank(b);
        });
    std::string seen;
    if (answers_.size() > 1) {
      seen = std::to_string(late.size()) + " of " + std::to_string(answers_.size()) +
             " alerts were not; " + alert_text(shown.episode->labels) + ' ';
    }
    if (shown.told != nullptr) {
      seen += text_of(shown);
    } else if (firing_) {
      seen += why_untold(bench_.scope(), *shown.episode);
    } else {
      seen += "resolved at " + bench_.trial().moment(shown.since) + "; that was not told by " +
              why_end_untold(*shown.episode);
    }
    bench_.fail_at(std::move(judgement_), std::move(seen), shown.since);
  }

  /// Until when it could have been told.
  std::string why_end_untold(const AlertEpisode& episode) const {
    for (const AlertEpisode* next : bench_.scope().fired()) {
      if (next->labels == episode.labels && *next->firing_at > *episode.firing_at) {
        return bench_.trial().clock(*next->firing_at) + ", when it fired again";
      }
    }
    const std::string end = "the end, " + bench_.trial().clock(bench_.trial().evidence().run.end);
    return bench_.first_of(episode, true) == nullptr ? end + ", nor was its firing" : end;
  }

  NotificationBench& bench_;
  bool firing_;
  Duration limit_;
  std::string event_;
  Judgement judgement_;
  std::vector<Answer> answers_;
};

/// A claim on seconds, with the grace of live runs.
bool holds_for(const Trial& trial, const ValueClaim& claim, Duration gap) {
  for (const Duration off : {Duration(0), trial.grace(), -trial.grace()}) {
    if (claim.holds(to_seconds(gap + off))) return true;
  }
  return false;
}

void is_repeated(NotificationBench& bench, const ValueClaim& claim) {
  Judgement judgement = bench.begin("is repeated after " + claim.text);
  const Trial& trial = bench.trial();
  const Told* last = nullptr;
  std::string seen;
  std::size_t n = 0;
  for (const Told* told : bench.scope().pages()) {
    last = told;
    if (told->kind != NotificationKind::kRepeat || told->previous == nullptr) continue;
    const Duration gap = trial.offset(told->at()) - trial.offset(told->previous->at());
    seen = "repeated after " + format_duration(gap) + ", at " + trial.moment(told->at()) + ", to " +
           receiver_text(told->last());
    ++n;
    if (holds_for(trial, claim, gap)) continue;
    return bench.fail_at(std::move(judgement), std::move(seen), told->at());
  }
  if (last == nullptr) return bench.missing_page(std::move(judgement));
  if (n == 0) {
    return bench.missing(std::move(judgement), "no repeat; last " + bench.told_at(*last),
                         bench.scope().until(), bench.expectation().window);
  }
  if (n > 1) seen = std::to_string(n) + " repeats, the last " + seen;
  bench.pass(std::move(judgement), std::move(seen), last->at());
}

}  // namespace

void judge_notification_times(NotificationBench& bench) {
  const scenario::NotificationExpectation& expectation = bench.expectation();
  if (expectation.at) is_first_told(bench, *expectation.at);
  if (expectation.within_firing) SoonAfter(bench, true, *expectation.within_firing).run();
  if (expectation.within_resolving) SoonAfter(bench, false, *expectation.within_resolving).run();
  if (expectation.repeats) is_repeated(bench, *expectation.repeats);
}

}  // namespace tocsin::assertions
