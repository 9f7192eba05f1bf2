#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::scenario {

/// What stands for %NAME% and %NAME.FIELD% in a template: one item for a single value, several for
/// a list, none to leave lines out. An item is its fields by name; "" is the item itself.
using TemplateItem = std::map<std::string, std::string, std::less<>>;
using TemplateValues = std::map<std::string, std::vector<TemplateItem>, std::less<>>;

/// Repeats each line for every item of the lists that it names, in every combination, first list
/// slowest. A name that is not there is a mistake in the template. Nothing when it grows beyond
/// `most_bytes`.
std::optional<std::string> expand_template(std::string_view text, const TemplateValues& values,
                                           std::size_t most_bytes);

}  // namespace tocsin::scenario
