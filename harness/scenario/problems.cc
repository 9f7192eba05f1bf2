#include "harness/scenario/problems.h"

#include <algorithm>

#include "harness/base/suggest.h"

namespace tocsin::scenario {

void Problems::add(Error error) {
  const SourcePos& pos = error.pos;
  if (seen_.emplace(pos.file, pos.line, pos.column, error.message).second) {
    diagnostics_.add(std::move(error));
  }
}

void Problems::add(const yaml::Node& at, std::string message, std::string hint) {
  Error error = at.error(std::move(message));
  if (!hint.empty()) error.hints.push_back(std::move(hint));
  add(std::move(error));
}

void Problems::unknown(const yaml::Node& at, std::string message, std::string_view name,
                       std::span<const std::string> known) {
  add(at, std::move(message), unknown_name_hint(name, known));
}

namespace {

/// `{value: min(1, x)}`: in braces and brackets a comma ends a text without quotes.
bool cut_at_comma(const yaml::Node& node) {
  const auto count = [&](char c) { return std::count(node.text.begin(), node.text.end(), c); };
  if (!node.plain || (count('(') <= count(')') && count('{') <= count('}'))) return false;
  const std::string_view source = node.source->text();
  const std::size_t end = node.places().source_offset(node.text.size());
  const std::size_t next = source.find_first_not_of(" \t", end);
  return next != std::string_view::npos && source[next] == ',';
}

}  // namespace

void Problems::add_parse_error(const yaml::Node& at, Error error) {
  if (cut_at_comma(at)) {
    error.hints = {"within {…} and […] a comma ends a text that has no quotes"};
  }
  if (error.pos.line > 0 || error.pos.column > 0) {
    add(at.error_within(std::move(error)));
    return;
  }
  Error placed = at.error(std::move(error.message));
  placed.hints = std::move(error.hints);
  placed.context = std::move(error.context);
  add(std::move(placed));
}

}  // namespace tocsin::scenario
