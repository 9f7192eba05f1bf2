#include "harness/rules/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/rules/case_file.h"

namespace tocsin::rules {
namespace {

using testing::HasSubstr;

Result<std::vector<TemplateData::QuerySample>> answer(std::string_view expression) {
  using Samples = std::vector<TemplateData::QuerySample>;
  if (expression == "up") {
    return Samples{{{{"__name__", "up"}, {"instance", "a"}, {"zone", "z3"}}, 1},
                   {{{"__name__", "up"}, {"instance", "b"}, {"zone", "z1"}}, 2},
                   {{{"__name__", "up"}, {"instance", "c"}, {"zone", "z2"}}, 3}};
  }
  if (expression == "strv") return Samples{{{{"__name__", "strv"}, {"__value__", "text"}}, 3}};
  if (expression == "sum(up)") return Samples{{{}, 6}};
  if (expression == "5") return Samples{{{}, 5}};
  if (expression == "nothing") return Samples{};
  return input_error({}, "1:4: parse error: unexpected end of input inside braces");
}

/// The data that the expected values in testdata/templates.cases were made with.
TemplateData data() {
  TemplateData data;
  data.labels = {
      {"__name__", "m"}, {"code", "500"}, {"instance", "host.example.org:9090"}, {"job", "api"}};
  data.value = 0.0825;
  data.external_labels = {{"cluster", "eu 1"}};
  data.external_url = "http://prom.example.org:9090/a/b";
  data.now = from_ms(1'769'590'800'000);
  data.query = answer;
  return data;
}

std::string expanded(std::string_view text) {
  return Template::parse(text).value().expand_for_alert("A", data());
}

TEST(Template, ExpandsAsPrometheusDoes) {
  for (const char* file : {"templates.cases", "templates_today.cases"}) {
    for (const Case& each : read_cases(file)) {
      SCOPED_TRACE(each.where + ": " + each.input);
      const Result<Template> parsed = Template::parse(each.input);
      if (each.refused) {
        ASSERT_TRUE(parsed.has_error());
        EXPECT_THAT(to_string(parsed.error()), HasSubstr(each.expected));
      } else {
        ASSERT_FALSE(parsed.has_error()) << to_string(parsed.error());
        EXPECT_EQ(parsed->expand_for_alert("A", data()), each.expected);
      }
    }
  }
}

TEST(Template, PlacesExecutionErrorsInTheText) {
  const Result<std::string> result =
      Template::parse("äö\n  {{ humanize .Labels }}").value().expand(data());
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(to_string(result.error()),
            "2:6: at <humanize .Labels>: error calling humanize: can't convert map[string]string "
            "to float");
}

TEST(Template, KnowsWhatItsTextChangesWith) {
  const auto use = [](std::string_view text) { return Template::parse(text).value().use(); };
  EXPECT_EQ(use("plain"), TemplateUse::kText);
  EXPECT_EQ(use("{{ $labels.job }} {{ .ExternalLabels.a }}"), TemplateUse::kLabels);
  EXPECT_EQ(use("{{ if true }}{{ $value }}{{ end }}"), TemplateUse::kValue);
  EXPECT_EQ(use("{{ .Value }}"), TemplateUse::kValue);
  EXPECT_EQ(use("{{ $.Value }}"), TemplateUse::kValue);
  EXPECT_EQ(use("{{ print . }}"), TemplateUse::kValue);
  EXPECT_EQ(use("{{ (query \"up\" | first).Value }}"), TemplateUse::kTime);
  EXPECT_EQ(use("{{ define \"a\" }}{{ now }}{{ end }}x"), TemplateUse::kTime);
}

TEST(Template, StopsWhatDoesNotEnd) {
  EXPECT_THAT(expanded("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}"),
              HasSubstr("exceeded maximum template depth"));
  EXPECT_THAT(expanded("{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}"),
              HasSubstr("the template does not end"));
  EXPECT_THAT(expanded("{{ range 5000 }}{{ printf \"%1000d\" 1 }}{{ end }}"),
              HasSubstr("longer than 1 MiB"));
}

TEST(Template, RefusesDeepNesting) {
  std::string text(100'000, '(');
  EXPECT_THAT(to_string(Template::parse("{{ " + text + " }}").error()), HasSubstr("nested"));
  text.clear();
  for (int i = 0; i < 10'000; ++i) text += "{{ if true }}";
  EXPECT_THAT(to_string(Template::parse(text).error()), HasSubstr("nested"));
}

TEST(Template, SurvivesEveryPrefixOfATemplate) {
  const std::string text =
      "a {{- if and (gt $value 1.5) .Labels.x }}{{ range $i, $e := query `up` }}{{ $e.Value | "
      "printf \"%[1]*.2f %q\" }}{{ break }}{{ end -}}{{ else if eq 'a' 1 }}{{ define \"t\" }}{{ . "
      "}}{{ end }}{{/* c */}}{{ template \"t\" . }}{{ end }}";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const Result<Template> parsed = Template::parse(text.substr(0, i));
    if (!parsed.has_error()) parsed->expand_for_alert("A", data());
    for (const char c : {'{', '}', '"', '(', '$', '.', '|', '\0', '\xC3'}) {
      std::string changed = text;
      if (i < text.size()) changed[i] = c;
      const Result<Template> other = Template::parse(changed);
      if (!other.has_error()) other->expand_for_alert("A", data());
    }
  }
}

}  // namespace
}  // namespace tocsin::rules
