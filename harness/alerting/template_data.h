#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/alerting/message.h"
#include "harness/rules/template_value.h"

/// Alertmanager's data as Go templates see it.

namespace tocsin::alerting {

using rules::templates::Object;
using rules::templates::ObjectPtr;
using rules::templates::Value;

/// What toJson makes of a value.
Result<std::string> value_json(const Value& value);

ObjectPtr make_kv(std::map<std::string, std::string> map);
/// []string; `type` is as Go prints it.
ObjectPtr make_texts(std::vector<std::string> texts, std::string type = "[]string");
/// []interface {}.
ObjectPtr make_list(std::vector<Value> items);
/// The whole of it: what "." is.
ObjectPtr make_data(const MessageData& data);

/// The items of a list of texts, or of anything that prints as texts; null when it is none.
const std::vector<std::string>* texts_in(const Value& value);
const std::vector<Value>* list_in(const Value& value);

}  // namespace tocsin::alerting
