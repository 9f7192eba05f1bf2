#include "fakes/receivers/receiver_server.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "fakes/receivers/door.h"
#include "fakes/receivers/http_receiver.h"
#include "fakes/receivers/mail/smtp_receiver.h"
#include "fakes/receivers/paths.h"
#include "fakes/receivers/reading.h"
#include "harness/net/self_signed.h"
#include "harness/net/task_group.h"

namespace tocsin::receivers {

struct ReceiverServer::Impl {
  explicit Impl(ReceiverOptions with)
      : options(std::move(with)), store(options.limits), opened(system_clock().monotonic()) {
    if (!options.offset) {
      options.offset = [this] {
        return std::chrono::floor<Duration>(system_clock().monotonic() - opened);
      };
    }
  }

  Result<void> open(net::Loop& on);
  Result<void> open_http_doors();
  Result<void> open_mail_doors();
  Result<net::TlsContextPtr> load_certificate();
  net::Task<void> serve();
  std::string origin(const Door& door) const {
    return net::to_string(net::Address{options.host, door.port()});
  }

  ReceiverOptions options;
  TroubleSchedule schedule;
  RecordStore store;
  const Nanos opened;
  std::unique_ptr<net::Loop> own_loop;  ///< before what lives on it
  net::Loop* loop = nullptr;
  std::unique_ptr<Site> site;
  SmtpSettings smtp_settings;
  std::unique_ptr<net::SelfSigned> self_signed;
  std::unique_ptr<Door> http;
  std::unique_ptr<Door> smtp;
  std::unique_ptr<Door> smtps;
  std::map<IntegrationId, std::unique_ptr<Door>> own_doors;
  std::thread thread;
};

Result<void> ReceiverServer::Impl::open(net::Loop& on) {
  loop = &on;
  for (IntegrationSetup& setup : options.integrations) {
    if (!is_spoken(setup.id.kind) && setup.id.kind != "email") {
      return input_error({}, fmt::format("no receiver of kind \"{}\" is known", setup.id.kind));
    }
    for (const Trouble& trouble : setup.troubles) TRY_VOID(check_trouble(setup.id, trouble));
    schedule.add(setup.id, setup.troubles);
  }
  site = std::make_unique<Site>(Site{on, options, schedule, store});
  for (const IntegrationSetup& setup : options.integrations) {
    site->memories[setup.id].transitions = setup.transitions;
  }
  TRY_VOID(open_http_doors());
  return open_mail_doors();
}

Result<void> ReceiverServer::Impl::open_http_doors() {
  const auto open_http = [this](std::uint16_t port) { return open_http_service(*site, port); };
  TRY(http, Door::open(*site, open_http, options.http_port, std::nullopt));
  for (const IntegrationSetup& setup : options.integrations) {
    const bool own = std::any_of(setup.troubles.begin(), setup.troubles.end(), is_of_the_door);
    if (!own || setup.id.kind == "email") continue;
    TRY(own_doors[setup.id], Door::open(*site, open_http, 0, setup.id));
  }
  return {};
}

Result<net::TlsContextPtr> ReceiverServer::Impl::load_certificate() {
  const SmtpManners& manners = options.smtp;
  if (!manners.certificate_file.empty()) {
    return net::TlsContext::server({manners.certificate_file, manners.key_file});
  }
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  if (options.host != "127.0.0.1" && options.host != "::1") names.push_back(options.host);
  TRY(self_signed, net::SelfSigned::make(names, options.folder));
  return self_signed->server();
}

Result<void> ReceiverServer::Impl::open_mail_doors() {
  smtp_settings.message_bytes = options.limits.body_bytes;
  smtp_settings.offers_tls = options.smtp.starttls;
  smtp_settings.needs_tls = options.smtp.needs_tls;
  smtp_settings.needs_auth = options.smtp.needs_auth;
  smtp_settings.users = options.smtp.users;
  TRY(const net::TlsContextPtr tls, load_certificate());
  const auto opener = [this, tls](bool implicit_tls, std::optional<IntegrationId> whose) {
    return [this, tls, implicit_tls, whose](std::uint16_t port) {
      return open_smtp_service(*site, SmtpPort{smtp_settings, tls, implicit_tls, whose}, port);
    };
  };
  TRY(smtp, Door::open(*site, opener(false, std::nullopt), options.smtp_port, std::nullopt));
  TRY(smtps, Door::open(*site, opener(true, std::nullopt), options.smtps_port, std::nullopt));
  for (const IntegrationSetup& setup : options.integrations) {
    if (setup.id.kind != "email") continue;
    TRY(own_doors[setup.id], Door::open(*site, opener(setup.implicit_tls, setup.id), 0, setup.id));
  }
  return {};
}

net::Task<void> ReceiverServer::Impl::serve() {
  net::TaskGroup group(*loop);
  for (Door* const door : {http.get(), smtp.get(), smtps.get()}) group.spawn(door->serve());
  for (const auto& [id, door] : own_doors) group.spawn(door->serve());
  co_await group.join();
}

ReceiverServer::ReceiverServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ReceiverServer::~ReceiverServer() {
  if (impl_->own_loop) stop();
}

Result<std::unique_ptr<ReceiverServer>> ReceiverServer::open(net::Loop& loop,
                                                             ReceiverOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  TRY_VOID(impl->open(loop));
  return std::unique_ptr<ReceiverServer>(new ReceiverServer(std::move(impl)));
}

Result<std::unique_ptr<ReceiverServer>> ReceiverServer::open(ReceiverOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  impl->own_loop = std::make_unique<net::Loop>();
  TRY_VOID(impl->open(*impl->own_loop));
  Impl& running = *impl;
  impl->thread = std::thread([&running] { running.loop->run(running.serve()); });
  return std::unique_ptr<ReceiverServer>(new ReceiverServer(std::move(impl)));
}

std::string ReceiverServer::url_of(const std::string& receiver, const std::string& kind,
                                   std::size_t index) const {
  const IntegrationId id{receiver, kind, index};
  const auto own = impl_->own_doors.find(id);
  const Door& door = own == impl_->own_doors.end() ? *impl_->http : *own->second;
  return "http://" + impl_->origin(door) + path_of(id);
}

std::string ReceiverServer::smtp_address(const std::string& receiver, std::size_t index) const {
  const auto own = impl_->own_doors.find({receiver, "email", index});
  return impl_->origin(own == impl_->own_doors.end() ? *impl_->smtp : *own->second);
}

std::string ReceiverServer::smtps_address() const {
  return impl_->origin(*impl_->smtps);
}

std::string ReceiverServer::certificate_file() const {
  return impl_->self_signed ? impl_->self_signed->certificate_file()
                            : impl_->options.smtp.certificate_file;
}

std::vector<Received> ReceiverServer::received() const {
  return impl_->store.received();
}

std::vector<Received> ReceiverServer::take() {
  return impl_->store.take();
}

ReceiverCounters ReceiverServer::counters() const {
  return impl_->store.counters();
}

bool ReceiverServer::wait_for(std::uint64_t count, Nanos longest) const {
  return impl_->store.wait_for(count, longest);
}

net::Task<void> ReceiverServer::serve() {
  return impl_->serve();
}

void ReceiverServer::stop() {
  Impl& impl = *impl_;
  const auto stop_doors = [&impl] {
    for (Door* const door : {impl.http.get(), impl.smtp.get(), impl.smtps.get()}) door->stop();
    for (const auto& [id, door] : impl.own_doors) door->stop();
  };
  if (!impl.own_loop) {
    stop_doors();
  } else if (impl.thread.joinable()) {
    impl.loop->post(stop_doors);
    impl.thread.join();
  }
}

}  // namespace tocsin::receivers
