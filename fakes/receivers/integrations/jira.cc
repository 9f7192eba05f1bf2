#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Jira: issues are looked for, made, updated and moved. Those of an integration are remembered by
/// the label that Alertmanager gives those of a group.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr std::size_t kMostIssues = 100'000;
constexpr const char* kNoIssue = "Issue does not exist or you do not have permission to see it.";
constexpr std::array kUsualTransitions = {"To Do",  "In Progress",  "Done",    "Open",
                                          "Reopen", "Reopen Issue", "Resolve", "Resolve Issue",
                                          "Close",  "Close Issue",  "Closed",  "Resolved"};

void refuse_jira(Reading& reading, int status, const std::string& why, const json& errors) {
  refuse_with(reading, status, why, {{"errorMessages", json::array()}, {"errors", errors}});
}

/// `labels="ALERT{…}"` of a query.
std::string label_in(const std::string& query) {
  constexpr std::string_view kLabels = "labels=\"";
  const std::size_t at = query.find(kLabels);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + kLabels.size();
  return query.substr(begin, query.find('"', begin) - begin);
}

std::string label_of(const json& fields) {
  const json& labels = member(fields, "labels");
  if (!labels.is_array()) return "";
  for (const json& label : labels) {
    if (label.is_string() && label.get_ref<const std::string&>().starts_with("ALERT{")) {
      return label.get<std::string>();
    }
  }
  return "";
}

std::string label_of_key(const Memory& memory, const std::string& key) {
  for (const auto& [label, issue] : memory.issues) {
    if (issue.key == key) return label;
  }
  return "";
}

void answer_search(const Incoming& incoming, Reading& reading) {
  reading.is_question = true;
  std::string problem;
  const json body = parse_json(incoming.request.body, problem);
  const std::string query = text_at(body, "jql");
  const std::string label = label_in(query);
  Memory& memory = incoming.memory;
  if (memory.knows_everything && memory.issues.empty()) memory.issues[label] = {"OPS-1", false};
  json issues = json::array();
  const auto it = memory.issues.find(label);
  const bool wants_open = query.find("statusCategory != Done") != std::string::npos;
  if (it != memory.issues.end() && !(wants_open && it->second.done)) {
    const json category = {{"key", it->second.done ? "done" : "new"}};
    const json status = {{"name", it->second.done ? "Done" : "To Do"},
                         {"statusCategory", category}};
    issues.push_back({{"key", it->second.key}, {"fields", {{"status", status}}}});
  }
  accept_with(reading, 200, {{"issues", issues}, {"total", issues.size()}});
}

json transitions_of(const Memory& memory) {
  json all = json::array();
  const auto add = [&](const std::string& name) {
    all.push_back({{"id", std::to_string(all.size() + 1)}, {"name", name}});
  };
  for (const std::string& name : memory.transitions) add(name);
  for (const char* name : kUsualTransitions) add(name);
  return all;
}

/// A description of version 3 is a document: its texts, line by line.
void add_document_text(const json& node, std::string& text) {
  if (node.is_string()) {
    text += node.get<std::string>();
    return;
  }
  if (!node.is_object()) return;
  text += text_at(node, "text");
  for (const json& child : member(node, "content")) add_document_text(child, text);
  if (text_at(node, "type") == "paragraph") text += '\n';
}

void read_issue(const json& fields, Reading& reading) {
  NotificationRecord& record = reading.record;
  record.title = text_at(fields, "summary");
  add_document_text(member(fields, "description"), record.text);
  read_texts(reading);
  reading.identity = label_of(fields);
  const std::string project = text_at(member(fields, "project"), "key");
  const std::string priority = text_at(member(fields, "priority"), "name");
  if (!project.empty()) reading.details["channel"] = project;
  if (!priority.empty()) reading.details["priority"] = priority;
}

void create_issue(const Incoming& incoming, Reading& reading) {
  reading.details["action"] = "create";
  const json body = object_of(incoming, reading);
  if (body.is_null()) return;
  const json& fields = member(body, "fields");
  read_issue(fields, reading);
  json errors = json::object();
  if (reading.record.title.empty()) {
    errors["summary"] = "You must specify a summary of the issue.";
  }
  if (text_at(member(fields, "project"), "key").empty()) errors["project"] = "project is required";
  if (member(fields, "issuetype").empty()) {
    errors["issuetype"] = "valid issue type is required";
  }
  if (!errors.empty()) {
    refuse_jira(reading, 400, errors.begin()->get<std::string>(), errors);
    return;
  }
  Memory& memory = incoming.memory;
  const std::string key = fmt::format("{}-{}", reading.details["channel"], memory.issues_made + 1);
  reading.takes_effect = [&memory, key, label = reading.identity] {
    if (memory.issues.size() >= kMostIssues) memory.issues.clear();
    memory.issues[label] = {key, false};
    ++memory.issues_made;
  };
  accept_with(reading, 201, {{"id", "10000"}, {"key", key}});
}

void update_issue(const Incoming& incoming, const std::string& key, Reading& reading) {
  reading.details["action"] = "update";
  const json body = object_of(incoming, reading);
  if (body.is_null()) return;
  read_issue(member(body, "fields"), reading);
  if (label_of_key(incoming.memory, key).empty()) {
    refuse_jira(reading, 404, kNoIssue, json::object());
    return;
  }
  reading.answer.status = 204;
}

void move_issue(const Incoming& incoming, const std::string& key, Reading& reading) {
  reading.details["action"] = "transition";
  const json body = object_of(incoming, reading);
  if (body.is_null()) return;
  Memory& memory = incoming.memory;
  reading.identity = label_of_key(memory, key);
  const std::string id = text_at(member(body, "transition"), "id");
  std::string name;
  for (const json& one : transitions_of(memory)) {
    if (one["id"] == id) name = one["name"];
  }
  if (reading.identity.empty()) {
    refuse_jira(reading, 404, kNoIssue, json::object());
    return;
  }
  if (name.empty()) {
    refuse_jira(reading, 400,
                "It seems that you have tried to perform an illegal workflow operation.",
                json::object());
    return;
  }
  const bool done = !memory.issues[reading.identity].done;
  reading.takes_effect = [&memory, done, label = reading.identity] {
    const auto it = memory.issues.find(label);
    if (it != memory.issues.end()) it->second.done = done;
  };
  reading.record.firing = !done;
  reading.record.title = key + ": " + name;
  reading.answer.status = 204;
}

}  // namespace

Reading read_jira(const Incoming& incoming) {
  Reading reading;
  const std::vector<std::string>& rest = incoming.rest;
  const std::string& method = incoming.request.method;
  const auto ends = [&](std::initializer_list<const char*> words) {
    return rest.size() >= words.size() &&
           std::equal(words.begin(), words.end(),
                      rest.end() - static_cast<std::ptrdiff_t>(words.size()));
  };
  const bool of_issue = rest.size() >= 2 && rest[rest.size() - 2] == "issue";
  const bool of_transitions =
      rest.size() >= 3 && ends({"transitions"}) && rest[rest.size() - 3] == "issue";
  if (method == "POST" && (ends({"search"}) || ends({"search", "jql"}))) {
    answer_search(incoming, reading);
  } else if (method == "POST" && ends({"issue"})) {
    create_issue(incoming, reading);
  } else if (method == "PUT" && of_issue) {
    update_issue(incoming, rest.back(), reading);
  } else if (method == "GET" && of_transitions) {
    reading.is_question = true;
    accept_with(reading, 200, {{"transitions", transitions_of(incoming.memory)}});
  } else if (method == "POST" && of_transitions) {
    move_issue(incoming, rest[rest.size() - 2], reading);
  } else {
    refuse_jira(reading, 404, "no such call: " + method, json::object());
  }
  return reading;
}

}  // namespace tocsin::receivers
