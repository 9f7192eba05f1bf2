#include "harness/ruletest/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/promql/native_histogram_text.h"

namespace tocsin::ruletest {
namespace {

using Texts = std::map<std::string, std::string>;

// --- alerts ---

struct SeenAlert {
  Texts labels;
  const Texts* annotations = nullptr;
};

SeenAlert seen_alert(const rules::AlertLook& look) {
  SeenAlert seen;
  for (const LabelView label : look.labels) seen.labels.emplace(label.name, label.value);
  seen.annotations = &look.annotations;
  return seen;
}

bool agree(const Texts& expected, const Texts& got, Match match) {
  if (match == Match::kExact) return expected == got;
  return std::all_of(expected.begin(), expected.end(), [&](const auto& entry) {
    const auto it = got.find(entry.first);
    return it != got.end() && it->second == entry.second;
  });
}

bool agree(const AlertCase& wanted, const ExpectedAlert& expected, const SeenAlert& got) {
  return agree(expected.labels, got.labels, wanted.labels) &&
         agree(expected.annotations, *got.annotations, wanted.annotations);
}

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

/// Gives as many expected alerts as possible a partner among those seen, by augmenting paths: with
/// partial matching, one that asks little must not take the only partner of one that asks much.
class Partners {
 public:
  Partners(const AlertCase& wanted, const std::vector<SeenAlert>& seen)
      : wanted_(wanted), seen_(seen), expected_of_(seen.size(), kNobody) {
    for (std::size_t i = 0; i < wanted.expected.size(); ++i) {
      std::vector<bool> asked(seen.size());
      find(i, asked);
    }
  }
  /// By alert seen: the expected one, or kNobody.
  const std::vector<std::size_t>& expected_of() const { return expected_of_; }

 private:
  bool find(std::size_t expected, std::vector<bool>& asked) {
    for (std::size_t s = 0; s < seen_.size(); ++s) {
      if (asked[s] || !agree(wanted_, wanted_.expected[expected], seen_[s])) continue;
      asked[s] = true;
      if (expected_of_[s] == kNobody || find(expected_of_[s], asked)) {
        expected_of_[s] = expected;
        return true;
      }
    }
    return false;
  }

  const AlertCase& wanted_;
  const std::vector<SeenAlert>& seen_;
  std::vector<std::size_t> expected_of_;
};

void add_rows(const Texts* expected, const Texts* got, Match match, std::string_view prefix,
              std::vector<Row>& rows) {
  std::set<std::string> names;
  for (const Texts* texts : {expected, got}) {
    if (texts == nullptr) continue;
    for (const auto& [name, value] : *texts) names.insert(name);
  }
  const auto value_in = [](const Texts* texts, const std::string& name) {
    if (texts == nullptr) return std::optional<std::string>();
    const auto it = texts->find(name);
    return it == texts->end() ? std::optional<std::string>() : it->second;
  };
  for (const std::string& name : names) {
    Row row{std::string(prefix) + name, value_in(expected, name), value_in(got, name), false};
    const bool ignored = match == Match::kPartial && !row.expected && expected != nullptr;
    if (ignored) continue;
    row.same = row.expected == row.got;
    rows.push_back(std::move(row));
  }
}

Comparison compare_one(const AlertCase& wanted, const ExpectedAlert* expected, const SeenAlert* got,
                       std::string title) {
  Comparison comparison{std::move(title), {}};
  add_rows(expected ? &expected->labels : nullptr, got ? &got->labels : nullptr, wanted.labels, "",
           comparison.rows);
  add_rows(expected ? &expected->annotations : nullptr, got ? got->annotations : nullptr,
           wanted.annotations, "annotation ", comparison.rows);
  return comparison;
}

std::size_t likeness(const ExpectedAlert& expected, const SeenAlert& got) {
  const auto common = [](const Texts& a, const Texts& b) {
    return std::count_if(a.begin(), a.end(), [&](const auto& entry) {
      const auto it = b.find(entry.first);
      return it != b.end() && it->second == entry.second;
    });
  };
  return 2 * static_cast<std::size_t>(common(expected.labels, got.labels)) +
         static_cast<std::size_t>(common(expected.annotations, *got.annotations));
}

/// Those left over, each with the one that is most like it.
void compare_rest(const AlertCase& wanted, std::vector<const ExpectedAlert*> expected,
                  std::vector<const SeenAlert*> seen, CaseResult& result) {
  for (const ExpectedAlert* one : expected) {
    const auto best =
        std::max_element(seen.begin(), seen.end(), [&](const SeenAlert* a, const SeenAlert* b) {
          return likeness(*one, *a) < likeness(*one, *b);
        });
    const SeenAlert* partner = best == seen.end() ? nullptr : *best;
    if (partner != nullptr) seen.erase(best);
    result.comparisons.push_back(compare_one(
        wanted, one, partner, partner ? "an alert differs" : "an expected alert does not fire"));
  }
  for (const SeenAlert* one : seen) {
    result.comparisons.push_back(
        compare_one(wanted, nullptr, one, "an alert fires that is not expected"));
  }
}

// --- samples ---

struct ComparedSample {
  Labels labels;
  double value = 0;
  std::string histogram;  ///< in test notation; empty: none

  std::string text() const { return histogram.empty() ? format_number(value) : histogram; }
};

bool equal_values(double a, double b, bool fuzzy) {
  if (a == b) return true;
  if (!fuzzy) return false;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return std::nextafter(a, -kInfinity) == b || std::nextafter(a, kInfinity) == b;
}

bool equal_samples(const ComparedSample& a, const ComparedSample& b, bool fuzzy) {
  return a.labels == b.labels && equal_values(a.value, b.value, fuzzy) &&
         a.histogram == b.histogram;
}

bool by_labels(const ComparedSample& a, const ComparedSample& b) {
  return a.labels < b.labels;
}

std::vector<ComparedSample> expected_samples(const ExpressionCase& one) {
  std::vector<ComparedSample> samples;
  for (const ExpectedSample& sample : one.expected) {
    samples.push_back({sample.labels, sample.value,
                       sample.histogram ? promql::test_notation(*sample.histogram) : ""});
  }
  std::stable_sort(samples.begin(), samples.end(), by_labels);
  return samples;
}

std::vector<ComparedSample> samples_of(const promql::QueryResult& result) {
  std::vector<ComparedSample> samples;
  for (const promql::Column& column : result.columns) {
    if (!column.present[0]) continue;
    const bool histogram = !column.histograms.empty() && column.histograms[0] != nullptr;
    samples.push_back({column.labels, histogram ? 0 : column.values[0],
                       histogram ? promql::test_notation(*column.histograms[0]) : ""});
  }
  std::stable_sort(samples.begin(), samples.end(), by_labels);
  return samples;
}

/// Two sorted lists, side by side.
std::vector<Row> sample_rows(const std::vector<ComparedSample>& expected,
                             const std::vector<ComparedSample>& got, bool fuzzy) {
  std::vector<Row> rows;
  auto e = expected.begin();
  auto g = got.begin();
  while (e != expected.end() || g != got.end()) {
    const bool take_expected = g == got.end() || (e != expected.end() && !(g->labels < e->labels));
    const bool take_got = e == expected.end() || (g != got.end() && !(e->labels < g->labels));
    Row row;
    row.name = (take_expected ? *e : *g).labels.to_string();
    row.same = take_expected && take_got && equal_samples(*e, *g, fuzzy);
    if (take_expected) {
      row.expected = e->text();
      const bool both = !e->histogram.empty() && e->value != 0;
      if (both) *row.expected += " and value " + format_number(e->value);
      ++e;
    }
    if (take_got) row.got = (g++)->text();
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string count_of(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace

void compare_alerts(const AlertCase& expected, std::span<const rules::AlertLook* const> firing,
                    CaseResult& result) {
  std::vector<SeenAlert> seen;
  for (const rules::AlertLook* look : firing) seen.push_back(seen_alert(*look));
  const std::vector<std::size_t> partner = Partners(expected, seen).expected_of();
  std::vector<const SeenAlert*> others;
  std::vector<bool> found(expected.expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (partner[i] == kNobody) {
      others.push_back(&seen[i]);
    } else {
      found[partner[i]] = true;
    }
  }
  std::vector<const ExpectedAlert*> missing;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) missing.push_back(&expected.expected[i]);
  }
  if (missing.empty() && others.empty()) return;
  result.outcome = CaseResult::Outcome::kFailed;
  result.reason = fmt::format("expected {}, got {}", count_of(found.size(), "alert"), seen.size());
  if (found.size() == seen.size()) {
    result.reason = fmt::format("{} of {} as expected", seen.size() - others.size(),
                                count_of(seen.size(), "alert"));
  }
  compare_rest(expected, std::move(missing), std::move(others), result);
}

void compare_samples(const ExpressionCase& expected, const promql::QueryResult& got, bool fuzzy,
                     CaseResult& result) {
  const std::vector<ComparedSample> wanted = expected_samples(expected);
  const std::vector<ComparedSample> seen = samples_of(got);
  const bool equal =
      std::equal(wanted.begin(), wanted.end(), seen.begin(), seen.end(),
                 [&](const auto& a, const auto& b) { return equal_samples(a, b, fuzzy); });
  if (equal) return;
  result.outcome = CaseResult::Outcome::kFailed;
  Comparison comparison{"", sample_rows(wanted, seen, fuzzy)};
  const auto same = std::count_if(comparison.rows.begin(), comparison.rows.end(),
                                  [](const Row& row) { return row.same; });
  result.reason = fmt::format("{} of {} as expected", same, count_of(wanted.size(), "sample"));
  if (wanted.size() != seen.size()) {
    result.reason =
        fmt::format("expected {}, got {}", count_of(wanted.size(), "sample"), seen.size());
  }
  result.comparisons.push_back(std::move(comparison));
}

}  // namespace tocsin::ruletest
