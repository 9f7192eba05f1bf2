#include "harness/ruletest/coverage.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include <fmt/format.h>

#include "harness/ruletest/coverage_observer.h"

namespace tocsin::ruletest {
namespace {

using rules::Rule;

template <class Parts>
CoverageCount count_all(const Parts& parts) {
  CoverageCount count;
  for (const auto& part : parts) count += part.count();
  return count;
}

std::vector<rules::PlannedRule> rules_in(std::span<const rules::RuleFile> files) {
  std::vector<rules::PlannedRule> all;
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const Rule& rule : group.rules) all.push_back({&group, &rule, 0});
    }
  }
  return all;
}

void merge_points(std::vector<CoveragePoint>& points, const std::vector<CoveragePoint>& others) {
  for (std::size_t i = 0; i < std::min(points.size(), others.size()); ++i) {
    points[i].covered = points[i].covered || others[i].covered;
  }
}

void merge_file(RuleFileCoverage& file, const RuleFileCoverage& other) {
  for (std::size_t g = 0; g < std::min(file.groups.size(), other.groups.size()); ++g) {
    std::vector<RuleCoverage>& rules = file.groups[g].rules;
    const std::vector<RuleCoverage>& more = other.groups[g].rules;
    for (std::size_t r = 0; r < std::min(rules.size(), more.size()); ++r) {
      merge_points(rules[r].points, more[r].points);
    }
  }
}

}  // namespace

std::string_view to_string(PointKind kind) {
  switch (kind) {
    case PointKind::kFires:
      return "fires";
    case PointKind::kSilent:
      return "silent";
    case PointKind::kHold:
      return "for";
    case PointKind::kKeepFiring:
      return "keep_firing_for";
    case PointKind::kRecorded:
      return "recorded";
    case PointKind::kSide:
      return "side";
    case PointKind::kLabel:
      return "label";
  }
  return "";
}

std::string missing(const CoveragePoint& point) {
  switch (point.kind) {
    case PointKind::kFires:
      return "never seen firing";
    case PointKind::kSilent:
      return "never seen silent";
    case PointKind::kHold:
      return "`for` never decisive: never seen pending";
    case PointKind::kKeepFiring:
      return "`keep_firing_for` never decisive";
    case PointKind::kRecorded:
      return "no case depends on a value of it";
    case PointKind::kSide:
      return fmt::format("{} never decisive: {}", point.what, point.text);
    case PointKind::kLabel:
      return fmt::format("label {} never asserted", point.what);
  }
  return "";
}

CoverageCount& CoverageCount::operator+=(const CoverageCount& other) {
  covered += other.covered;
  points += other.points;
  return *this;
}

double CoverageCount::percent() const {
  if (points == 0) return 100;
  return 100.0 * static_cast<double>(covered) / static_cast<double>(points);
}

std::string percent_text(const CoverageCount& count) {
  const std::size_t tenths = count.points == 0 ? 1000 : count.covered * 1000 / count.points;
  return fmt::format("{}.{}%", tenths / 10, tenths % 10);
}

CoverageCount RuleCoverage::count() const {
  const auto covered = std::count_if(points.begin(), points.end(),
                                     [](const CoveragePoint& one) { return one.covered; });
  return {static_cast<std::size_t>(covered), points.size()};
}
CoverageCount RuleGroupCoverage::count() const {
  return count_all(rules);
}
CoverageCount RuleFileCoverage::count() const {
  return count_all(groups);
}
CoverageCount Coverage::count() const {
  return count_all(files);
}

namespace {

/// Test files may name a rule file in several ways.
bool same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b || std::filesystem::equivalent(a, b, ignored);
}

}  // namespace

void Coverage::merge(Coverage other) {
  for (RuleFileCoverage& file : other.files) {
    const auto known = std::find_if(files.begin(), files.end(), [&](const auto& one) {
      return same_file(one.path, file.path);
    });
    if (known == files.end()) {
      files.push_back(std::move(file));
    } else {
      merge_file(*known, file);
    }
  }
}

struct CoverageCollector::Impl {
  Impl(std::span<const rules::RuleFile> rule_files, const promql::QueryOptions& query)
      : files(rule_files), rules(rules_in(rule_files)), finder(rules, query) {
    for (const rules::PlannedRule& one : rules) {
      points.push_back(points_of(*one.group, *one.rule));
      covered.emplace_back(points.back().size());
    }
  }

  std::span<const rules::RuleFile> files;
  std::vector<rules::PlannedRule> rules;
  LookFinder finder;
  std::vector<std::vector<RulePoint>> points;  ///< of each rule
  mutable std::mutex mutex;
  std::vector<std::vector<char>> covered;  ///< as many
};

CoverageCollector::CoverageCollector(std::span<const rules::RuleFile> files,
                                     const RunOptions& options) {
  promql::QueryOptions query;
  query.version_2 = options.version_2;
  impl_ = std::make_unique<Impl>(files, query);
}

CoverageCollector::~CoverageCollector() = default;

void CoverageCollector::observe(const GroupEvidence& evidence) {
  const std::vector<Looks> looks = impl_->finder.looks(evidence);
  for (std::size_t i = 0; i < looks.size(); ++i) {
    if (looks[i].steps.empty()) continue;
    std::vector<char> covered;
    {
      const std::lock_guard lock(impl_->mutex);
      covered = impl_->covered[i];
    }
    if (std::find(covered.begin(), covered.end(), 0) == covered.end()) continue;
    observe_rule(evidence, impl_->rules[i], looks[i], impl_->points[i], covered);
    const std::lock_guard lock(impl_->mutex);
    for (std::size_t p = 0; p < covered.size(); ++p) {
      if (covered[p] != 0) impl_->covered[i][p] = 1;
    }
  }
}

Coverage CoverageCollector::coverage() const {
  const std::lock_guard lock(impl_->mutex);
  Coverage coverage;
  std::size_t next = 0;
  for (const rules::RuleFile& file : impl_->files) {
    RuleFileCoverage& in_file = coverage.files.emplace_back();
    in_file.path = file.path;
    for (const rules::RuleGroup& group : file.groups) {
      RuleGroupCoverage& in_group = in_file.groups.emplace_back();
      in_group.name = group.name;
      in_group.pos = group.pos;
      for (const Rule& rule : group.rules) {
        RuleCoverage& in_rule = in_group.rules.emplace_back();
        in_rule.kind = rule.kind;
        in_rule.name = rule.name;
        in_rule.pos = rule.pos;
        for (const RulePoint& one : impl_->points[next]) in_rule.points.push_back(one.point);
        for (std::size_t p = 0; p < in_rule.points.size(); ++p) {
          in_rule.points[p].covered = impl_->covered[next][p] != 0;
        }
        ++next;
      }
    }
  }
  return coverage;
}

}  // namespace tocsin::ruletest
