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
      Overload{[](const Nil&) { return "<nil>"; }, [](bool) { return "bool"; },
               [](std::int64_t) { return "int"; }, [](double) { return "float64"; },
               [](const std::string&) { return "string"; },
               [](const Labels&) { return "map[string]string"; },
               [](const Html&) { return "template.HTML"; },
               [](const GoTime&) { return "*time.Time"; },
               [](const GoDuration&) { return "*time.Duration"; },
               [](const Histogram&) { return "*histogram.FloatHistogram"; },
               [](const Arguments&) { return "map[string]interface {}"; },
               [](const Sample&) { return "*template.sample"; },
               [](const Samples&) { return "template.queryResult"; },
               [](const Root&) {
                 return "struct { Labels map[string]string; ExternalLabels map[string]string; "
                        "ExternalURL string; Value interface {} }";
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
          [](const Samples& held) { return !held.empty(); }, [](const Root&) { return true; }},
      value.held);
}

}  // namespace tocsin::rules::templates
