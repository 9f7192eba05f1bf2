#include <algorithm>
#include <set>

#include "assertions/trial.h"
#include "harness/base/suggest.h"

/// Scrapes: was the target up, and does it export what the document says?

namespace tocsin::assertions {
namespace {

using scenario::ScrapeExpectation;

Judgement begin(const ScrapeExpectation& claim, std::string text, const SourcePos& pos) {
  return Trial::begin("scrape", claim.target, std::move(text), pos);
}

/// The scrapes of a window; for a moment, the last one until then.
std::vector<const ScrapeRecord*> scrapes_in(const Trial& trial, const std::string& target,
                                            const scenario::TimeWindow& window) {
  const TimeRange range = trial.range(window);
  const bool moment = window.from == window.to;
  std::vector<const ScrapeRecord*> scrapes;
  for (const ScrapeRecord& scrape : trial.evidence().scrapes) {
    if (scrape.target != target || scrape.at > range.to) continue;
    if (!moment && scrape.at < range.from) continue;
    if (moment) scrapes.clear();
    scrapes.push_back(&scrape);
  }
  return scrapes;
}

void judge_up(Trial& trial, const ScrapeExpectation& claim, const ScrapeExpectation::Up& up) {
  Judgement judgement = begin(claim, (up.up ? "up " : "down ") + up.window.text, up.pos);
  const std::vector<const ScrapeRecord*> scrapes = scrapes_in(trial, claim.target, up.window);
  for (const ScrapeRecord* record : scrapes) {
    const ScrapeRecord& scrape = *record;
    if (scrape.ok == up.up) continue;
    const std::string line = scrape.ok ? "scraped, " + std::to_string(scrape.samples) + " samples"
                                       : "not scraped: " + scrape.error;
    if (judgement.outcome == Outcome::kPass) {
      judgement.outcome = Outcome::kFail;
      judgement.at = trial.offset(scrape.at);
      judgement.seen = line + " at " + trial.moment(scrape.at);
    }
    if (judgement.around.size() < 8)
      judgement.around.push_back(trial.clock(scrape.at) + "  " + line);
  }
  if (scrapes.empty()) {
    judgement.outcome = Outcome::kInconclusive;
    judgement.seen = "no scrape in this time";
  } else if (judgement.outcome == Outcome::kPass) {
    judgement.seen = "all " + std::to_string(scrapes.size()) + " scrapes";
    if (trial.ended_before(up.window.to)) judgement.outcome = Outcome::kInconclusive;
  }
  trial.add(std::move(judgement));
}

const TargetFamilies* exported_by(const Trial& trial, const std::string& target) {
  for (const TargetFamilies& families : trial.evidence().targets) {
    if (families.target == target) return &families;
  }
  return nullptr;
}

/// Names of the labels that the series of a family have in the evidence.
std::set<std::string> label_names(const Trial& trial, const FamilyInfo& family,
                                  const Labels& target) {
  std::set<std::string> names;
  for (const char* suffix : {"", "_total", "_bucket", "_count", "_info"}) {
    std::vector<Matcher> matchers = {
        Matcher::equal(std::string(kMetricName), family.name + suffix)};
    for (const LabelView label : target) {
      matchers.push_back(Matcher::equal(std::string(label.name), std::string(label.value)));
    }
    for (const SeriesView& series : trial.evidence().samples->select(matchers, {})) {
      for (const LabelView label : series.labels) names.emplace(label.name);
    }
  }
  return names;
}

void judge_family(Trial& trial, const ScrapeExpectation& claim,
                  const ScrapeExpectation::Family& wanted) {
  std::string text = "exports " + wanted.name;
  if (wanted.type) text += " as " + std::string(tocsin::to_string(*wanted.type));
  for (std::size_t i = 0; i < wanted.labels.size(); ++i) {
    text += (i == 0 ? " with labels " : ", ") + wanted.labels[i];
  }
  Judgement judgement = begin(claim, std::move(text), wanted.pos);
  const TargetFamilies* exported = exported_by(trial, claim.target);
  const auto fail = [&](std::string seen) {
    if (judgement.outcome == Outcome::kFail) return;
    judgement.outcome = Outcome::kFail;
    judgement.seen = std::move(seen);
  };
  if (exported == nullptr) {
    judgement.outcome = Outcome::kInconclusive;
    judgement.seen = "the target was never scraped";
    return trial.add(std::move(judgement));
  }
  const auto it = std::find_if(exported->families.begin(), exported->families.end(),
                               [&](const FamilyInfo& f) { return f.name == wanted.name; });
  if (it == exported->families.end()) {
    std::vector<std::string> names;
    for (const FamilyInfo& family : exported->families) names.push_back(family.name);
    const std::string nearest = nearest_name(wanted.name, names);
    fail("not exported" + (nearest.empty() ? "" : "; the nearest is " + nearest));
    return trial.add(std::move(judgement));
  }
  judgement.seen = std::string(tocsin::to_string(it->type));
  if (wanted.type && it->type != *wanted.type) {
    fail("is a " + std::string(tocsin::to_string(it->type)));
  }
  const std::set<std::string> names = label_names(trial, *it, exported->labels);
  for (const std::string& label : wanted.labels) {
    if (names.contains(label)) continue;
    std::string seen = "has no label " + label + ", only";
    for (const std::string& name : names) {
      if (name != kMetricName) seen += ' ' + name;
    }
    fail(std::move(seen));
  }
  trial.add(std::move(judgement));
}

void judge_lint(Trial& trial, const ScrapeExpectation& claim) {
  Judgement judgement = begin(claim, "keeps the naming conventions", claim.pos);
  const TargetFamilies* exported = exported_by(trial, claim.target);
  if (exported == nullptr) {
    judgement.outcome = Outcome::kInconclusive;
    judgement.seen = "the target was never scraped";
  } else if (exported->lint.empty()) {
    judgement.seen = std::to_string(exported->families.size()) + " families";
  } else {
    judgement.outcome = Outcome::kFail;
    judgement.seen = std::to_string(exported->lint.size()) + " findings";
    judgement.around = exported->lint;
  }
  trial.add(std::move(judgement));
}

}  // namespace

void judge_scrapes(Trial& trial) {
  for (const ScrapeExpectation& claim : trial.scenario().expect.scrape) {
    for (const ScrapeExpectation::Up& up : claim.up) judge_up(trial, claim, up);
    for (const ScrapeExpectation::Family& family : claim.families) {
      judge_family(trial, claim, family);
    }
    if (claim.lint) judge_lint(trial, claim);
  }
}

}  // namespace tocsin::assertions
