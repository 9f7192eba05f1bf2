#pragma once

#include <functional>
#include <string>

#include "harness/routetest/case_reader.h"

namespace tocsin::routetest {

/// Holds an answer of the API against `count`, `equals` and `unordered` of a check. `resolve`
/// replaces what stands for a silence's id.
void check_answer(const yaml::Node& check, const std::string& target, const std::string& body,
                  const std::function<std::string(const std::string&)>& resolve,
                  CaseBuilder& result);

}  // namespace tocsin::routetest
