#include "harness/check/nearest_metric.h"

#include <algorithm>
#include <array>
#include <set>

#include "harness/base/suggest.h"

namespace tocsin::check {
namespace {

/// Words that say little about what a metric is about.
constexpr std::array<std::string_view, 14> kCommonWords = {
    "total", "count", "sum",   "bucket",  "seconds", "bytes", "percent",
    "ratio", "rate",  "usage", "current", "number",  "info",  "of"};

double weight(std::string_view word) {
  const bool common =
      std::find(kCommonWords.begin(), kCommonWords.end(), word) != kCommonWords.end();
  return common ? 0.3 : 1.0;
}

std::set<std::string_view> words_of(std::string_view name) {
  std::set<std::string_view> words;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of("_:"), name.size());
    if (end > 0) words.insert(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return words;
}

/// Weight of the words that both have, of all words; 0 when only common words are shared.
double likeness(std::string_view a, std::string_view b) {
  const std::set<std::string_view> left = words_of(a);
  const std::set<std::string_view> right = words_of(b);
  double shared = 0;
  double all = 0;
  bool telling = false;
  for (const std::string_view word : left) {
    all += weight(word);
    if (!right.contains(word)) continue;
    shared += weight(word);
    telling = telling || weight(word) == 1.0;
  }
  for (const std::string_view word : right) {
    if (!left.contains(word)) all += weight(word);
  }
  return telling && all > 0 ? shared / all : 0;
}

/// Whether one letter too many, too few or another one, or two that changed places, is all.
bool is_slip_of(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  if (a == b || std::max(a.size(), b.size()) > shorter + 1) return false;
  const auto differ = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shorter), b.begin()).first -
      a.begin());
  const std::string_view left = a.substr(differ);
  const std::string_view right = b.substr(differ);
  if (left.size() > right.size()) return left.substr(1) == right;
  if (left.size() < right.size()) return left == right.substr(1);
  if (left.substr(1) == right.substr(1)) return true;
  return left.size() > 1 && left[0] == right[1] && left[1] == right[0] &&
         left.substr(2) == right.substr(2);
}

}  // namespace

std::string nearest_metric(std::string_view name, std::span<const std::string> known) {
  const auto slip = std::find_if(known.begin(), known.end(), [name](const std::string& candidate) {
    return is_slip_of(name, candidate);
  });
  if (slip != known.end()) return *slip;
  constexpr double kAlike = 0.3;
  std::string best;
  double best_likeness = kAlike;
  for (const std::string& candidate : known) {
    const double like = likeness(name, candidate);
    if (like < best_likeness || (like == best_likeness && !best.empty())) continue;
    best = candidate;
    best_likeness = like;
  }
  return best.empty() ? nearest_name(name, known) : best;
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
  std::string text;
  const std::size_t shown = names.size() > most + 1 ? most : names.size();
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

}  // namespace tocsin::check
