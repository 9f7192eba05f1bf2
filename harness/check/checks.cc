#include <algorithm>

#include "harness/base/utf8.h"
#include "harness/check/check.h"
#include "harness/check/check_groups.h"
#include "harness/check/subject.h"

namespace tocsin::check {
namespace {

constexpr const CheckGroup* kGroups[] = {
    &kInputChecks,        &kSelectorChecks,   &kExtremeChecks,    &kThresholdChecks,
    &kResourceChecks,     &kQuietChecks,      &kCounterChecks,    &kHistogramChecks,
    &kAggregationChecks,  &kMatchingChecks,   &kTimingChecks,     &kTemplateChecks,
    &kConventionChecks,   &kRestChecks,       &kMetricNameChecks, &kContractChecks,
    &kScenarioChecks,     &kPrometheusChecks, &kRoutingChecks,    &kRoutedAlertChecks,
    &kNotificationChecks, &kAddressChecks,
};

}  // namespace

std::span<const CheckGroup* const> check_groups() {
  return kGroups;
}

std::vector<const Check*> all_checks() {
  std::vector<const Check*> all;
  for (const CheckGroup* group : kGroups) {
    for (const Check& check : group->checks) all.push_back(&check);
  }
  return all;
}

const Check* find_check(std::string_view id) {
  const auto all = all_checks();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Check* check) { return check->id == id; });
  return found == all.end() ? nullptr : *found;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      break;
  }
  return "error";
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kError}) {
    if (to_string(severity) == text) return severity;
  }
  return std::nullopt;
}

void Findings::add(const Check& check, Finding finding) {
  add(check, check.severity, std::move(finding));
}

void Findings::add(const Check& check, Severity severity, Finding finding) {
  finding.check = std::string(check.id);
  finding.severity = severity;
  if (finding.way_out.empty()) finding.way_out = std::string(check.way_out);
  findings_.push_back(std::move(finding));
}

Place place_in(const rules::Rule& rule, promql::TextRange range) {
  Place place{rule.expression_map.at(range.begin), rule.expression_map.at(range.end)};
  if (place.pos.line == 0) place.pos = rule.expression_pos;
  return place;
}

Place place_in(const Subject& subject, const rules::TemplateText& text, std::size_t offset,
               std::size_t length) {
  const auto source = subject.sources.find(text.pos.file);
  if (source == subject.sources.end()) return {text.pos, {}};
  const std::string_view line = source->second->line(text.pos.line);
  std::size_t start = source->second->line_start(text.pos.line);
  const auto characters = utf8_characters(line);
  for (int i = 1; i < text.pos.column && i <= static_cast<int>(characters.size()); ++i) {
    start += characters[static_cast<std::size_t>(i) - 1].size();
  }
  const yaml::ScalarMap map(source->second, start, text.text);
  return {map.at(offset), map.at(offset + length)};
}

Finding about(const RuleUse& use, promql::TextRange range, std::string message,
              std::string way_out) {
  Finding finding;
  finding.place = place_in(*use.rule, range);
  finding.about = use.about();
  finding.message = std::move(message);
  finding.way_out = std::move(way_out);
  return finding;
}

Finding about(const RuleUse& use, std::string message, std::string way_out) {
  Finding finding;
  finding.place.pos = use.rule->pos;
  finding.about = use.about();
  finding.message = std::move(message);
  finding.way_out = std::move(way_out);
  return finding;
}

}  // namespace tocsin::check
