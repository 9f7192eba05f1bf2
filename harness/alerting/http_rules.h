#pragma once

#include "harness/base/error.h"
#include "harness/yaml/node.h"

namespace tocsin::alerting {

/// What an http_config and a tls_config may not hold together.
void check_http_config(const yaml::Node& http, Diagnostics& diagnostics);
void check_tls_config(const yaml::Node& tls, Diagnostics& diagnostics);

}  // namespace tocsin::alerting
