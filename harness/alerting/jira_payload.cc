#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "harness/alerting/payload_writer.h"
#include "harness/alerting/schema.h"
#include "harness/rules/go_text.h"

/// Jira: the group's issue is looked for, made or updated, and moved when that is configured.

namespace tocsin::alerting {
namespace {

using Answered = nlohmann::json;

constexpr std::size_t kJiraSummary = 255;
constexpr std::size_t kJiraDescription = 32767;

/// All that does not depend on Jira's answers; copied from request to request.
struct JiraPlan {
  HttpRequest prototype;  ///< headers
  std::string base;       ///< of the API
  std::string search_url;
  std::string search_body;
  PayloadJson fields = PayloadJson::object();
  bool firing = true;
  bool updates_summary = true;
  bool updates_description = true;
  std::string transition;  ///< its name; empty: none
};

HttpRequest jira_request(const JiraPlan& plan, const char* method, std::string url,
                         const PayloadJson* body) {
  HttpRequest request = plan.prototype;
  request.method = method;
  request.url = std::move(url);
  if (body != nullptr) request.body = go_json(*body);
  return request;
}

/// A text, or a mapping with one.
std::string jira_template(const PayloadWriter& writer, const char* key) {
  const yaml::Node* node = writer.node(key);
  const std::string usual = template_call(std::string("jira.default.") + key);
  if (node == nullptr) return usual;
  if (node->is_scalar()) return node->text;
  return find_value(*node, "template") == nullptr ? usual : text_of(*node, "template");
}

bool jira_updates(const PayloadWriter& writer, const char* key) {
  const yaml::Node* node = writer.node(key);
  return node == nullptr || !node->is_map() || flag_of(*node, "enable_update").value_or(true);
}

std::string url_path(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "" : url.substr(slash, url.find('?') - slash);
}

std::string url_host(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

std::string without_slashes(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

/// Version 3 of the API wants a document of JSON, version 2 a text.
std::optional<PayloadJson> jira_description(PayloadWriter& writer, const std::string& base) {
  std::string text = cut_to(writer.expand(jira_template(writer, "description")), kJiraDescription);
  if (!without_slashes(url_path(base)).ends_with("/3")) {
    return text.empty() ? std::nullopt : std::optional<PayloadJson>(std::move(text));
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  PayloadJson document = PayloadJson::parse(text, nullptr, false);
  if (document.is_discarded()) {
    writer.fail(input_error({}, "description template: invalid JSON for API v3"));
    return std::nullopt;
  }
  return document;
}

PayloadJson jira_labels(PayloadWriter& writer) {
  std::vector<std::string> labels;
  for (const yaml::NodePtr& item : items_of(*writer.integration().node, "labels")) {
    labels.push_back(writer.expand(item->text));
  }
  labels.push_back("ALERT{" + group_key_hash(writer.notification().group_key) + "}");
  std::sort(labels.begin(), labels.end());
  return labels;
}

PayloadJson jira_fields(PayloadWriter& writer, const std::string& base,
                        const std::string& project) {
  std::map<std::string, PayloadJson> sorted;
  sorted["summary"] = cut_to(writer.expand(jira_template(writer, "summary")), kJiraSummary);
  sorted["project"] = {{"key", project}};
  sorted["issuetype"] = PayloadJson::object();
  put_if(sorted["issuetype"], "name", writer.setting("issue_type"));
  if (auto description = jira_description(writer, base)) sorted["description"] = *description;
  sorted["labels"] = jira_labels(writer);
  const std::string priority = writer.setting("priority", template_call("jira.default.priority"));
  if (!priority.empty()) sorted["priority"] = {{"name", priority}};
  if (const yaml::Node* own = writer.node("fields"); own != nullptr && own->is_map()) {
    for (const auto& [name, value] : own->entries) sorted[name->text] = writer.expand_deep(*value);
  }
  PayloadJson fields = PayloadJson::object();
  for (auto& [name, value] : sorted) fields[name] = std::move(value);
  return fields;
}

/// Open issues of the group; for a firing one closed ones, too, that may be opened again.
std::string jira_query(PayloadWriter& writer, bool firing, const std::string& project) {
  const Integration& integration = writer.integration();
  std::string query;
  const std::string wont_fix = integration.text("wont_fix_resolution");
  if (!wont_fix.empty()) {
    query +=
        fmt::format("(resolution is EMPTY or resolution != {}) and ", rules::go_quote(wont_fix));
  }
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(
                           duration_of(*integration.node, "reopen_duration").value_or(Duration(0)))
                           .count();
  if (firing && integration.has("reopen_transition") && minutes > 0) {
    query += fmt::format("(resolutiondate is EMPTY OR resolutiondate >= -{}m) and ", minutes);
  } else {
    query += "statusCategory != Done and ";
  }
  const std::string label = "ALERT{" + group_key_hash(writer.notification().group_key) + "}";
  return query + fmt::format("project={} and labels={} order by status ASC,resolutiondate DESC",
                             rules::go_quote(project), rules::go_quote(label));
}

std::string jira_search_url(const PayloadWriter& writer, const std::string& base) {
  const std::string type = writer.integration().text("api_type", "auto");
  const bool cloud =
      type == "cloud" || (type == "auto" && url_host(base).ends_with("atlassian.net"));
  if (!cloud) return joined_url(base, "search");
  std::string url = joined_url(base, "search/jql");
  constexpr std::string_view kOld = "/rest/api/2/";
  const std::size_t old = url.find(kOld);
  if (old != std::string::npos) url.replace(old, kOld.size(), "/rest/api/3/");
  return url;
}

JiraPlan jira_plan(PayloadWriter& writer) {
  JiraPlan plan;
  const Integration& integration = writer.integration();
  plan.firing = !writer.is_resolved();
  plan.prototype = writer.request("POST", "");
  plan.prototype.headers.insert(plan.prototype.headers.begin(),
                                {{"Content-Type", "application/json"}, {"Accept-Language", "en"}});
  plan.base = integration.text("api_url");
  const std::string project = writer.setting("project");
  const PayloadJson search = {
      {"fields", {"status"}}, {"jql", jira_query(writer, plan.firing, project)}, {"maxResults", 2}};
  plan.search_body = go_json(search);
  plan.search_url = jira_search_url(writer, plan.base);
  plan.fields = jira_fields(writer, plan.base, project);
  plan.updates_summary = jira_updates(writer, "summary");
  plan.updates_description = jira_updates(writer, "description");
  plan.transition = integration.text(plan.firing ? "reopen_transition" : "resolve_transition");
  return plan;
}

std::string text_at(const Answered& json, const char* name) {
  if (!json.is_object()) return "";
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Done when its status says so; nullopt: the answer does not tell.
std::optional<bool> is_done(const Answered& issue) {
  const Answered::json_pointer category("/fields/status/statusCategory");
  if (!issue.is_object() || !issue.contains(Answered::json_pointer("/fields/status"))) {
    return std::nullopt;
  }
  return issue.contains(category) && text_at(issue[category], "key") == "done";
}

Result<HttpExchange> move_issue(const JiraPlan& plan, const std::string& key,
                                const std::string& answer) {
  const Answered answered = Answered::parse(answer, nullptr, false);
  if (!answered.is_object()) return input_error({}, "Jira's transitions are no JSON object");
  if (answered.contains("transitions") && answered["transitions"].is_array()) {
    for (const Answered& one : answered["transitions"]) {
      if (text_at(one, "name") != plan.transition) continue;
      const PayloadJson body = {{"transition", {{"id", text_at(one, "id")}}}};
      return HttpExchange(jira_request(
          plan, "POST", joined_url(plan.base, "issue/" + key + "/transitions"), &body));
    }
  }
  return input_error({},
                     fmt::format("can't find transition {} for issue {}", plan.transition, key));
}

HttpExchange update_issue(const JiraPlan& plan, const Answered& issue) {
  const std::string key = text_at(issue, "key");
  PayloadJson fields = plan.fields;
  if (!plan.updates_summary) fields.erase("summary");
  if (!plan.updates_description) fields.erase("description");
  PayloadJson update;
  update["fields"] = std::move(fields);
  std::vector<HttpRequest> requests(
      1, jira_request(plan, "PUT", joined_url(plan.base, "issue/" + key), &update));
  const std::optional<bool> done = is_done(issue);
  const bool moves = done && *done == plan.firing && !key.empty() && !plan.transition.empty();
  if (!moves) return requests;
  requests.push_back(
      jira_request(plan, "GET", joined_url(plan.base, "issue/" + key + "/transitions"), nullptr));
  HttpExchange exchange(std::move(requests));
  exchange.next = [plan, key](const std::string& answer) { return move_issue(plan, key, answer); };
  return exchange;
}

Result<HttpExchange> after_search(const JiraPlan& plan, const std::string& answer) {
  const Answered found = Answered::parse(answer, nullptr, false);
  if (!found.is_object()) {
    return input_error({}, "failed to look up existing issues: Jira's answer is no JSON object");
  }
  const auto issues = found.find("issues");
  if (issues != found.end() && issues->is_array() && !issues->empty()) {
    return update_issue(plan, issues->front());
  }
  // What is over already needs no issue.
  if (!plan.firing) return HttpExchange();
  PayloadJson body;
  body["fields"] = plan.fields;
  return HttpExchange(jira_request(plan, "POST", joined_url(plan.base, "issue"), &body));
}

}  // namespace

HttpExchange jira_payload(PayloadWriter& writer) {
  const JiraPlan plan = jira_plan(writer);
  HttpRequest search = plan.prototype;
  search.url = plan.search_url;
  search.body = plan.search_body;
  HttpExchange exchange(std::move(search));
  exchange.next = [plan](const std::string& answer) { return after_search(plan, answer); };
  return exchange;
}

}  // namespace tocsin::alerting
