#include "harness/alerting/schemas.h"

/// The keys of Alertmanager 0.34's configuration: one table a mapping.

namespace tocsin::alerting {
namespace {

using enum ValueType;

/// A schema out of several groups of keys.
Schema joined(std::string_view what, std::initializer_list<std::vector<Key>> groups) {
  Schema schema{what, {}};
  for (const std::vector<Key>& group : groups) {
    schema.keys.insert(schema.keys.end(), group.begin(), group.end());
  }
  return schema;
}

// --- how requests are made ---

const Schema kTlsConfig = {"tls_config",
                           {{"ca"},
                            {"cert"},
                            {"key", kSecret},
                            {"ca_file"},
                            {"cert_file"},
                            {"key_file"},
                            {"ca_ref"},
                            {"cert_ref"},
                            {"key_ref"},
                            {"server_name"},
                            {"insecure_skip_verify", kBool},
                            {"min_version"},
                            {"max_version"}}};

const std::vector<Key> kProxyKeys = {{"proxy_url", kAnyUrl},
                                     {"no_proxy"},
                                     {"proxy_from_environment", kBool},
                                     {"proxy_connect_header", kTextsMap}};

const Schema kBasicAuth = {"basic_auth",
                           {{"username"},
                            {"username_file"},
                            {"username_ref"},
                            {"password", kSecret},
                            {"password_file"},
                            {"password_ref"}}};

const Schema kAuthorization = {
    "authorization",
    {{"type"}, {"credentials", kSecret}, {"credentials_file"}, {"credentials_ref"}}};

const Schema kOauth2 = joined("oauth2", {{{"client_id"},
                                          {"client_secret", kSecret},
                                          {"client_secret_file"},
                                          {"client_secret_ref"},
                                          {"client_certificate_key_id"},
                                          {"client_certificate_key", kSecret},
                                          {"client_certificate_key_file"},
                                          {"client_certificate_key_ref"},
                                          {"grant_type"},
                                          {"signature_algorithm"},
                                          {"iss"},
                                          {"audience"},
                                          {"claims", kAnyMap},
                                          {"scopes", kTexts},
                                          {"token_url"},
                                          {"endpoint_params", kTextMap},
                                          {"tls_config", kMap, &kTlsConfig}},
                                         kProxyKeys});

const Schema kHttpHeader = {"a header of http_headers",
                            {{"values", kTexts}, {"secrets", kTexts}, {"files", kTexts}}};

const Schema kHttpConfig = joined("http_config", {{{"basic_auth", kMap, &kBasicAuth},
                                                   {"authorization", kMap, &kAuthorization},
                                                   {"oauth2", kMap, &kOauth2},
                                                   {"bearer_token", kSecret},
                                                   {"bearer_token_file"},
                                                   {"tls_config", kMap, &kTlsConfig},
                                                   {"follow_redirects", kBool},
                                                   {"enable_http2", kBool},
                                                   {"http_headers", kMapMap, &kHttpHeader}},
                                                  kProxyKeys});

/// What every integration over HTTP has.
const std::vector<Key> kHttpNotifier = {{"send_resolved", kBool},
                                        {"http_config", kMap, &kHttpConfig}};

// --- integrations ---

const Schema kWebhook = joined("webhook_configs", {kHttpNotifier,
                                                   {{"url", kTemplateUrl},
                                                    {"url_file"},
                                                    {"max_alerts", kCount},
                                                    {"timeout", kGoDuration},
                                                    {"payload", kAny}}});

const Schema kThreading = {"threading", {{"enabled", kBool}, {"thread_by_date"}}};

const Schema kEmail = {"email_configs",
                       {{"send_resolved", kBool},
                        {"to"},
                        {"from"},
                        {"hello"},
                        {"smarthost", kHostPort},
                        {"auth_username"},
                        {"auth_password", kSecret},
                        {"auth_password_file"},
                        {"auth_secret", kSecret},
                        {"auth_secret_file"},
                        {"auth_identity"},
                        {"headers", kTextMap},
                        {"html"},
                        {"text"},
                        {"require_tls", kBool},
                        {"tls_config", kMap, &kTlsConfig},
                        {"force_implicit_tls", kBool},
                        {"threading", kMap, &kThreading}}};

const Schema kSlackConfirm = {"confirm", {{"text"}, {"title"}, {"ok_text"}, {"dismiss_text"}}};
const Schema kSlackAction = {"actions",
                             {{"type"},
                              {"text"},
                              {"url"},
                              {"style"},
                              {"name"},
                              {"value"},
                              {"confirm", kMap, &kSlackConfirm}}};
const Schema kTitledField = {"fields", {{"title"}, {"value"}, {"short", kBool}}};

const Schema kSlack = joined("slack_configs", {kHttpNotifier,
                                               {{"api_url", kSecretUrl},
                                                {"api_url_file"},
                                                {"app_token", kSecret},
                                                {"app_token_file"},
                                                {"app_url", kUrl},
                                                {"channel"},
                                                {"username"},
                                                {"color"},
                                                {"title"},
                                                {"title_link"},
                                                {"pretext"},
                                                {"text"},
                                                {"message_text"},
                                                {"fields", kMaps, &kTitledField},
                                                {"short_fields", kBool},
                                                {"footer"},
                                                {"fallback"},
                                                {"callback_id"},
                                                {"icon_emoji"},
                                                {"icon_url"},
                                                {"image_url"},
                                                {"thumb_url"},
                                                {"link_names", kBool},
                                                {"mrkdwn_in", kTexts},
                                                {"actions", kMaps, &kSlackAction},
                                                {"update_message", kBool},
                                                {"timeout", kGoDuration}}});

const Schema kPagerdutyLink = {"links", {{"href"}, {"text"}}};
const Schema kPagerdutyImage = {"images", {{"src"}, {"alt"}, {"href"}}};

const Schema kPagerduty = joined("pagerduty_configs", {kHttpNotifier,
                                                       {{"service_key", kSecret},
                                                        {"service_key_file"},
                                                        {"routing_key", kSecret},
                                                        {"routing_key_file"},
                                                        {"url", kUrl},
                                                        {"client"},
                                                        {"client_url"},
                                                        {"description"},
                                                        {"details", kAnyMap},
                                                        {"images", kMaps, &kPagerdutyImage},
                                                        {"links", kMaps, &kPagerdutyLink},
                                                        {"source"},
                                                        {"severity"},
                                                        {"class"},
                                                        {"component"},
                                                        {"group"},
                                                        {"timeout", kGoDuration}}});

const Schema kOpsgenieResponder = {"responders", {{"id"}, {"name"}, {"username"}, {"type"}}};

const Schema kOpsgenie = joined("opsgenie_configs", {kHttpNotifier,
                                                     {{"api_key", kSecret},
                                                      {"api_key_file"},
                                                      {"api_url", kUrl},
                                                      {"message"},
                                                      {"description"},
                                                      {"source"},
                                                      {"details", kTextMap},
                                                      {"entity"},
                                                      {"responders", kMaps, &kOpsgenieResponder},
                                                      {"actions"},
                                                      {"tags"},
                                                      {"note"},
                                                      {"priority"},
                                                      {"update_alerts", kBool}}});

const std::vector<Key> kWebhookUrl = {{"webhook_url", kSecretUrl}, {"webhook_url_file"}};

const Schema kMsTeams =
    joined("msteams_configs", {kHttpNotifier, kWebhookUrl, {{"title"}, {"summary"}, {"text"}}});
const Schema kMsTeamsV2 =
    joined("msteamsv2_configs", {kHttpNotifier, kWebhookUrl, {{"title"}, {"text"}}});

const Schema kDiscord = joined(
    "discord_configs", {kHttpNotifier,
                        kWebhookUrl,
                        {{"content"}, {"title"}, {"message"}, {"username"}, {"avatar_url"}}});

const Schema kIncidentio = joined("incidentio_configs", {kHttpNotifier,
                                                         {{"url", kUrl},
                                                          {"url_file"},
                                                          {"alert_source_token", kSecret},
                                                          {"alert_source_token_file"},
                                                          {"max_alerts", kCount},
                                                          {"timeout", kGoDuration}}});

const Schema kWechat = joined("wechat_configs", {kHttpNotifier,
                                                 {{"api_secret", kSecret},
                                                  {"api_secret_file"},
                                                  {"corp_id"},
                                                  {"message"},
                                                  {"api_url", kUrl},
                                                  {"to_user"},
                                                  {"to_party"},
                                                  {"to_tag"},
                                                  {"agent_id"},
                                                  {"message_type"}}});

const Schema kPushover = joined("pushover_configs", {kHttpNotifier,
                                                     {{"user_key", kSecret},
                                                      {"user_key_file"},
                                                      {"token", kSecret},
                                                      {"token_file"},
                                                      {"title"},
                                                      {"message"},
                                                      {"url"},
                                                      {"url_title"},
                                                      {"device"},
                                                      {"sound"},
                                                      {"priority"},
                                                      {"retry", kGoDurationText},
                                                      {"expire", kGoDurationText},
                                                      {"ttl", kGoDurationText},
                                                      {"html", kBool},
                                                      {"monospace", kBool}}});

const Schema kVictorops = joined("victorops_configs", {kHttpNotifier,
                                                       {{"api_key", kSecret},
                                                        {"api_key_file"},
                                                        {"api_url", kUrl},
                                                        {"routing_key"},
                                                        {"message_type"},
                                                        {"state_message"},
                                                        {"entity_display_name"},
                                                        {"monitoring_tool"},
                                                        {"custom_fields", kTextMap}}});

const Schema kSigv4 = {"sigv4",
                       {{"region"},
                        {"access_key"},
                        {"secret_key", kSecret},
                        {"profile"},
                        {"role_arn"},
                        {"external_id"},
                        {"use_fips_sts_endpoint", kBool},
                        {"service_name"}}};

const Schema kSns = joined("sns_configs", {kHttpNotifier,
                                           {{"api_url"},
                                            {"sigv4", kMap, &kSigv4},
                                            {"topic_arn"},
                                            {"phone_number"},
                                            {"target_arn"},
                                            {"subject"},
                                            {"message"},
                                            {"attributes", kTextMap},
                                            {"use_aws_http_client", kBool}}});

const Schema kTelegram = joined("telegram_configs", {kHttpNotifier,
                                                     {{"api_url", kUrl},
                                                      {"bot_token", kSecret},
                                                      {"bot_token_file"},
                                                      {"chat_id", kInteger},
                                                      {"chat_id_file"},
                                                      {"message_thread_id", kInteger},
                                                      {"message"},
                                                      {"disable_notifications", kBool},
                                                      {"parse_mode"}}});

const Schema kWebex =
    joined("webex_configs", {kHttpNotifier, {{"api_url", kUrl}, {"message"}, {"room_id"}}});

const Schema kJiraField = {"a field of jira_configs", {{"template"}, {"enable_update", kBool}}};
const Schema kJira = joined("jira_configs", {kHttpNotifier,
                                             {{"api_url", kUrl},
                                              {"api_type"},
                                              {"project"},
                                              {"summary", kTextOrMap, &kJiraField},
                                              {"description", kTextOrMap, &kJiraField},
                                              {"labels", kTexts},
                                              {"priority"},
                                              {"issue_type"},
                                              {"reopen_transition"},
                                              {"resolve_transition"},
                                              {"wont_fix_resolution"},
                                              {"reopen_duration", kDuration},
                                              {"fields", kAnyMap}}});

/// Rocket.Chat's have no names of their own in YAML: Go's are taken, in lower case.
const Schema kRocketchatAction = {"actions",
                                  {{"type"},
                                   {"text"},
                                   {"url"},
                                   {"imageurl"},
                                   {"iswebview", kBool},
                                   {"webviewheightratio"},
                                   {"msg"},
                                   {"msginchatwindow", kBool},
                                   {"msgprocessingtype"}}};
const Schema kRocketchat = joined("rocketchat_configs", {kHttpNotifier,
                                                         {{"api_url", kUrl},
                                                          {"token_id", kSecret},
                                                          {"token_id_file"},
                                                          {"token", kSecret},
                                                          {"token_file"},
                                                          {"channel"},
                                                          {"color"},
                                                          {"title"},
                                                          {"title_link"},
                                                          {"text"},
                                                          {"fields", kMaps, &kTitledField},
                                                          {"short_fields", kBool},
                                                          {"emoji"},
                                                          {"icon_url"},
                                                          {"image_url"},
                                                          {"thumb_url"},
                                                          {"link_names", kBool},
                                                          {"actions", kMaps, &kRocketchatAction}}});

const std::vector<Key> kMattermostLook = {{"fallback"},    {"color"},
                                          {"pretext"},     {"text"},
                                          {"author_name"}, {"author_link"},
                                          {"author_icon"}, {"title"},
                                          {"title_link"},  {"fields", kMaps, &kTitledField},
                                          {"thumb_url"},   {"footer"},
                                          {"footer_icon"}, {"image_url"}};
const Schema kMattermostAttachment = joined("attachments", {kMattermostLook});
const Schema kMattermostProps = {"props", {{"card"}}};
const Schema kMattermostPriority = {
    "priority", {{"priority"}, {"requested_ack", kBool}, {"persistent_notifications", kBool}}};
const Schema kMattermost =
    joined("mattermost_configs", {kHttpNotifier,
                                  kWebhookUrl,
                                  kMattermostLook,
                                  {{"channel"},
                                   {"username"},
                                   {"icon_url"},
                                   {"icon_emoji"},
                                   {"attachments", kMaps, &kMattermostAttachment},
                                   {"type"},
                                   {"props", kMap, &kMattermostProps},
                                   {"priority", kMap, &kMattermostPriority}}});

const Schema kReceiver = {"a receiver",
                          {{"name"},
                           {"labels", kTextMap},
                           {"discord_configs", kMaps, &kDiscord},
                           {"email_configs", kMaps, &kEmail},
                           {"incidentio_configs", kMaps, &kIncidentio},
                           {"pagerduty_configs", kMaps, &kPagerduty},
                           {"slack_configs", kMaps, &kSlack},
                           {"webhook_configs", kMaps, &kWebhook},
                           {"opsgenie_configs", kMaps, &kOpsgenie},
                           {"wechat_configs", kMaps, &kWechat},
                           {"pushover_configs", kMaps, &kPushover},
                           {"victorops_configs", kMaps, &kVictorops},
                           {"sns_configs", kMaps, &kSns},
                           {"telegram_configs", kMaps, &kTelegram},
                           {"webex_configs", kMaps, &kWebex},
                           {"msteams_configs", kMaps, &kMsTeams},
                           {"msteamsv2_configs", kMaps, &kMsTeamsV2},
                           {"jira_configs", kMaps, &kJira},
                           {"rocketchat_configs", kMaps, &kRocketchat},
                           {"mattermost_configs", kMaps, &kMattermost}}};

// --- the rest ---

const Schema kGlobal = {"global",
                        {{"resolve_timeout", kDuration},
                         {"http_config", kMap, &kHttpConfig},
                         {"jira_api_url", kUrl},
                         {"smtp_from"},
                         {"smtp_hello"},
                         {"smtp_smarthost", kHostPort},
                         {"smtp_auth_username"},
                         {"smtp_auth_password", kSecret},
                         {"smtp_auth_password_file"},
                         {"smtp_auth_secret", kSecret},
                         {"smtp_auth_secret_file"},
                         {"smtp_auth_identity"},
                         {"smtp_require_tls", kBool},
                         {"smtp_tls_config", kMap, &kTlsConfig},
                         {"smtp_force_implicit_tls", kBool},
                         {"slack_api_url", kSecretUrl},
                         {"slack_api_url_file"},
                         {"slack_app_token", kSecret},
                         {"slack_app_token_file"},
                         {"slack_app_url", kUrl},
                         {"pagerduty_url", kUrl},
                         {"opsgenie_api_url", kUrl},
                         {"opsgenie_api_key", kSecret},
                         {"opsgenie_api_key_file"},
                         {"wechat_api_url", kUrl},
                         {"wechat_api_secret", kSecret},
                         {"wechat_api_secret_file"},
                         {"wechat_api_corp_id"},
                         {"victorops_api_url", kUrl},
                         {"victorops_api_key", kSecret},
                         {"victorops_api_key_file"},
                         {"telegram_api_url", kUrl},
                         {"telegram_bot_token", kSecret},
                         {"telegram_bot_token_file"},
                         {"webex_api_url", kUrl},
                         {"rocketchat_api_url", kUrl},
                         {"rocketchat_token", kSecret},
                         {"rocketchat_token_file"},
                         {"rocketchat_token_id", kSecret},
                         {"rocketchat_token_id_file"},
                         {"mattermost_webhook_url", kSecretUrl},
                         {"mattermost_webhook_url_file"}}};

Schema route_schema();

/// A route holds routes.
const Schema& route() {
  static Schema schema = route_schema();
  if (schema.keys.back().schema == nullptr) schema.keys.back().schema = &schema;
  return schema;
}

Schema route_schema() {
  return {"a route",
          {{"receiver"},
           {"group_by", kTexts},
           {"match", kTextMap},
           {"match_re", kRegexMap},
           {"matchers", kMatchers},
           {"mute_time_intervals", kTexts},
           {"active_time_intervals", kTexts},
           {"continue", kBool},
           {"group_wait", kDuration},
           {"group_interval", kDuration},
           {"repeat_interval", kDuration},
           {"labels", kTextMap},
           {"routes", kMaps, nullptr}}};
}

const Schema kInhibitRule = {"an inhibit rule",
                             {{"name"},
                              {"source_match", kTextMap},
                              {"source_match_re", kRegexMap},
                              {"source_matchers", kMatchers},
                              {"target_match", kTextMap},
                              {"target_match_re", kRegexMap},
                              {"target_matchers", kMatchers},
                              {"equal", kTexts}}};

const Schema kTimeRange = {"times", {{"start_time"}, {"end_time"}}};
const Schema kTimeInterval = {"a time interval",
                              {{"times", kMaps, &kTimeRange},
                               {"weekdays", kTexts},
                               {"days_of_month", kTexts},
                               {"months", kTexts},
                               {"years", kTexts},
                               {"location"}}};
const Schema kNamedIntervals = {"time_intervals",
                                {{"name"}, {"time_intervals", kMaps, &kTimeInterval}}};

const Schema kTracing = {"tracing",
                         {{"client_type"},
                          {"endpoint"},
                          {"sampling_fraction", kNumber},
                          {"insecure", kBool},
                          {"tls_config", kMap, &kTlsConfig},
                          {"headers", kAnyMap},
                          {"compression"},
                          {"timeout", kDuration}}};

const Schema kEventFile = {"file_outputs", {{"path"}}};
const Schema kEventWebhook = {"webhook_outputs",
                              {{"url", kSecretUrl},
                               {"http_config", kMap, &kHttpConfig},
                               {"timeout", kDuration},
                               {"workers", kInteger},
                               {"max_retries", kInteger},
                               {"retry_backoff", kDuration},
                               {"batch", kBool},
                               {"batch_max_events", kInteger},
                               {"batch_max_bytes", kInteger},
                               {"batch_flush_interval", kDuration}}};
const Schema kEventKafka = {"kafka_outputs",
                            {{"brokers", kTexts},
                             {"topic"},
                             {"client_id"},
                             {"format"},
                             {"acks"},
                             {"compression"},
                             {"buffer_size", kInteger},
                             {"tls_config", kMap, &kTlsConfig}}};
const Schema kEventStdout = {"stdout_outputs", {}};
const Schema kEventRecorder = {"event_recorder",
                               {{"file_outputs", kMaps, &kEventFile},
                                {"webhook_outputs", kMaps, &kEventWebhook},
                                {"kafka_outputs", kMaps, &kEventKafka},
                                {"stdout_outputs", kMaps, &kEventStdout}}};

}  // namespace

const Schema& time_interval_schema() {
  return kTimeInterval;
}

const Schema& config_schema() {
  static const Schema schema = {"an Alertmanager configuration",
                                {{"global", kMap, &kGlobal},
                                 {"route", kMap, &route()},
                                 {"inhibit_rules", kMaps, &kInhibitRule},
                                 {"receivers", kMaps, &kReceiver},
                                 {"templates", kTexts},
                                 {"mute_time_intervals", kMaps, &kNamedIntervals},
                                 {"time_intervals", kMaps, &kNamedIntervals},
                                 {"tracing", kMap, &kTracing},
                                 {"event_recorder", kMap, &kEventRecorder}}};
  return schema;
}

}  // namespace tocsin::alerting
