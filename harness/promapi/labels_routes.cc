// series, labels, label values, metadata.

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promapi/failure.h"
#include "harness/promapi/json_text.h"
#include "harness/promapi/result_json.h"
#include "harness/promapi/routes.h"
#include "harness/promql/literals.h"

namespace tocsin::promapi {
namespace {

using Selectors = std::vector<std::vector<Matcher>>;

Selectors wanted_selectors(const RouteCall& call) {
  return call.parameters.selectors({.version_2 = call.api.options().query.version_2});
}

/// The labels of each series that one of the selectors selects, in order; of all series when there
/// is no selector.
std::vector<Labels> selected_labels(const Api& api, const Selectors& selectors, TimeRange range) {
  std::vector<Labels> found;
  const auto select = [&](const std::vector<Matcher>& matchers) {
    for (SeriesView& view : api.store().select(matchers, range)) {
      found.push_back(std::move(view.labels));
    }
  };
  if (selectors.empty()) select({});
  for (const std::vector<Matcher>& matchers : selectors) select(matchers);
  if (selectors.size() > 1) {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found;
}

template <class T, class Append>
std::string limited_list(const T& items, std::size_t limit, Append&& append) {
  std::string data = "[";
  std::size_t written = 0;
  Remarks remarks;
  for (const auto& item : items) {
    if (limit > 0 && written == limit) {
      remarks.warnings.emplace_back("results truncated due to limit");
      break;
    }
    if (written++ > 0) data += ',';
    append(data, item);
  }
  return success_json(data + ']', remarks);
}

std::string answer_series(const RouteCall& call) {
  const std::size_t limit = call.parameters.limit();
  const Selectors selectors = wanted_selectors(call);
  if (selectors.empty()) throw bad_data("no match[] parameter provided");
  return limited_list(selected_labels(call.api, selectors, call.parameters.range()), limit,
                      append_json_labels);
}

std::string answer_labels(const RouteCall& call) {
  const std::size_t limit = call.parameters.limit();
  std::set<std::string, std::less<>> names;
  for (const Labels& labels :
       selected_labels(call.api, wanted_selectors(call), call.parameters.range())) {
    for (const LabelView label : labels) {
      if (names.find(label.name) == names.end()) names.emplace(label.name);
    }
  }
  return limited_list(names, limit, append_json_string);
}

/// The character that "_1F600_" stands for; takes it off the text.
std::optional<char32_t> take_escaped_character(std::string_view& text) {
  const std::size_t end = text.find('_', 1);
  if (end == std::string_view::npos || end == 1 || end > 7) return std::nullopt;
  std::uint32_t code = 0;
  const auto [last, error] = std::from_chars(text.data() + 1, text.data() + end, code, 16);
  if (error != std::errc() || last != text.data() + end) return std::nullopt;
  text.remove_prefix(end + 1);
  return static_cast<char32_t>(code);
}

/// A name of any characters in the letters of old names: "U__a_2e_b" is "a.b", "__" a "_". What is
/// not written like that stays as it is.
std::string unescape_name(const std::string& name) {
  constexpr std::string_view kPrefix = "U__";
  if (!name.starts_with(kPrefix)) return name;
  std::string_view rest = std::string_view(name).substr(kPrefix.size());
  std::string out;
  while (!rest.empty()) {
    if (rest.front() != '_') {
      out += rest.front();
      rest.remove_prefix(1);
    } else if (rest.starts_with("__")) {
      out += '_';
      rest.remove_prefix(2);
    } else if (const auto character = take_escaped_character(rest)) {
      append_utf8(out, *character);
    } else {
      return name;
    }
  }
  return out;
}

bool is_valid_label(const std::string& name, bool version_2) {
  if (version_2) return is_legacy_label_name(name);
  return !name.empty() && !find_invalid_utf8(name);
}

std::string answer_label_values(const RouteCall& call) {
  const bool version_2 = call.api.options().query.version_2;
  const std::string name = version_2 ? call.name : unescape_name(call.name);
  if (!is_valid_label(name, version_2)) {
    throw bad_data("invalid label name: " + promql::quote(name));
  }
  const std::size_t limit = call.parameters.limit();
  std::set<std::string, std::less<>> values;
  for (const Labels& labels :
       selected_labels(call.api, wanted_selectors(call), call.parameters.range())) {
    const std::string_view value = labels.get(name);
    if (!value.empty() && values.find(value) == values.end()) values.emplace(value);
  }
  return limited_list(values, limit, append_json_string);
}

std::string answer_metadata(const RouteCall& call) {
  const std::size_t limit = call.parameters.limit();
  const std::string& wanted = call.parameters.get("metric");
  std::string data = "{";
  std::size_t written = 0;
  for (const FamilyInfo& family : call.api.store().families()) {
    if (!wanted.empty() && family.name != wanted) continue;
    if (limit > 0 && written == limit) break;
    if (written++ > 0) data += ',';
    append_json_string(data, family.name);
    data += fmt::format(":[{{\"type\":\"{}\",\"help\":", to_string(family.type));
    append_json_string(data, family.help);
    data += ",\"unit\":";
    append_json_string(data, family.unit);
    data += "}]";
  }
  return success_json(data + '}');
}

constexpr std::array kLabelsRoutes = {
    Route{"series", true, answer_series},
    Route{"labels", true, answer_labels},
    Route{"label/*/values", false, answer_label_values},
    Route{"metadata", false, answer_metadata},
};

}  // namespace

std::span<const Route> labels_routes() {
  return kLabelsRoutes;
}

}  // namespace tocsin::promapi
