#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/http/message.h"
#include "harness/metrics/exposition.h"

namespace tocsin::fakes {

/// What the HTTP servers of real exporters do beyond their metrics. The fakes that stand for none
/// answer as a well-kept server would.
struct ExporterManners {
  /// Go's server and client library: paths are cleaned by a redirect, any other path than the
  /// metrics' gets the landing page, any method is as good as GET, and OpenMetrics is never spoken,
  /// whatever Accept says.
  bool go = false;
  /// Python's client library: OpenMetrics 0.0.1 with start times, and no compression.
  bool python = false;
  bool filters_collectors = false;  ///< node_exporter's collect[]
  bool scrapes_targets = false;     ///< redis_exporter's /health and /scrape?target=
  std::string_view title = {};      ///< of the landing page
};
ExporterManners manners_of(std::string_view kind);

std::string landing_page(const ExporterManners& manners, std::string_view metrics_path);

/// What Go's server says to a path that is not clean ("//metrics", "/a/../metrics"): where to look.
std::optional<http::Response> redirect_to_clean_path(const http::Request& request);

/// Whether a page of metrics answers a request: at the metrics path, and at redis_exporter's
/// /scrape.
bool asks_for_metrics(const ExporterManners& manners, const http::Request& request,
                      std::string_view metrics_path);
/// What a request for metrics is refused with, because of its query.
std::optional<http::Response> refusal(const ExporterManners& manners, const http::Request& request,
                                      std::string_view metrics_path);
/// Leaves of the whole page what the request asks for.
void cut_page(const ExporterManners& manners, const http::Request& request,
              std::string_view metrics_path, std::vector<metrics::FamilySamples>& page);

/// Whether the page is to be compressed. Go's client library knows "gzip" and "gzip;…", in lower
/// case, with whatever q.
bool wants_gzip(const ExporterManners& manners, const http::Request& request);

/// "x_created" families as OpenMetrics has them: samples of the family that they belong to.
void fold_created(std::vector<metrics::FamilySamples>& page);

}  // namespace tocsin::fakes
