#include "harness/ruletest/seen.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <unordered_set>

#include "harness/rules/template.h"

namespace tocsin::ruletest {
namespace {

/// Relative; sums over the same numbers in another order stay far below it.
constexpr double kRounding = 1e-12;

bool same_value(double a, double b) {
  if (std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b)) return true;
  if (is_stale(a) || is_stale(b)) return false;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= kRounding * std::max(std::abs(a), std::abs(b));
}

bool same_histogram(const NativeHistogramPtr& a, const NativeHistogramPtr& b) {
  return a == b || (a && b && *a == *b);
}

bool same_series(const Seen::Series& a, const Seen::Series& b) {
  return a.labels == b.labels && a.timestamps == b.timestamps &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                    same_value) &&
         std::equal(a.histograms.begin(), a.histograms.end(), b.histograms.begin(),
                    b.histograms.end(), same_histogram);
}

bool same_episode(const Seen::Episode& a, const Seen::Episode& b) {
  return a.rule == b.rule && a.episode.labels == b.episode.labels &&
         a.episode.annotations == b.episode.annotations &&
         a.episode.pending_at == b.episode.pending_at &&
         a.episode.firing_at == b.episode.firing_at &&
         a.episode.resolved_at == b.episode.resolved_at;
}

bool same_look(const rules::AlertLook& a, const rules::AlertLook& b) {
  return a.rule == b.rule && a.at == b.at && a.state == b.state && a.labels == b.labels &&
         a.annotations == b.annotations;
}

bool depends_on_value(const std::string& text) {
  const auto parsed = rules::Template::parse(text);
  if (parsed.has_error()) return true;
  return parsed->use() == rules::TemplateUse::kValue || parsed->use() == rules::TemplateUse::kTime;
}

}  // namespace

Seen seen_by(const GroupEvidence& evidence, std::span<const rules::Rule* const> rules) {
  const std::unordered_set<const rules::Rule*> wanted(rules.begin(), rules.end());
  Seen seen;
  const auto& outcome = evidence.outcome;
  for (std::size_t i = 0; i < outcome.episodes.size(); ++i) {
    if (wanted.count(outcome.alerting[i]) == 0) continue;
    seen.episodes.push_back({outcome.alerting[i], outcome.episodes[i]});
  }
  for (const rules::AlertLook& look : outcome.looks) {
    if (wanted.count(look.rule) > 0) seen.looks.push_back(look);
  }
  std::set<std::string> names;
  for (const rules::Rule* rule : rules) {
    if (rule->kind == rules::Rule::Kind::kRecording) names.insert(rule->name);
  }
  for (const std::string& name : names) {
    const std::vector<Matcher> matchers{Matcher::equal(std::string(kMetricName), name)};
    for (const SeriesView& view : evidence.samples.select(matchers, TimeRange())) {
      seen.recorded.push_back({view.labels,
                               {view.timestamps.begin(), view.timestamps.end()},
                               {view.values.begin(), view.values.end()},
                               {view.histograms.begin(), view.histograms.end()}});
    }
  }
  return seen;
}

bool same(const Seen& a, const Seen& b) {
  return std::equal(a.episodes.begin(), a.episodes.end(), b.episodes.begin(), b.episodes.end(),
                    same_episode) &&
         std::equal(a.looks.begin(), a.looks.end(), b.looks.begin(), b.looks.end(), same_look) &&
         std::equal(a.recorded.begin(), a.recorded.end(), b.recorded.begin(), b.recorded.end(),
                    same_series);
}

bool shows_value(const rules::Rule& rule) {
  return std::any_of(rule.annotations.begin(), rule.annotations.end(),
                     [](const auto& one) { return depends_on_value(one.second.text); });
}

}  // namespace tocsin::ruletest
