#include <algorithm>

#include "assertions/notification_bench.h"

/// Is anybody told at all, how often, and with how many attempts?

namespace tocsin::assertions {
namespace {

using scenario::ValueClaim;

void is_told(NotificationBench& bench) {
  const auto pages = bench.scope().pages();
  if (pages.empty()) return bench.missing_page(bench.begin("is told"));
  bench.pass(bench.begin("is told"), bench.told_at(*pages.front()), pages.front()->at());
}

/// An attempt that failed would have been a notification, were the receiver well.
void is_never_told(NotificationBench& bench) {
  Judgement judgement = bench.begin("is never told");
  const auto& heard = bench.scope().heard();
  if (heard.empty()) {
    return bench.pass_if_complete(std::move(judgement), why_silent(bench.scope()));
  }
  const Told& first = *heard.front().told;
  const std::size_t more = heard.size() - 1;
  bench.fail_at(std::move(judgement),
                bench.told_at(first) + (more > 0 ? ", and " + count_text(more, "more time") : ""),
                first.at());
}

void how_many(NotificationBench& bench, const ValueClaim& claim, std::string_view noun,
              const std::vector<const Told*>& counted) {
  Judgement judgement = bench.begin(std::string(noun) + "s: " + claim.text);
  const double n = static_cast<double>(counted.size());
  std::string seen = count_text(counted.size(), noun);
  seen += counted.empty() ? "; " + why_silent(bench.scope()) : ": " + kinds_text(counted);
  if (claim.holds(n)) return bench.pass_if_complete(std::move(judgement), std::move(seen));
  const auto& window = bench.expectation().window;
  const bool too_many =
      claim.kind == ValueClaim::Kind::kLess || claim.kind == ValueClaim::Kind::kLessEqual;
  // What is too much already will not become less.
  if (too_many) return bench.fail(std::move(judgement), std::move(seen), window);
  bench.missing(std::move(judgement), std::move(seen), bench.scope().until(), window);
}

std::vector<const Told*> delivered(const NotificationScope& scope) {
  std::vector<const Told*> delivered;
  for (const Heard& heard : scope.heard()) {
    if (heard.told->delivered()) delivered.push_back(heard.told);
  }
  return delivered;
}

void how_many_attempts(NotificationBench& bench, const ValueClaim& claim) {
  Judgement judgement = bench.begin("attempts: " + claim.text);
  const Told* worst = nullptr;
  for (const Heard& heard : bench.scope().heard()) {
    if (worst == nullptr || heard.told->attempt_count() > worst->attempt_count()) {
      worst = heard.told;
    }
  }
  if (worst == nullptr) return bench.missing_page(std::move(judgement));
  const std::size_t n = worst->attempt_count();
  std::string seen = count_text(n, "attempt") + ", " + bench.told_at(*worst);
  if (claim.holds(static_cast<double>(n))) {
    return bench.pass(std::move(judgement), std::move(seen), worst->at());
  }
  bench.fail_at(std::move(judgement), std::move(seen), worst->at());
}

}  // namespace

void judge_notification_counts(NotificationBench& bench) {
  const scenario::NotificationExpectation& expectation = bench.expectation();
  if (claims_nothing(expectation)) is_told(bench);
  if (expectation.never) is_never_told(bench);
  if (expectation.count) {
    how_many(bench, *expectation.count, "notification", delivered(bench.scope()));
  }
  if (expectation.pages) how_many(bench, *expectation.pages, "page", bench.scope().pages());
  if (expectation.attempts) how_many_attempts(bench, *expectation.attempts);
}

}  // namespace tocsin::assertions
