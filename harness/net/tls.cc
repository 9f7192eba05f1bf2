#include "harness/net/tls.h"

#include <array>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "harness/base/check.h"

namespace tocsin::net {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown reason";
}

bool is_numeric(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> ip(
      a2i_IPADDRESS(host.c_str()), &ASN1_OCTET_STRING_free);
  ERR_clear_error();
  return ip != nullptr;
}

/// OpenSSL as a pure state machine between two memory buffers: bytes from the lower stream go into
/// one, bytes for it come out of the other. So it works over any Stream, and every wait is the
/// lower stream's, with its deadline and cancellation.
class TlsStream final : public Stream {
 public:
  TlsStream(StreamPtr lower, std::unique_ptr<SSL, Free> ssl)
      : lower_(std::move(lower)),
        ssl_(std::move(ssl)),
        in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_.get(), in_, out_);
  }

  Task<Outcome<>> handshake(Nanos deadline) override {
    const auto step = [this] { return SSL_do_handshake(ssl_.get()); };
    const Outcome<int> done = co_await drive(step, deadline);
    if (!done) co_return done.error();
    co_return Outcome<>();
  }

  Task<Outcome<std::size_t>> read_some(std::span<char> into, Nanos deadline) override {
    const int room = static_cast<int>(std::min(into.size(), kMaxStep));
    const auto step = [&] { return SSL_read(ssl_.get(), into.data(), room); };
    const Outcome<int> got = co_await drive(step, deadline);
    if (!got) co_return got.error();
    co_return static_cast<std::size_t>(*got);
  }

  Task<Outcome<>> write_all(std::string_view bytes, Nanos deadline) override {
    while (!bytes.empty()) {
      const int size = static_cast<int>(std::min(bytes.size(), kMaxStep));
      const auto step = [&] { return SSL_write(ssl_.get(), bytes.data(), size); };
      const Outcome<int> put = co_await drive(step, deadline);
      if (!put) co_return put.error();
      bytes.remove_prefix(static_cast<std::size_t>(*put));
    }
    co_return Outcome<>();
  }

  Task<Outcome<>> shutdown(Nanos deadline) override {
    if (SSL_is_init_finished(ssl_.get()) != 0) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    const Outcome<> flushed = co_await flush(deadline);
    if (!flushed) co_return flushed.error();
    co_return co_await lower_->shutdown(deadline);
  }

  void close() noexcept override { lower_->close(); }
  void reset() noexcept override { lower_->reset(); }
  bool is_open() const override { return lower_->is_open(); }
  bool is_stale() const override { return SSL_pending(ssl_.get()) > 0 || lower_->is_stale(); }
  bool peer_gone() const override { return lower_->peer_gone(); }
  Address peer() const override { return lower_->peer(); }

 private:
  static constexpr std::size_t kMaxStep = 16 * 1024;

  /// Repeats `step` until it has succeeded, moving bytes in and out as OpenSSL asks.
  template <class Step>
  Task<Outcome<int>> drive(const Step& step, Nanos deadline) {
    while (true) {
      ERR_clear_error();
      const int result = step();
      const int why = SSL_get_error(ssl_.get(), result);
      Failure failure;
      if (result <= 0 && why != SSL_ERROR_WANT_READ) failure = failure_of(why);
      // An alert that explains the failure to the peer leaves here, too.
      const Outcome<> flushed = co_await flush(deadline);
      if (result <= 0 && why != SSL_ERROR_WANT_READ) co_return failure;
      if (!flushed) co_return flushed.error();
      if (result > 0) co_return result;
      const Outcome<> filled = co_await fill(deadline);
      if (!filled) co_return filled.error();
    }
  }

  Task<Outcome<>> flush(Nanos deadline) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out_, &bytes);
    if (size <= 0) co_return Outcome<>();
    const std::string_view all(bytes, static_cast<std::size_t>(size));
    const Outcome<> written = co_await lower_->write_all(all, deadline);
    static_cast<void>(BIO_reset(out_));
    if (!written) co_return written.error();
    co_return Outcome<>();
  }

  Task<Outcome<>> fill(Nanos deadline) {
    const Outcome<std::size_t> got = co_await lower_->read_some(buffer_, deadline);
    if (got) {
      BIO_write(in_, buffer_.data(), static_cast<int>(*got));
      co_return Outcome<>();
    }
    if (got.error().kind != NetFailure::kClosed) co_return got.error();
    // Good order would have been close_notify first: without it data may be missing.
    if (SSL_is_init_finished(ssl_.get()) != 0) co_return Failure{NetFailure::kReset};
    co_return Failure{NetFailure::kTls, "closed during the handshake"};
  }

  Failure failure_of(int why) {
    if (why == SSL_ERROR_ZERO_RETURN) return {NetFailure::kClosed};
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK && SSL_is_init_finished(ssl_.get()) == 0) {
      ERR_clear_error();
      return {NetFailure::kTls, X509_verify_cert_error_string(verdict)};
    }
    return {NetFailure::kTls, openssl_reason()};
  }

  StreamPtr lower_;
  std::unique_ptr<SSL, Free> ssl_;
  BIO* in_;   ///< owned by ssl_
  BIO* out_;  ///< owned by ssl_
  std::array<char, kMaxStep> buffer_;
};

Error tls_error(const std::string& what) {
  return io_error(what + ": " + openssl_reason());
}

}  // namespace

struct TlsContext::Impl {
  std::unique_ptr<SSL_CTX, Free> context;
  bool is_server = false;
  std::string server_name;
};

TlsContext::TlsContext() : impl_(std::make_unique<Impl>()) {}
TlsContext::~TlsContext() = default;

Result<TlsContextPtr> TlsContext::client(TlsClientOptions options) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  Impl& impl = *made->impl_;
  impl.context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = impl.context.get();
  if (context == nullptr) return tls_error("cannot set up TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  const bool own_authorities = !options.ca_file.empty();
  if (own_authorities &&
      SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    return tls_error("cannot read certificate authorities from " + options.ca_file);
  }
  if (options.verify && !own_authorities && SSL_CTX_set_default_verify_paths(context) != 1) {
    return tls_error("cannot read the system's certificate authorities");
  }
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  impl.server_name = std::move(options.server_name);
  return TlsContextPtr(std::move(made));
}

Result<TlsContextPtr> TlsContext::server(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  Impl& impl = *made->impl_;
  impl.is_server = true;
  impl.context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = impl.context.get();
  if (context == nullptr) return tls_error("cannot set up TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return tls_error("cannot read certificate " + options.certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return tls_error("cannot use key " + options.key_file);
  }
  return TlsContextPtr(std::move(made));
}

StreamPtr TlsContext::wrap(StreamPtr lower, const std::string& host) const {
  std::unique_ptr<SSL, Free> ssl(SSL_new(impl_->context.get()));
  TOCSIN_CHECK(ssl != nullptr, "out of memory for a TLS session");
  if (impl_->is_server) {
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsStream>(std::move(lower), std::move(ssl));
  }
  SSL_set_connect_state(ssl.get());
  const std::string& name = impl_->server_name.empty() ? host : impl_->server_name;
  TOCSIN_CHECK(!name.empty(), "an empty name would verify anybody");
  if (is_numeric(name)) {
    // An address is verified as one, and never sent as a server name (RFC 6066, section 3).
    TOCSIN_CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str()) == 1,
                 "OpenSSL refuses an address it has parsed");
  } else {
    SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    TOCSIN_CHECK(SSL_set1_host(ssl.get(), name.c_str()) == 1, "out of memory for a host name");
  }
  return std::make_unique<TlsStream>(std::move(lower), std::move(ssl));
}

}  // namespace tocsin::net
