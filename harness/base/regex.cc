#include "harness/base/regex.h"

#include <map>
#include <vector>

#include <re2/re2.h>

namespace tocsin {
namespace {

RE2::Options options() {
  RE2::Options options(RE2::Quiet);
  options.set_log_errors(false);
  return options;
}

/// Literal alternatives are common in matchers ("5..", "a|b"); RE2 itself is quick at them.
std::string anchored(std::string_view pattern, Dot dot) {
  return (dot == Dot::kAnything ? "^(?s:" : "^(?:") + std::string(pattern) + ")$";
}

Error bad_regex(std::string_view pattern, const std::string& why) {
  return input_error({}, "invalid regular expression \"" + std::string(pattern) + "\": " + why);
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Takes the group name after a "$" off the front: "1", "{name}", "name"; nullopt for a lone "$".
std::string_view take_group(std::string_view& rest) {
  if (!rest.empty() && rest.front() == '{') {
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos) return {};
    const std::string_view name = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    return name;
  }
  std::size_t length = 0;
  while (length < rest.size() && is_word(rest[length])) ++length;
  const std::string_view name = rest.substr(0, length);
  rest.remove_prefix(length);
  return name;
}

void expand_into(const RE2& regex, const std::vector<re2::StringPiece>& groups,
                 std::string_view replacement, std::string& out) {
  while (!replacement.empty()) {
    const std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (!replacement.empty() && replacement.front() == '$') {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const std::string_view name = take_group(replacement);
    if (name.empty()) {
      out += '$';
      continue;
    }
    std::size_t index = groups.size();
    if (name.find_first_not_of("0123456789") == std::string_view::npos && name.size() < 6) {
      index = static_cast<std::size_t>(std::stoi(std::string(name)));
    } else if (const auto it = regex.NamedCapturingGroups().find(std::string(name));
               it != regex.NamedCapturingGroups().end()) {
      index = static_cast<std::size_t>(it->second);
    }
    if (index < groups.size()) out.append(groups[index].data(), groups[index].size());
  }
}

}  // namespace

struct Regex::Impl {
  Impl(std::string_view source, Dot dot)
      : pattern(source), regex(anchored(source, dot), options()) {}
  std::string pattern;
  RE2 regex;
};

Result<Regex> Regex::compile(std::string_view pattern, Dot dot) {
  // Compiled bare first, so that the error speaks of what the user wrote.
  const RE2 bare(re2::StringPiece(pattern.data(), pattern.size()), options());
  if (!bare.ok()) return bad_regex(pattern, bare.error());
  Regex regex;
  regex.impl_ = std::make_shared<const Impl>(pattern, dot);
  if (!regex.impl_->regex.ok()) return bad_regex(pattern, regex.impl_->regex.error());
  return regex;
}

const std::string& Regex::pattern() const {
  return impl_->pattern;
}

bool Regex::matches(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), impl_->regex);
}

bool Regex::expand(std::string_view text, std::string_view replacement, std::string& out) const {
  const RE2& regex = impl_->regex;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) +
                                       1);
  const re2::StringPiece piece(text.data(), text.size());
  if (!regex.Match(piece, 0, piece.size(), RE2::ANCHOR_BOTH, groups.data(),
                   static_cast<int>(groups.size()))) {
    return false;
  }
  out.clear();
  expand_into(regex, groups, replacement, out);
  return true;
}

Result<std::string> regex_replace_all(std::string_view pattern, std::string_view text,
                                      std::string_view replacement) {
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options());
  if (!regex.ok()) return bad_regex(pattern, regex.error());
  const re2::StringPiece piece(text.data(), text.size());
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) +
                                       1);
  std::string out;
  std::size_t search = 0;  // where the next match may begin
  std::size_t copied = 0;  // how much of `text` is in `out`
  while (search <= text.size() && regex.Match(piece, search, piece.size(), RE2::UNANCHORED,
                                              groups.data(), static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    // An empty match that touches the match before it does not count.
    if (end > copied || begin == 0) expand_into(regex, groups, replacement, out);
    copied = end;
    search = end > search ? end : search + 1;
  }
  if (copied < text.size()) out += text.substr(copied);
  return out;
}

Result<bool> regex_search(std::string_view pattern, std::string_view text) {
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options());
  if (!regex.ok()) return bad_regex(pattern, regex.error());
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

}  // namespace tocsin
