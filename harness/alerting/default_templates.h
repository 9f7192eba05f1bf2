#pragma once

#include <string>

namespace tocsin::alerting {

/// Definitions under the names of Alertmanager's default templates ("slack.default.title",
/// "__subject" …) that give the same texts. Those of e-mails in HTML are in html_mail.h.
std::string default_templates();

}  // namespace tocsin::alerting
