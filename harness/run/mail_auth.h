#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/alerting/payload.h"
#include "harness/base/error.h"

/// The client's side of AUTH (RFC 4954) as Alertmanager has it: PLAIN, LOGIN, CRAM-MD5.

namespace tocsin::run {

class MailAuth {
 public:
  /// The first of the server's mechanisms ("PLAIN LOGIN") for which the mail has what it takes;
  /// nullopt when the mail has no user. The error says what each one lacks.
  static Result<std::optional<MailAuth>> choose(const alerting::Mail& mail,
                                                std::string_view mechanisms);

  const std::string& mechanism() const { return mechanism_; }
  /// What Alertmanager calls it in its messages.
  std::string_view shown() const;

  /// What stands behind AUTH MECHANISM; empty: nothing. `safe`: nobody can read along.
  Result<std::string> first(bool safe) const;
  Result<std::string> answer(const std::string& challenge) const;

 private:
  MailAuth(const alerting::Mail& mail, std::string mechanism)
      : mail_(mail), mechanism_(std::move(mechanism)) {}

  const alerting::Mail& mail_;
  std::string mechanism_;
};

}  // namespace tocsin::run
