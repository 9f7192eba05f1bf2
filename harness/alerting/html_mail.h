#pragma once

#include <string>

namespace tocsin::alerting {

/// The definition of "email.default.html": what a mail shows that has no template of its own. It
/// says what Alertmanager's says, in the same order, with a layout of Tocsin's own.
std::string html_mail_template();

}  // namespace tocsin::alerting
