#pragma once

#include <memory>

#include "harness/ruletest/fields.h"
#include "harness/ruletest/inputs.h"

namespace tocsin::ruletest {

/// The input_series of a test: promtool puts them together to a text of lines and reads that, which
/// shows where a scalar holds line breaks: a blank line ends the list. `warnings` says where that
/// loses series.
std::shared_ptr<const Inputs> read_inputs(const yaml::Node& test, Timestamp start,
                                          Duration interval, Fields& fields,
                                          std::vector<Error>& warnings);

}  // namespace tocsin::ruletest
