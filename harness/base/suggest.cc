#include "harness/base/suggest.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace tocsin {
namespace {

constexpr std::size_t kLongestCompared = 64;

int replace_cost(char a, char b) {
  if (a == b) return 0;
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return lower(a) == lower(b) ? 1 : 2;
}

/// Optimal string alignment distance; an edit costs 2, a change of letter case 1.
int distance(std::string_view a, std::string_view b) {
  std::vector<int> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = static_cast<int>(2 * j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(2 * i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({above[j] + 2, row[j - 1] + 2, above[j - 1] + replace_cost(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 2);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

template <class Text>
std::string nearest(std::string_view name, std::span<const Text> candidates) {
  std::string best;
  // A third of the letters may be wrong, at least one.
  int best_distance = 2 * std::max<int>(1, static_cast<int>(name.size()) / 3) + 1;
  if (name.size() > kLongestCompared) return best;
  for (const Text& candidate : candidates) {
    if (candidate.size() > kLongestCompared) continue;
    // Each letter more or less is an edit.
    const auto more = static_cast<int>(candidate.size()) - static_cast<int>(name.size());
    if (2 * std::abs(more) >= best_distance) continue;
    const int d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  return nearest(name, candidates);
}

std::string nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  return nearest(name, candidates);
}

std::string unknown_name_hint(std::string_view name, std::span<const std::string> candidates) {
  const std::string best = nearest_name(name, candidates);
  if (!best.empty()) return "did you mean \"" + best + "\"?";
  if (candidates.empty()) return "none are known here";
  constexpr std::size_t kShown = 12;
  std::string text = "known: ";
  for (std::size_t i = 0; i < candidates.size() && i < kShown; ++i) {
    if (i > 0) text += ", ";
    text += candidates[i];
  }
  if (candidates.size() > kShown) text += ", …";
  return text;
}

}  // namespace tocsin
