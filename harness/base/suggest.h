#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

/// The candidate nearest to a misspelt name by edit distance (insert, delete, replace, swap of
/// neighbours; letter case counts half); empty when none is near enough to help.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);
std::string nearest_name(std::string_view name, std::span<const std::string_view> candidates);

/// The hint for an unknown name: "did you mean \"x\"?", or else what is allowed, at most a dozen.
std::string unknown_name_hint(std::string_view name, std::span<const std::string> candidates);

}  // namespace tocsin
