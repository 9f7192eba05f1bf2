#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/alerting/config.h"

/// Routes and receivers of an alertmanager.yml: which let through what others do, which are there
/// to tell nobody.

namespace tocsin::check {

/// Whether every alert that `narrow` matches is matched by `wide`, as far as that can be told from
/// their texts.
bool takes_all_of(const alerting::Matchers& wide, const alerting::Matchers& narrow);

/// A matcher of the routes above that no alert with these matchers can meet; null: none.
const Matcher* excluded_by(const alerting::Matchers& matchers,
                           const std::vector<const alerting::Route*>& above);

/// "a|b|c" apart; the text itself when it is plain; nothing when it is another kind of expression.
std::vector<std::string> plain_alternatives(std::string_view regex);

/// Receivers that are there to tell nobody, by their names; alerts that are there to fire for ever.
bool is_meant_to_be_empty(std::string_view name);

/// The route and all below it.
template <class F>
void for_routes(const alerting::Route& route, F&& f) {
  f(route);
  for (const alerting::Route& child : route.routes) for_routes(child, f);
}

/// "the route {severity="critical"}".
std::string name_of_route(const alerting::Route& route);

}  // namespace tocsin::check
