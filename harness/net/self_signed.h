#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/net/tls.h"

namespace tocsin::net {

/// A server's certificate of its own, made at this moment, good for a month: for servers that no
/// authority vouches for. The key is never seen outside; the certificate lies in a file, as long
/// as this lives, for clients that are to trust it.
class SelfSigned {
 public:
  /// `names` are host names and numeric addresses, at least one; `parent` is the folder that the
  /// file's own folder is made in, empty: the one for temporary files.
  static Result<std::unique_ptr<SelfSigned>> make(const std::vector<std::string>& names,
                                                  const std::string& parent = {});
  ~SelfSigned();
  SelfSigned(const SelfSigned&) = delete;
  SelfSigned& operator=(const SelfSigned&) = delete;

  const TlsContextPtr& server() const { return server_; }
  /// PEM.
  const std::string& certificate_file() const { return certificate_file_; }

 private:
  SelfSigned() = default;

  std::string folder_;
  std::string certificate_file_;
  TlsContextPtr server_;
};

}  // namespace tocsin::net
