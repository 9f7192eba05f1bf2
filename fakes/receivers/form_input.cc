#include "fakes/receivers/form_input.h"

#include <algorithm>

#include "fakes/receivers/paths.h"

namespace tocsin::receivers {
namespace {

std::string form_text(std::string_view encoded) {
  std::string text(encoded);
  std::replace(text.begin(), text.end(), '+', ' ');
  return percent_decoded(text);
}

}  // namespace

std::map<std::string, std::string> form_values(std::string_view form) {
  std::map<std::string, std::string> values;
  while (!form.empty()) {
    const std::string_view one = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(one.size() + 1, form.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    if (one.empty()) continue;
    values.emplace(form_text(one.substr(0, equals)),
                   form_text(one.substr(std::min(equals + 1, one.size()))));
  }
  return values;
}

}  // namespace tocsin::receivers
