#pragma once

#include <string_view>

namespace tocsin::promql {

/// Numbers within texts compare by value: "host2" before "host10".
bool natural_less(std::string_view a, std::string_view b);

}  // namespace tocsin::promql
