#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tocsin::receivers {

/// The parameters of a query or of a body of type application/x-www-form-urlencoded; of a name that
/// comes twice the first.
std::map<std::string, std::string> form_values(std::string_view form);

}  // namespace tocsin::receivers
