#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/model/labels.h"
#include "harness/model/matcher.h"

/// Alertmanager's matchers as text. It has two grammars: the classic one (`a=b`, a value may hold
/// nearly anything) and that of 0.27 (any UTF-8 name when quoted, values quoted or without reserved
/// characters).

namespace tocsin::alerting {

/// Which grammar: Alertmanager's default tries both; the others are its feature flags
/// "classic-mode" and "utf8-strict-mode".
enum class MatcherMode { kFallback, kClassic, kUtf8 };

/// In Alertmanager's order: name, value, operator.
using Matchers = std::vector<Matcher>;
void sort_matchers(Matchers& matchers);

/// Where a list may stand: `a=b`, `a="b",c=~"d"`, `{a="b"}`. An error's position is within the
/// text.
Result<Matchers> parse_matchers(std::string_view text, MatcherMode mode = MatcherMode::kFallback);
/// Where one is wanted: an API filter. No braces.
Result<Matcher> parse_matcher(std::string_view text, MatcherMode mode = MatcherMode::kFallback);

/// Whether all hold; a label that is not there counts as "".
bool matches_all(const Matchers& matchers, const Labels& labels);

/// As Alertmanager prints it: `a=~"b"`. Quotes, backslashes and line feeds are escaped; a name
/// with reserved characters is quoted.
std::string matcher_text(const Matcher& matcher);
/// `{a="b",c="d"}`.
std::string matchers_text(const Matchers& matchers);

/// A label name that this mode takes.
bool is_label_name(std::string_view name, MatcherMode mode = MatcherMode::kFallback);

}  // namespace tocsin::alerting
