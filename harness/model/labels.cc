#include "harness/model/labels.h"

#include <algorithm>

namespace tocsin {
namespace {

/// FNV-1a over names and values with separators that UTF-8 never holds.
std::size_t hash_bytes(std::size_t hash, std::string_view text) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  hash ^= 0xFF;
  return hash * 0x100000001b3ULL;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Labels::Labels(std::initializer_list<LabelView> labels) : Labels(from(std::vector(labels))) {}

Labels Labels::from(std::vector<LabelView> labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
  std::vector<LabelView> unique;
  unique.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool replaced = i + 1 < labels.size() && labels[i + 1].name == labels[i].name;
    if (!replaced && !labels[i].value.empty()) unique.push_back(labels[i]);
  }
  return from_sorted(unique);
}

Labels Labels::from_sorted(std::span<const LabelView> labels) {
  Labels result;
  if (labels.empty()) return result;
  auto rep = std::make_shared<Rep>();
  std::size_t bytes = 0;
  for (const LabelView& label : labels) bytes += label.name.size() + label.value.size();
  rep->bytes.reserve(bytes);
  rep->ends.reserve(2 * labels.size());
  std::size_t hash = 0xcbf29ce484222325ULL;
  for (const LabelView& label : labels) {
    hash = hash_bytes(hash_bytes(hash, label.name), label.value);
    rep->bytes += label.name;
    rep->ends.push_back(static_cast<std::uint32_t>(rep->bytes.size()));
    rep->bytes += label.value;
    rep->ends.push_back(static_cast<std::uint32_t>(rep->bytes.size()));
  }
  rep->hash = hash;
  result.rep_ = std::move(rep);
  return result;
}

LabelView Labels::operator[](std::size_t i) const {
  const std::uint32_t begin = i == 0 ? 0 : rep_->ends[2 * i - 1];
  const std::uint32_t middle = rep_->ends[2 * i];
  const std::uint32_t end = rep_->ends[2 * i + 1];
  const std::string_view bytes = rep_->bytes;
  return {bytes.substr(begin, middle - begin), bytes.substr(middle, end - middle)};
}

std::string_view Labels::get(std::string_view name) const {
  for (const LabelView label : *this) {
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

Labels Labels::without(std::span<const std::string> names) const {
  std::vector<LabelView> kept;
  for (const LabelView label : *this) {
    if (std::find(names.begin(), names.end(), label.name) == names.end()) kept.push_back(label);
  }
  return kept.size() == size() ? *this : from_sorted(kept);
}

Labels Labels::only(std::span<const std::string> names) const {
  std::vector<LabelView> kept;
  for (const LabelView label : *this) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) kept.push_back(label);
  }
  return kept.size() == size() ? *this : from_sorted(kept);
}

Labels Labels::without_metric_name() const {
  return with(kMetricName, {});
}

Labels Labels::with(std::string_view name, std::string_view value) const {
  if (get(name) == value) return *this;
  std::vector<LabelView> labels;
  labels.reserve(size() + 1);
  bool placed = value.empty();
  for (const LabelView label : *this) {
    if (label.name == name) continue;
    if (!placed && label.name > name) {
      labels.push_back({name, value});
      placed = true;
    }
    labels.push_back(label);
  }
  if (!placed) labels.push_back({name, value});
  return from_sorted(labels);
}

std::string Labels::to_string() const {
  const std::string_view name = metric_name();
  const bool bare_name = is_legacy_metric_name(name);
  std::string text(bare_name ? name : std::string_view());
  std::string inner;
  if (!name.empty() && !bare_name) inner = quote_label_value(name);
  for (const LabelView label : *this) {
    if (label.name == kMetricName) continue;
    if (!inner.empty()) inner += ", ";
    inner +=
        is_legacy_label_name(label.name) ? std::string(label.name) : quote_label_value(label.name);
    inner += '=';
    inner += quote_label_value(label.value);
  }
  if (inner.empty() && bare_name) return text;
  return text + '{' + inner + '}';
}

bool Labels::operator==(const Labels& other) const {
  if (rep_ == other.rep_) return true;
  return rep_ && other.rep_ && rep_->hash == other.rep_->hash && rep_->ends == other.rep_->ends &&
         rep_->bytes == other.rep_->bytes;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  const std::size_t common = std::min(size(), other.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto order = (*this)[i] <=> other[i];
    if (order != std::strong_ordering::equal) return order;
  }
  return size() <=> other.size();
}

std::string quote_label_value(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

bool is_legacy_metric_name(std::string_view name) {
  if (name.empty() || !(is_letter(name.front()) || name.front() == ':')) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

bool is_legacy_label_name(std::string_view name) {
  if (name.empty() || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace tocsin
