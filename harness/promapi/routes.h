#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "harness/promapi/api.h"
#include "harness/promapi/parameters.h"

/// Private to the room: what a path of the API answers.

namespace tocsin::promapi {

struct RouteCall {
  const Api& api;
  const http::Request& request;
  const Parameters& parameters;
  Duration waited{0};
  const std::atomic<bool>* abandoned = nullptr;
  std::string name = {};  ///< what stands for the "*" of the path
};

struct Route {
  std::string_view path;  ///< one "*" stands for one part
  bool post = false;      ///< GET always
  /// The whole body; throws ApiFailure.
  std::string (*answer)(const RouteCall&) = nullptr;
  bool long_running = true;
};

std::span<const Route> query_routes();
std::span<const Route> labels_routes();
std::span<const Route> rule_routes();
std::span<const Route> status_routes();

/// The limits of one query: those of the server, or tighter ones of the request.
promql::QueryOptions query_options(const Api& api, const Parameters& parameters, Duration waited);

}  // namespace tocsin::promapi
