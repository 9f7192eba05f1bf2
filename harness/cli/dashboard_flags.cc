#include "harness/cli/dashboard_flags.h"

#include <CLI/CLI.hpp>

#include "harness/cli/flags.h"
#include "harness/http/url.h"

namespace tocsin::cli {
namespace {

void add_name_list(CLI::App& command, const std::string& flag, std::vector<std::string>& names,
                   const std::string& what) {
  command.add_option(flag, names, what)->allow_extra_args(false)->type_name("NAME");
}

}  // namespace

void add_dashboard_options(CLI::App& command, DashboardFlags& flags) {
  command
      .add_option("--grafana", flags.grafana,
                  "Live: this Grafana must be well, and a Prometheus of its datasources, too")
      ->type_name("URL");
  command
      .add_option("--grafana-token-file", flags.grafana_token_file,
                  "With --grafana: send the token in this file")
      ->type_name("FILE");
  add_name_list(command, "--grafana-datasource", flags.grafana_datasources,
                "With --grafana: this datasource must work; may be repeated");
  add_name_list(command, "--grafana-dashboard", flags.grafana_dashboards,
                "With --grafana: a dashboard of this title or uid must be there; may be repeated");
  command.add_option("--jaeger", flags.jaeger, "Live: this Jaeger must be well")->type_name("URL");
  add_name_list(command, "--jaeger-service", flags.jaeger_services,
                "With --jaeger: this service must have sent traces by the end; may be repeated");
}

const char* given_dashboard_flag(const DashboardFlags& flags) {
  if (!flags.grafana.empty()) return "--grafana";
  if (!flags.grafana_token_file.empty()) return "--grafana-token-file";
  if (!flags.grafana_datasources.empty()) return "--grafana-datasource";
  if (!flags.grafana_dashboards.empty()) return "--grafana-dashboard";
  if (!flags.jaeger.empty()) return "--jaeger";
  return flags.jaeger_services.empty() ? nullptr : "--jaeger-service";
}

Result<run::DashboardOptions> dashboards_of(const DashboardFlags& flags) {
  run::DashboardOptions options;
  const bool of_grafana = !flags.grafana_token_file.empty() || !flags.grafana_datasources.empty() ||
                          !flags.grafana_dashboards.empty();
  if (flags.grafana.empty() && of_grafana) {
    return input_error({}, std::string(given_dashboard_flag(flags)) + " needs --grafana");
  }
  if (flags.jaeger.empty() && !flags.jaeger_services.empty()) {
    return input_error({}, "--jaeger-service needs --jaeger");
  }
  if (!flags.grafana.empty()) {
    http::Headers headers;
    if (!flags.grafana_token_file.empty()) {
      TRY(const std::string bearer, bearer_of("--grafana-token-file", flags.grafana_token_file));
      headers.set("Authorization", bearer);
    }
    TRY(options.grafana, api_options("--grafana", "Grafana", flags.grafana, headers));
    options.grafana_wishes.datasources = flags.grafana_datasources;
    options.grafana_wishes.dashboards = flags.grafana_dashboards;
  }
  if (!flags.jaeger.empty()) {
    TRY(options.jaeger, api_options("--jaeger", "Jaeger", flags.jaeger, {}));
    options.jaeger_services = flags.jaeger_services;
  }
  return options;
}

}  // namespace tocsin::cli
