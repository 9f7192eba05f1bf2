#include "harness/run/mail_auth.h"

#include <algorithm>

#include "fakes/receivers/mail/smtp_auth.h"

namespace tocsin::run {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// What a mechanism lacks; empty: nothing.
std::string lack_of(const alerting::Mail& mail, const std::string& mechanism) {
  const bool hashes = mechanism == "CRAM-MD5";
  if (!hashes && mechanism != "PLAIN" && mechanism != "LOGIN") {
    return "unknown auth mechanism: " + mechanism;
  }
  if (!(hashes ? mail.secret : mail.password).empty()) return "";
  return std::string("missing ") + (hashes ? "secret" : "password") + " for " + mechanism +
         " auth mechanism";
}

}  // namespace

Result<std::optional<MailAuth>> MailAuth::choose(const alerting::Mail& mail,
                                                 std::string_view mechanisms) {
  std::optional<MailAuth> chosen;
  if (mail.username.empty()) return chosen;
  std::string lacks;
  while (!mechanisms.empty()) {
    const std::string one(mechanisms.substr(0, mechanisms.find(' ')));
    mechanisms.remove_prefix(std::min(one.size() + 1, mechanisms.size()));
    const std::string lack = lack_of(mail, one);
    if (lack.empty()) {
      chosen.emplace(MailAuth(mail, one));
      return chosen;
    }
    lacks += (lacks.empty() ? "" : "\n") + lack;
  }
  return input_error({}, "find auth mechanism: " + lacks);
}

std::string_view MailAuth::shown() const {
  if (mechanism_ == "PLAIN") return "*smtp.plainAuth";
  return mechanism_ == "LOGIN" ? "*email.loginAuth" : "*smtp.cramMD5Auth";
}

Result<std::string> MailAuth::first(bool safe) const {
  if (mechanism_ != "PLAIN") return std::string();
  if (!safe) return input_error({}, "unencrypted connection");
  return mail_.identity + '\0' + mail_.username + '\0' + mail_.password;
}

Result<std::string> MailAuth::answer(const std::string& challenge) const {
  if (mechanism_ == "CRAM-MD5") {
    return mail_.username + ' ' + receivers::hmac_md5(mail_.secret, challenge);
  }
  const std::string asked = lower_case(challenge);
  if (mechanism_ == "LOGIN" && asked == "username:") return mail_.username;
  if (mechanism_ == "LOGIN" && asked == "password:") return mail_.password;
  return input_error({}, "unexpected server challenge");
}

}  // namespace tocsin::run
