#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/receivers/trouble.h"

/// Which path is whose.

namespace tocsin::receivers {

struct PathTarget {
  IntegrationId id;
  std::vector<std::string> rest;  ///< segments that the sender added, decoded
};

/// "/on-call%20team/0/slack".
std::string path_of(const IntegrationId& id);

/// None when the path is nobody's: another shape, or a kind that is not spoken here.
std::optional<PathTarget> parse_path(std::string_view path);

/// The segments of a path, decoded; empty ones are left out.
std::vector<std::string> path_segments(std::string_view path);

/// The reverse of percent-encoding; what is no such encoding stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace tocsin::receivers
