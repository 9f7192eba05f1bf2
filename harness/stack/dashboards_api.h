#pragma once

#include <string>
#include <vector>

#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/stack/http_api.h"

/// Whether those through which humans look at a system are well: Grafana and Jaeger, by their APIs.

namespace tocsin::stack {

/// One thing that was looked at.
struct ApiCheck {
  std::string what;   ///< "GET /api/health", "datasource Prometheus", "service shop"
  std::string error;  ///< why it is not well; empty: it is
};

struct GrafanaWishes {
  /// Names or uids, each of which must be there and work; none: at least one of type prometheus.
  std::vector<std::string> datasources;
  std::vector<std::string> dashboards;  ///< titles or uids
};

/// GET /api/health says that the database is ok; the datasources answer their own health check; the
/// dashboards are found. What needs a login says so.
net::Task<std::vector<ApiCheck>> check_grafana(net::Loop& loop, ApiOptions options,
                                               GrafanaWishes wishes);

/// GET / shows the page, GET /api/services lists these services.
net::Task<std::vector<ApiCheck>> check_jaeger(net::Loop& loop, ApiOptions options,
                                              std::vector<std::string> services);

}  // namespace tocsin::stack
