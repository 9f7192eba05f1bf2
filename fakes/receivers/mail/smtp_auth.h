#pragma once

#include <map>
#include <string>
#include <string_view>

/// AUTH's part of a dialogue over SMTP (RFC 4954): PLAIN, LOGIN, CRAM-MD5.

namespace tocsin::receivers {

/// Names and passwords; empty: anybody may.
using SmtpUsers = std::map<std::string, std::string>;

class SmtpAuth {
 public:
  struct Step {
    enum class Kind {
      kAsk,      ///< `text` is the challenge, in base64
      kDone,     ///< it went well
      kRefused,  ///< wrong name or password
      kBroken,   ///< not what the mechanism says, or given up by the client
    };
    Kind kind = Kind::kBroken;
    std::string text = {};
  };

  static bool is_known(std::string_view mechanism);
  static std::string_view mechanisms() { return "PLAIN LOGIN CRAM-MD5"; }

  /// `challenge` is CRAM-MD5's, unlike any other's.
  SmtpAuth(std::string mechanism, const SmtpUsers& users, std::string challenge);

  /// After AUTH MECHANISM; `initial` is what stood behind it, in base64, "=" for nothing.
  Step begin(std::string_view initial);
  /// What the client answers to kAsk.
  Step answer(std::string_view line);

  const std::string& mechanism() const { return mechanism_; }

 private:
  Step decide(bool right) const;
  Step plain(const std::string& message) const;
  Step login(const std::string& message);
  Step cram_md5(const std::string& message) const;

  std::string mechanism_;
  const SmtpUsers& users_;
  std::string challenge_;
  bool has_name_ = false;  ///< of LOGIN
  std::string name_;
};

/// HMAC-MD5 in hexadecimal digits (RFC 2104).
std::string hmac_md5(std::string_view key, std::string_view message);

}  // namespace tocsin::receivers
