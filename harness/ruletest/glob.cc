#include "harness/ruletest/glob.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "harness/base/utf8.h"

namespace tocsin::ruletest {
namespace {

namespace fs = std::filesystem;
using Characters = std::vector<std::string_view>;

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") != std::string_view::npos;
}

Error bad_pattern(std::string why) {
  Error error = input_error({}, "bad pattern: " + std::move(why));
  return error;
}

/// One element of a pattern.
struct Element {
  enum class Kind { kCharacter, kAny, kStar, kClass };
  Kind kind = Kind::kCharacter;
  std::string_view character;
  bool negated = false;
  std::vector<std::pair<std::string_view, std::string_view>> ranges;

  bool takes(std::string_view c) const {
    switch (kind) {
      case Kind::kCharacter:
        return c == character;
      case Kind::kClass: {
        const bool inside = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
          return range.first <= c && c <= range.second;
        });
        return inside != negated && c != "/";
      }
      case Kind::kAny:
      case Kind::kStar:
        break;
    }
    return c != "/";
  }
};

class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : characters_(utf8_characters(pattern)) {}

  Result<std::vector<Element>> read() {
    std::vector<Element> elements;
    while (at_ < characters_.size()) {
      const std::string_view c = characters_[at_++];
      Element element;
      if (c == "*") {
        element.kind = Element::Kind::kStar;
      } else if (c == "?") {
        element.kind = Element::Kind::kAny;
      } else if (c == "[") {
        TRY(element, character_class());
      } else if (c == "\\") {
        if (at_ == characters_.size()) return bad_pattern("it ends with \"\\\"");
        element.character = characters_[at_++];
      } else {
        element.character = c;
      }
      elements.push_back(std::move(element));
    }
    return elements;
  }

 private:
  Result<Element> character_class() {
    Element element;
    element.kind = Element::Kind::kClass;
    if (at_ < characters_.size() && characters_[at_] == "^") {
      element.negated = true;
      ++at_;
    }
    for (;;) {
      if (at_ < characters_.size() && characters_[at_] == "]" && !element.ranges.empty()) break;
      TRY(const std::string_view low, class_character());
      std::string_view high = low;
      if (at_ < characters_.size() && characters_[at_] == "-") {
        ++at_;
        TRY(high, class_character());
      }
      element.ranges.emplace_back(low, high);
    }
    ++at_;
    return element;
  }

  Result<std::string_view> class_character() {
    if (at_ < characters_.size() && characters_[at_] == "\\")
      ++at_;
    else if (at_ < characters_.size() && (characters_[at_] == "-" || characters_[at_] == "]"))
      return bad_pattern("\"" + std::string(characters_[at_]) + "\" cannot stand here in \"[…]\"");
    if (at_ >= characters_.size()) return bad_pattern("\"[\" without \"]\"");
    return characters_[at_++];
  }

  Characters characters_;
  std::size_t at_ = 0;
};

/// Greedy, with one place to come back to: the last star.
bool matches(const std::vector<Element>& pattern, const Characters& name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::optional<std::pair<std::size_t, std::size_t>> star;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p].kind == Element::Kind::kStar) {
      star = {p++, n};
    } else if (p < pattern.size() && pattern[p].takes(name[n])) {
      ++p;
      ++n;
    } else if (star && name[star->second] != "/") {
      p = star->first + 1;
      n = ++star->second;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(),
                     [](const Element& rest) { return rest.kind == Element::Kind::kStar; });
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end; !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.ends_with('/') ? folder + name : folder + '/' + name;
}

}  // namespace

Result<bool> glob_matches(std::string_view pattern, std::string_view name) {
  TRY(const std::vector<Element> elements, PatternReader(pattern).read());
  return matches(elements, utf8_characters(name));
}

Result<std::vector<std::string>> glob(const std::string& pattern) {
  TRY([[maybe_unused]] const std::vector<Element> all, PatternReader(pattern).read());
  std::error_code error;
  if (!has_wildcard(pattern)) {
    const bool exists = fs::exists(fs::symlink_status(pattern, error));
    return exists ? std::vector<std::string>{pattern} : std::vector<std::string>{};
  }
  const std::size_t slash = pattern.rfind('/');
  std::string folder = slash == std::string::npos ? "" : pattern.substr(0, slash);
  if (slash == 0) folder = "/";
  const std::string last = slash == std::string::npos ? pattern : pattern.substr(slash + 1);
  std::vector<std::string> folders = {folder};
  if (has_wildcard(folder)) {
    TRY(folders, glob(folder));
  }
  TRY(const std::vector<Element> elements, PatternReader(last).read());
  std::vector<std::string> found;
  for (const std::string& one : folders) {
    if (!one.empty() && !fs::is_directory(one, error)) continue;
    for (const std::string& name : names_in(one)) {
      if (matches(elements, utf8_characters(name))) found.push_back(joined(one, name));
    }
  }
  return found;
}

}  // namespace tocsin::ruletest
