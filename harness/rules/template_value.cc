#include "harness/rules/template_value.h"

namespace tocsin::rules::templates {
namespace {

/// Calls the overload for what a value holds.
template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace

std::string type_name(const Value& value) {
  return std::visit(
      Overload{[](const Nil&) { return std::string("<nil>"); },
               [](bool) { return std::string("bool"); },
               [](std::int64_t) { return std::string("int"); },
               [](double) { return std::string("float64"); },
               [](const std::string&) { return std::string("string"); },
               [](const Labels&) { return std::string("map[string]string"); },
               [](const Html&) { return std::string("template.HTML"); },
               [](const GoTime&) { return std::string("*time.Time"); },
               [](const GoDuration&) { return std::string("*time.Duration"); },
               [](const Histogram&) { return std::string("*histogram.FloatHistogram"); },
               [](const Arguments&) { return std::string("map[string]interface {}"); },
               [](const Sample&) { return std::string("*template.sample"); },
               [](const Samples&) { return std::string("template.queryResult"); },
               [](const SafeUrl&) { return std::string("template.URL"); },
               [](const ObjectPtr& held) { return held->type_name(); },
               [](const Root&) {
                 return std::string(
                     "struct { Labels map[string]string; ExternalLabels map[string]string; "
                     "ExternalURL string; Value interface {} }");
               }},
      value.held);
}

Value alert_value(const TemplateData& data) {
  return data.histogram ? Value(data.histogram) : Value(data.value);
}

Error problem(std::string message) {
  return input_error({}, std::move(message));
}

bool is_true(const Value& value) {
  return std::visit(
      Overload{
          [](const Nil&) { return false; }, [](bool held) { return held; },
          [](std::int64_t held) { return held != 0; }, [](double held) { return held != 0; },
          [](const std::string& held) { return !held.empty(); },
          [](const Labels& held) { return !held.empty(); },
          [](const Html& held) { return !held.text.empty(); }, [](const GoTime&) { return true; },
          [](const GoDuration&) { return true; }, [](const Histogram&) { return true; },
          [](const Arguments& held) { return !held->empty(); }, [](const Sample&) { return true; },
          [](const Samples& held) { return !held.empty(); }, [](const Root&) { return true; },
          [](const SafeUrl& held) { return !held.text.empty(); },
          [](const ObjectPtr& held) { return held->is_true(); }},
      value.held);
}

}  // namespace tocsin::rules::templates
