#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/promql/evaluator.h"

namespace tocsin::rules {

/// What a template's calls of `query` look at, as far as the text tells.
struct TemplateReads {
  std::vector<promql::SelectorUse> selectors;
  bool unknown = false;  ///< some queries are put together in a way that only running it shows
};

/// Queries are written out, or formats of printf; of a format's selectors the matchers with verbs
/// in them are left out, so that they select more. Nothing of a template that cannot be parsed.
TemplateReads reads_of_template(std::string_view text, const promql::QueryOptions& options);

}  // namespace tocsin::rules
