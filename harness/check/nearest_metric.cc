#include "harness/check/nearest_metric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/suggest.h"

namespace tocsin::check {
namespace {

/// Words that say little about what a metric is about.
constexpr std::array<std::string_view, 14> kCommonWords = {
    "total", "count", "sum",   "bucket",  "seconds", "bytes", "percent",
    "ratio", "rate",  "usage", "current", "number",  "info",  "of"};

std::set<std::string_view> words_of(std::string_view name) {
  std::set<std::string_view> words;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of("_:"), name.size());
    if (end > 0) words.insert(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return words;
}

/// How much a word tells: little when it is a unit or the like, and the less the more names have
/// it, such as the prefix of an exporter.
class WordWeights {
 public:
  explicit WordWeights(std::span<const std::string> names) : names_(names.size()) {
    for (const std::string& name : names) {
      for (const std::string_view word : words_of(name)) ++uses_[word];
    }
  }

  double of(std::string_view word) const {
    const auto found = uses_.find(word);
    const double uses = found == uses_.end() ? 1 : static_cast<double>(found->second);
    const double rare = 1 - std::log(uses) / std::log(static_cast<double>(names_) + 2);
    return is_common(word) ? std::min(0.3, rare) : std::max(rare, 0.05);
  }
  static bool is_common(std::string_view word) {
    return std::find(kCommonWords.begin(), kCommonWords.end(), word) != kCommonWords.end();
  }

 private:
  std::size_t names_;
  std::map<std::string_view, std::size_t> uses_;
};

/// Weight of the words that both have, of all words; 0 when nothing is shared that tells.
double likeness(std::string_view a, std::string_view b, const WordWeights& weights) {
  const std::set<std::string_view> left = words_of(a);
  const std::set<std::string_view> right = words_of(b);
  double shared = 0;
  double all = 0;
  bool telling = false;
  for (const std::string_view word : left) {
    const double weight = weights.of(word);
    all += weight;
    if (!right.contains(word)) continue;
    shared += weight;
    telling = telling || (weight > 0.3 && !WordWeights::is_common(word));
  }
  for (const std::string_view word : right) {
    if (!left.contains(word)) all += weights.of(word);
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
  const WordWeights weights(known);
  std::string best;
  double best_likeness = kAlike;
  for (const std::string& candidate : known) {
    const double like = likeness(name, candidate, weights);
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
