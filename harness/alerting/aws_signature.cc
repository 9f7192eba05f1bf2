#include "harness/alerting/aws_signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "harness/alerting/message.h"
#include "harness/rules/go_text.h"

namespace tocsin::alerting {
namespace {

std::string hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  return {reinterpret_cast<const char*>(digest), length};
}

std::string hexadecimal(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

struct Target {
  std::string host;
  std::string path = "/";
};

Target target_of(const std::string& url) {
  Target target;
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t slash = url.find('/', begin);
  target.host = url.substr(begin, slash - begin);
  if (slash != std::string::npos) target.path = url.substr(slash, url.find('?') - slash);
  return target;
}

}  // namespace

void AwsSigner::sign(HttpRequest& request, const std::string& service, Timestamp now) const {
  const std::string date = rules::go_time_format(now, "20060102T150405Z");
  const std::string day = date.substr(0, 8);
  const Target target = target_of(request.url);
  constexpr const char* kSigned = "host;x-amz-date";
  const std::string canonical =
      fmt::format("{}\n{}\n\nhost:{}\nx-amz-date:{}\n\n{}\n{}", request.method, target.path,
                  target.host, date, kSigned, group_key_hash(request.body));
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope, group_key_hash(canonical));
  std::string key = "AWS4" + secret_key;
  for (const std::string& part : {day, region, service, std::string("aws4_request")}) {
    key = hmac(key, part);
  }
  request.headers.emplace_back("X-Amz-Date", date);
  request.headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", access_key,
                  scope, kSigned, hexadecimal(hmac(key, text))));
}

}  // namespace tocsin::alerting
