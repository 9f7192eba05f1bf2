#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::check {

/// The exported metric that a name most likely means: by edit distance, or by the words that it is
/// made of (`http_requests_total` for `vcf_agent_requests_total`). Empty when none is near.
std::string nearest_metric(std::string_view name, std::span<const std::string> known);

/// "a, b and 3 more".
std::string listed(const std::vector<std::string>& names, std::size_t most = 5);

}  // namespace tocsin::check
