#include "harness/alerting/html_mail.h"

#include <string_view>

namespace tocsin::alerting {
namespace {

constexpr std::string_view kHead = R"(
<!DOCTYPE html>
<html>
<head>
<meta charset="UTF-8">
<title>{{template "__subject" .}}</title>
</head>
<body style="margin: 0; padding: 16px; font-family: sans-serif; font-size: 14px;">
<h1 style="margin: 0 0 16px; padding: 12px; font-size: 16px; color: white; background-color: {{if .Alerts.Firing}}firebrick{{else}}seagreen{{end}};">
{{len .Alerts}} alert{{if gt (len .Alerts) 1}}s{{end}} for {{range .GroupLabels.SortedPairs}}
  {{.Name}}={{.Value}}
{{end}}</h1>
<p><a href="{{template "__alertmanagerURL" .}}">View in Alertmanager</a></p>
)";

constexpr std::string_view kAlert = R"(<p>
<strong>Labels</strong><br>
{{range .Labels.SortedPairs}}{{.Name}} = {{.Value}}<br>
{{end}}{{if .Annotations}}<strong>Annotations</strong><br>
{{range .Annotations.SortedPairs}}{{.Name}} = {{.Value}}<br>
{{end}}{{end}}<a href="{{.GeneratorURL}}">Source</a>
</p>
)";

std::string section(const std::string& state) {
  const std::string alerts = ".Alerts." + state;
  return "{{if " + alerts + "}}<h2>[{{len " + alerts + "}}] " + state + "</h2>\n{{range " + alerts +
         "}}" + std::string(kAlert) + "{{end}}{{end}}";
}

constexpr std::string_view kFoot =
    R"(<p><a href="{{.ExternalURL}}">Sent by {{template "__alertmanager" .}}</a></p>
</body>
</html>
)";

}  // namespace

std::string html_mail_template() {
  return "{{define \"email.default.html\"}}" + std::string(kHead) + section("Firing") +
         section("Resolved") + std::string(kFoot) + "{{end}}";
}

}  // namespace tocsin::alerting
