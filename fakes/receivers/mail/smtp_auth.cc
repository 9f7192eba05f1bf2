#include "fakes/receivers/mail/smtp_auth.h"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fakes/receivers/mail/encodings.h"

namespace tocsin::receivers {

std::string hmac_md5(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
       &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

bool SmtpAuth::is_known(std::string_view mechanism) {
  return mechanism == "PLAIN" || mechanism == "LOGIN" || mechanism == "CRAM-MD5";
}

SmtpAuth::SmtpAuth(std::string mechanism, const SmtpUsers& users, std::string challenge)
    : mechanism_(std::move(mechanism)), users_(users), challenge_(std::move(challenge)) {}

SmtpAuth::Step SmtpAuth::begin(std::string_view initial) {
  if (mechanism_ == "CRAM-MD5") {
    if (!initial.empty()) return {Step::Kind::kBroken, "CRAM-MD5 has no initial response"};
    return {Step::Kind::kAsk, base64_encode(challenge_)};
  }
  if (initial == "=") return mechanism_ == "PLAIN" ? plain("") : login("");
  if (!initial.empty()) return answer(initial);
  return {Step::Kind::kAsk, mechanism_ == "PLAIN" ? "" : base64_encode("Username:")};
}

SmtpAuth::Step SmtpAuth::answer(std::string_view line) {
  if (line == "*") return {Step::Kind::kBroken, "given up"};
  const auto message = base64_decode_strictly(line);
  if (!message) return {Step::Kind::kBroken, "not base64"};
  if (mechanism_ == "PLAIN") return plain(*message);
  if (mechanism_ == "LOGIN") return login(*message);
  return cram_md5(*message);
}

SmtpAuth::Step SmtpAuth::decide(bool right) const {
  return {users_.empty() || right ? Step::Kind::kDone : Step::Kind::kRefused, ""};
}

/// identity NUL name NUL password (RFC 4616).
SmtpAuth::Step SmtpAuth::plain(const std::string& message) const {
  const std::size_t first = message.find('\0');
  const std::size_t second = first == std::string::npos ? first : message.find('\0', first + 1);
  if (second == std::string::npos) return {Step::Kind::kBroken, "not what PLAIN is"};
  const auto user = users_.find(message.substr(first + 1, second - first - 1));
  return decide(user != users_.end() && user->second == message.substr(second + 1));
}

SmtpAuth::Step SmtpAuth::login(const std::string& message) {
  if (!has_name_) {
    has_name_ = true;
    name_ = message;
    return {Step::Kind::kAsk, base64_encode("Password:")};
  }
  const auto user = users_.find(name_);
  return decide(user != users_.end() && user->second == message);
}

/// name BLANK digest (RFC 2195).
SmtpAuth::Step SmtpAuth::cram_md5(const std::string& message) const {
  const std::size_t blank = message.rfind(' ');
  if (blank == std::string::npos) return {Step::Kind::kBroken, "not what CRAM-MD5 is"};
  const auto user = users_.find(message.substr(0, blank));
  return decide(user != users_.end() &&
                hmac_md5(user->second, challenge_) == message.substr(blank + 1));
}

}  // namespace tocsin::receivers
