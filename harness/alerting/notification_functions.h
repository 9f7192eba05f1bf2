#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/rules/template_functions.h"

namespace tocsin::alerting {

/// What the functions below look at: executions with them must have data of this type.
struct NotificationTemplateData : rules::TemplateData {
  std::function<Result<std::string>(std::string_view name)> route_label;
};

/// What Alertmanager's templates may call: Go's own functions and Alertmanager's.
rules::templates::FunctionTable notification_functions();
/// Go's own alone: what Alertmanager knows when it looks whether a URL is a template.
rules::templates::FunctionTable go_functions();

}  // namespace tocsin::alerting
