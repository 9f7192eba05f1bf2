#include "assertions/notification_bench.h"

/// What keeps alerts from being told?

namespace tocsin::assertions {
namespace {

using Kind = Suppression::Kind;

class SuppressionJudge {
 public:
  SuppressionJudge(NotificationBench& bench, Kind kind, const std::string& by)
      : bench_(bench), kind_(kind), by_(by) {}

  void run(const std::string& how) {
    Judgement judgement = bench_.begin("is " + how + ' ' + by_);
    const auto episodes = bench_.scope().active_in_window();
    if (episodes.empty()) {
      return bench_.missing(std::move(judgement), bench_.never_fired(), bench_.scope().until(),
                            bench_.expectation().window);
    }
    const Suppression* first = nullptr;
    for (const AlertEpisode* episode : episodes) {
      const Suppression* found = nullptr;
      for (const Suppression* one : bench_.log().suppressions_of(*episode)) {
        if (!is_it(*one)) continue;
        if (found == nullptr) found = one;
        const Told* told = told_meanwhile(*episode, *one);
        if (told == nullptr) continue;
        return bench_.fail_at(
            std::move(judgement),
            suppression_text(bench_.trial(), *one) + ", but " + bench_.told_at(*told), told->at());
      }
      if (found == nullptr) {
        return bench_.missing(std::move(judgement), why_not(*episode, episodes.size()),
                              bench_.scope().until(), bench_.around(*episode->firing_at));
      }
      if (first == nullptr) first = found;
    }
    const std::string who =
        episodes.size() == 1 ? "" : std::to_string(episodes.size()) + " alerts, the first ";
    bench_.pass_if_complete(std::move(judgement), who + suppression_text(bench_.trial(), *first));
  }

 private:
  bool is_it(const Suppression& suppression) const {
    if (suppression.kind != kind_) return false;
    return kind_ == Kind::kInhibited ? suppression.by.get("alertname") == by_
                                     : suppression.name == by_;
  }

  std::string why_not(const AlertEpisode& episode, std::size_t of) const {
    const std::string who = of > 1 ? alert_text(episode.labels) + ' ' : "";
    const Told* told = bench_.first_of(episode, true);
    if (told == nullptr) return who + why_untold(bench_.scope(), episode);
    return who + "fired at " + bench_.trial().moment(*episode.firing_at) + " and was " +
           bench_.told_at(*told);
  }

  const Told* told_meanwhile(const AlertEpisode& episode, const Suppression& suppression) const {
    const std::size_t subject = bench_.log().subject_of(episode.labels);
    const Timestamp from = suppression.from + bench_.trial().grace();
    for (const Heard& heard : bench_.scope().heard()) {
      const Told& told = *heard.told;
      if (told.at() < from) continue;
      if (suppression.to && told.at() >= *suppression.to) break;
      for (const Told::Alert& alert : told.alerts) {
        if (alert.subject == subject && alert.firing) return &told;
      }
    }
    return nullptr;
  }

  NotificationBench& bench_;
  Kind kind_;
  const std::string& by_;
};

}  // namespace

void judge_notification_suppressions(NotificationBench& bench) {
  const scenario::NotificationExpectation& expectation = bench.expectation();
  if (!expectation.inhibited_by.empty()) {
    SuppressionJudge(bench, Kind::kInhibited, expectation.inhibited_by).run("inhibited by");
  }
  if (!expectation.silenced_by.empty()) {
    SuppressionJudge(bench, Kind::kSilenced, expectation.silenced_by).run("silenced by");
  }
  if (!expectation.muted_by.empty()) {
    SuppressionJudge(bench, Kind::kMuted, expectation.muted_by).run("muted by");
  }
}

}  // namespace tocsin::assertions
