#pragma once

#include <string>
#include <vector>

#include "harness/alerting/config.h"

/// Which matchers let through what others do.

namespace tocsin::check {

/// Whether every alert that `narrow` matches is matched by `wide`, as far as that can be told from
/// their texts.
bool takes_all_of(const alerting::Matchers& wide, const alerting::Matchers& narrow);

/// A matcher of the routes above that no alert with these matchers can meet; null: none.
const Matcher* excluded_by(const alerting::Matchers& matchers,
                           const std::vector<const alerting::Route*>& above);

/// "a|b|c" apart; the text itself when it is plain; nothing when it is another kind of expression.
std::vector<std::string> plain_alternatives(std::string_view regex);

}  // namespace tocsin::check
