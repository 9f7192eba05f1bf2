#include "harness/scenario/problems.h"

#include "harness/base/suggest.h"

namespace tocsin::scenario {

void Problems::add(Error error) {
  const SourcePos& pos = error.pos;
  if (seen_.emplace(pos.file, pos.line, pos.column, error.message).second) {
    diagnostics_.add(std::move(error));
  }
}

void Problems::add(const YamlNode& at, std::string message, std::string hint) {
  Error error = at.error(std::move(message));
  if (!hint.empty()) error.hints.push_back(std::move(hint));
  add(std::move(error));
}

void Problems::unknown(const YamlNode& at, std::string message, std::string_view name,
                       std::span<const std::string> known) {
  add(at, std::move(message), unknown_name_hint(name, known));
}

void Problems::add_parse_error(const YamlNode& at, Error error) {
  if (error.pos.line > 0 || error.pos.column > 0) {
    add(at.error_within(std::move(error)));
    return;
  }
  Error placed = at.error(std::move(error.message));
  placed.hints = std::move(error.hints);
  add(std::move(placed));
}

}  // namespace tocsin::scenario
