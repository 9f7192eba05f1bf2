#include "harness/alerting/payload.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "harness/alerting/payload_writer.h"
#include "harness/alerting/schema.h"
#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/yaml/parse.h"

namespace tocsin::alerting {
namespace {

constexpr std::size_t kLargestSecret = 1 << 16;

void append_go_json(std::string& out, const PayloadJson& json) {
  if (json.is_string()) {
    out += go_json_text(json.get_ref<const std::string&>());
  } else if (json.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (i > 0) out += ',';
      append_go_json(out, json[i]);
    }
    out += ']';
  } else if (json.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : json.items()) {
      if (!first) out += ',';
      first = false;
      out += go_json_text(key) + ':';
      append_go_json(out, value);
    }
    out += '}';
  } else {
    out += json.dump();
  }
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63U];
    }
  }
  return out;
}

bool is_one(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// A plain scalar as YAML 1.1 takes it.
PayloadJson typed_scalar(const yaml::Node& node) {
  const std::string& text = node.text;
  if (!node.plain) return text;
  if (is_one(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (is_one(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})) {
    return true;
  }
  if (is_one(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})) {
    return false;
  }
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  const auto integer = std::from_chars(text.data(), end, whole);
  if (integer.ec == std::errc() && integer.ptr == end) return whole;
  double number = 0;
  const auto real = std::from_chars(text.data(), end, number);
  if (real.ec == std::errc() && real.ptr == end && std::isfinite(number) &&
      std::isdigit(static_cast<unsigned char>(text.back())) != 0) {
    return number;
  }
  return text;
}

/// Names of mappings are sorted, as Go's encoder has them.
PayloadJson json_of(const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Node::Kind::kNull:
      return nullptr;
    case yaml::Node::Kind::kScalar:
      return typed_scalar(node);
    case yaml::Node::Kind::kList: {
      PayloadJson json = PayloadJson::array();
      for (const yaml::NodePtr& item : node.items) json.push_back(json_of(*item));
      return json;
    }
    case yaml::Node::Kind::kMap:
      break;
  }
  std::map<std::string, PayloadJson> sorted;
  for (const auto& [key, value] : node.entries) {
    if (key->is_scalar()) sorted[key->text] = json_of(*value);
  }
  PayloadJson json = PayloadJson::object();
  for (auto& [key, value] : sorted) json[key] = std::move(value);
  return json;
}

/// As it is written in a URL's path.
bool stands_in_paths(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || std::string_view("-_.~$&+,/:;=@").find(c) != std::string::npos;
}

std::string trimmed_secret(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

using Render = HttpExchange (*)(PayloadWriter&);

Render renderer_of(std::string_view kind) {
  static const std::map<std::string_view, Render> renderers = {
      {"discord", discord_payload},   {"incidentio", incidentio_payload},
      {"jira", jira_payload},         {"mattermost", mattermost_payload},
      {"msteams", msteams_payload},   {"msteamsv2", msteamsv2_payload},
      {"opsgenie", opsgenie_payload}, {"pagerduty", pagerduty_payload},
      {"pushover", pushover_payload}, {"rocketchat", rocketchat_payload},
      {"slack", slack_payload},       {"sns", sns_payload},
      {"telegram", telegram_payload}, {"victorops", victorops_payload},
      {"webex", webex_payload},       {"webhook", webhook_payload},
      {"wechat", wechat_payload}};
  const auto it = renderers.find(kind);
  return it == renderers.end() ? nullptr : it->second;
}

}  // namespace

std::string go_json(const PayloadJson& json) {
  std::string out;
  append_go_json(out, json);
  return out + '\n';
}

std::string cut_to(const std::string& text, std::size_t characters) {
  const std::vector<std::string_view> all = utf8_characters(text);
  if (all.size() <= characters) return text;
  std::string out;
  for (std::size_t i = 0; i + 1 < characters; ++i) out += all[i];
  return out + "…";
}

void put_if(PayloadJson& json, const char* key, std::string value) {
  if (!value.empty()) json[key] = std::move(value);
}

std::string template_call(std::string_view name) {
  return "{{ template \"" + std::string(name) + "\" . }}";
}

std::string joined_url(std::string_view base, std::string_view more) {
  std::string_view query = base.substr(std::min(base.find_first_of("?#"), base.size()));
  std::string url(base.substr(0, base.size() - query.size()));
  while (url.ends_with('/')) url.pop_back();
  if (!more.starts_with('/')) url += '/';
  return url.append(more).append(query);
}

std::string path_escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (stands_in_paths(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

PayloadWriter::PayloadWriter(const Notification& notification, const Integration& integration,
                             const PayloadContext& context, Timestamp now)
    : notification_(notification),
      integration_(integration),
      context_(context),
      now_(now),
      data_(message_data(notification, notification.alerts, context.external_url)) {
  if (!data_.route_labels.empty()) {
    data_.route_labels = render_route_labels(context.templates, data_, now);
  }
}

const yaml::Node* PayloadWriter::node(std::string_view key) const {
  return integration_.node ? find_value(*integration_.node, key) : nullptr;
}

void PayloadWriter::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

std::string PayloadWriter::expand(std::string_view text) {
  if (failure_) return "";
  Result<std::string> result = context_.templates.text(text, data_, now_);
  if (result.has_value()) return std::move(*result);
  fail(result.error());
  return "";
}

std::string PayloadWriter::expand_html(std::string_view text) {
  if (failure_) return "";
  Result<std::string> result = context_.templates.html(text, data_, now_);
  if (result.has_value()) return std::move(*result);
  fail(result.error());
  return "";
}

std::string PayloadWriter::setting(std::string_view key, std::string_view otherwise) {
  return expand(integration_.text(key, otherwise));
}

std::string PayloadWriter::setting_in(const yaml::Node& map, std::string_view key) {
  return expand(text_of(map, key));
}

std::string PayloadWriter::text_in(const yaml::Node* map, std::string_view key) const {
  return map == nullptr ? integration_.text(key) : text_of(*map, key);
}

std::string PayloadWriter::secret_in(const yaml::Node* map, std::string_view key) {
  std::string own = text_in(map, key);
  if (!own.empty()) return own;
  const std::string file = text_in(map, std::string(key) + "_file");
  return file.empty() ? "" : trimmed_secret(file_text(file));
}

std::string PayloadWriter::file_text(const std::string& file) {
  Result<std::string> text = read_file(file, kLargestSecret);
  if (text.has_value()) return std::move(*text);
  if (context_.missing_secret == MissingSecret::kMadeUp) return "not-here";
  fail(text.error());
  return "";
}

PayloadJson PayloadWriter::expand_typed(std::string_view text) {
  const std::string expanded = expand(text);
  Diagnostics problems;
  const yaml::ForeignDocument document = yaml::parse_foreign("", expanded, {}, problems);
  if (!problems.ok()) return expanded;
  if (document.root == nullptr) return nullptr;
  PayloadJson json = json_of(*document.root);
  return json.is_string() ? PayloadJson(expanded) : json;
}

PayloadJson PayloadWriter::expand_deep(const yaml::Node& node) {
  if (node.is_scalar()) {
    PayloadJson typed = typed_scalar(node);
    return typed.is_string() ? expand_typed(node.text) : typed;
  }
  if (node.is_list()) {
    PayloadJson json = PayloadJson::array();
    for (const yaml::NodePtr& item : node.items) json.push_back(expand_deep(*item));
    return json;
  }
  if (!node.is_map()) return nullptr;
  std::map<std::string, PayloadJson> sorted;
  for (const auto& [key, value] : node.entries) {
    // A name that YAML takes for a number or for true or false (n, on) is left out.
    if (key->is_scalar() && typed_scalar(*key).is_string()) {
      sorted[expand(key->text)] = expand_deep(*value);
    }
  }
  PayloadJson json = PayloadJson::object();
  for (auto& [key, value] : sorted) json[key] = std::move(value);
  return json;
}

HttpRequest PayloadWriter::request(std::string method, std::string url) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  add_http_headers(request);
  return request;
}

HttpRequest PayloadWriter::post(std::string url, std::string body) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"User-Agent", "Alertmanager/" + context_.version},
                     {"Content-Type", "application/json"}};
  request.body = std::move(body);
  add_http_headers(request);
  return request;
}

/// What http_config adds. Of OAuth 2 there is no token here.
void PayloadWriter::add_http_headers(HttpRequest& request) {
  const yaml::Node* http = integration_.http.get();
  if (http == nullptr) return;
  const auto authorize = [&](std::string value) {
    request.headers.emplace_back("Authorization", std::move(value));
  };
  if (const yaml::Node* basic = find_value(*http, "basic_auth")) {
    authorize("Basic " + base64(secret_in(basic, "username") + ':' + secret_in(basic, "password")));
  }
  if (const yaml::Node* authorization = find_value(*http, "authorization")) {
    const std::string type = trimmed_secret(text_of(*authorization, "type"));
    authorize((type.empty() ? "Bearer" : type) + ' ' + secret_in(authorization, "credentials"));
  }
  const std::string token = secret_in(http, "bearer_token");
  if (!token.empty()) authorize("Bearer " + token);
  const yaml::Node* own = find_value(*http, "http_headers");
  if (own == nullptr || !own->is_map()) return;
  for (const auto& [name, header] : own->entries) {
    if (!header->is_map()) continue;
    for (const char* key : {"values", "secrets"}) {
      for (const yaml::NodePtr& item : items_of(*header, key)) {
        request.headers.emplace_back(name->text, item->text);
      }
    }
    for (const yaml::NodePtr& item : items_of(*header, "files")) {
      request.headers.emplace_back(name->text, trimmed_secret(file_text(item->text)));
    }
  }
}

bool has_payload(std::string_view kind) {
  return kind == "email" || renderer_of(kind) != nullptr;
}

Result<Payload> render_payload(const Notification& notification, const Integration& integration,
                               const PayloadContext& context, Timestamp now) {
  PayloadWriter writer(notification, integration, context, now);
  Payload payload;
  if (integration.kind == "email") {
    payload = email_payload(writer);
  } else if (const Render render = renderer_of(integration.kind)) {
    payload = render(writer);
  } else {
    return input_error(integration.pos,
                       "messages of " + integration.kind + " are not rendered here");
  }
  if (writer.failure()) return *writer.failure();
  return payload;
}

}  // namespace tocsin::alerting
