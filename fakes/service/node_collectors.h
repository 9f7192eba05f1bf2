#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/metrics/exposition.h"

/// node_exporter's collectors, as far as clients see them: /metrics?collect[]=cpu asks for the
/// metrics of one alone.

namespace tocsin::fakes {

/// The collectors that a query asks for; none: all of them. The error is what the real exporter
/// answers, with status 400.
Result<std::set<std::string>> wanted_collectors(std::string_view query);

/// The collector whose metric a family is: what no other one has, a textfile brought. Empty for
/// those that every page has.
std::string_view collector_of(std::string_view family);

/// Leaves what the collectors give, and what every page has.
void keep_collectors(const std::set<std::string>& wanted,
                     std::vector<metrics::FamilySamples>& page);

}  // namespace tocsin::fakes
