#include <cstdint>

#include "harness/rules/template.h"

/// libFuzzer target: any text is a template or an error, and what parses expands to some
/// text.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = rules::Template::parse(text);
  if (parsed.has_error()) {
    (void)render(parsed.error());
    return 0;
  }
  rules::TemplateData alert;
  alert.labels = {{"__name__", "m"}, {"code", "500"}, {"instance", "host.example.org:9090"}};
  alert.value = 0.0825;
  alert.external_labels = {{"cluster", "eu 1"}};
  alert.external_url = "http://prom.example.org:9090/a/b";
  alert.query = [](std::string_view) {
    using Samples = std::vector<rules::TemplateData::QuerySample>;
    return Result<Samples>(Samples{{{{"__name__", "up"}, {"instance", "a"}}, 1},
                                   {{{"__name__", "up"}, {"instance", "b"}}, 2}});
  };
  (void)parsed->expand_for_alert("A", alert);
  return 0;
}
