#include "harness/run/fake_stage.h"

#include <algorithm>
#include <future>
#include <thread>

#include "fakes/service/control.h"
#include "fakes/service/front.h"
#include "fakes/service/model.h"
#include "harness/faults/proxy.h"
#include "harness/net/loop.h"
#include "harness/net/task_group.h"
#include "harness/run/stack.h"

namespace tocsin::run {

struct FakeStage::Impl {
  struct Actor {
    const scenario::Target* target = nullptr;
    std::unique_ptr<fakes::TargetModel> model;
    std::unique_ptr<fakes::TargetFront> front;
  };

  ~Impl() { join(); }

  Result<void> open(const scenario::System& system, const faults::FaultTimeline& faults,
                    const StageOptions& options) {
    for (const scenario::Target* target : targets_of(system)) {
      const bool service = target == &system.service;
      if (service ? options.without_service : options.without_exporters) continue;
      Actor& actor = actors.emplace_back();
      actor.target = target;
      fakes::ModelOptions model;
      model.seed = options.seed;
      model.noise = options.noise;
      model.start = options.start;
      model.time_scale = options.time_scale;
      // Targets begin with the service.
      if (!service && !options.without_service) {
        model.service = actors.front().model.get();
      }
      if (options.without_service) model.traffic = options.traffic;
      actor.model = std::make_unique<fakes::TargetModel>(*target, faults, model);
      fakes::FrontOptions front;
      front.host = options.host;
      front.port = options.documented_ports ? target->port : std::uint16_t{0};
      front.offset = options.offset;
      front.time_scale = options.time_scale;
      auto opened = fakes::TargetFront::open(loop, *actor.model, faults, front);
      if (opened.has_error()) {
        Error error = opened.error();
        error.context.push_back("while starting the fake " + target->name);
        return error;
      }
      actor.front = std::move(*opened);
    }
    if (options.control) TRY_VOID(open_control(system, faults, options));
    std::vector<net::Address> upstream = options.elsewhere;
    if (const Actor* service = find("service")) {
      upstream.assign(1, {options.host, service->front->port()});
    }
    if (!upstream.empty()) TRY_VOID(open_proxy(std::move(upstream), faults, options));
    thread = std::thread([this] { loop.run(serve()); });
    return {};
  }

  Result<void> open_control(const scenario::System& system, const faults::FaultTimeline& faults,
                            const StageOptions& options) {
    control = std::make_unique<fakes::FaultControl>(
        system, faults.faults(), options.offset,
        [this](std::shared_ptr<const faults::FaultTimeline> timeline) {
          for (Actor& actor : actors) actor.front->set_faults(*timeline);
          timeline_in_force = std::move(timeline);
        });
    TRY(control_front,
        fakes::ControlFront::open(loop, *control, options.host, options.control_port));
    return {};
  }

  /// Only where the network has faults: what goes through a proxy is a little slower.
  Result<void> open_proxy(std::vector<net::Address> upstream, const faults::FaultTimeline& faults,
                          const StageOptions& options) {
    const auto on_network = [](const faults::Fault& fault) {
      return !fault.network_faults.empty();
    };
    if (std::none_of(faults.faults().begin(), faults.faults().end(), on_network)) return {};
    faults::ProxyOptions proxied;
    // The way to somebody else's service is for this machine only.
    if (options.elsewhere.empty()) proxied.host = options.host;
    proxied.upstream = std::move(upstream);
    proxied.offset = options.offset;
    proxied.time_scale = options.time_scale;
    proxied.seed = options.seed;
    TRY(proxy, faults::NetworkProxy::open(loop, faults, std::move(proxied)));
    return {};
  }

  net::Task<void> serve() {
    net::TaskGroup group(loop);
    if (proxy) group.spawn(proxy->serve());
    for (Actor& actor : actors) group.spawn(actor.front->serve());
    if (control_front) group.spawn(control_front->serve());
    co_await group.join();
  }

  void join() {
    if (!thread.joinable()) return;
    loop.stop();
    thread.join();
  }

  const Actor* find(const std::string& name) const {
    for (const Actor& actor : actors) {
      if (actor.target->name == name) return &actor;
    }
    return nullptr;
  }

  // The loop outlives what was made on it.
  net::Loop loop;
  std::vector<Actor> actors;
  std::unique_ptr<fakes::FaultControl> control;
  std::unique_ptr<fakes::ControlFront> control_front;
  std::unique_ptr<faults::NetworkProxy> proxy;
  std::shared_ptr<const faults::FaultTimeline> timeline_in_force;
  std::thread thread;
};

FakeStage::FakeStage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FakeStage::~FakeStage() = default;

Result<std::unique_ptr<FakeStage>> FakeStage::open(const scenario::System& system,
                                                   const faults::FaultTimeline& faults,
                                                   StageOptions options) {
  auto impl = std::make_unique<Impl>();
  auto opened = impl->open(system, faults, options);
  if (opened.has_error()) return opened.error();
  return std::unique_ptr<FakeStage>(new FakeStage(std::move(impl)));
}

void FakeStage::stop() {
  impl_->join();
}

void FakeStage::begin_at(Timestamp start) {
  // A loop that nothing serves on is over already.
  if (impl_->actors.empty()) return;
  std::promise<void> done;
  impl_->loop.post([this, start, &done] {
    for (Impl::Actor& actor : impl_->actors) actor.model->set_start(start);
    done.set_value();
  });
  done.get_future().wait();
}

std::string FakeStage::url(const std::string& target) const {
  const Impl::Actor* actor = impl_->find(target);
  return actor == nullptr ? "" : actor->front->url();
}

std::string FakeStage::load_url() const {
  return impl_->proxy ? impl_->proxy->url() : url("service");
}

std::optional<net::Address> FakeStage::proxy() const {
  if (impl_->proxy == nullptr) return std::nullopt;
  return impl_->proxy->address();
}

std::string FakeStage::control_url() const {
  return impl_->control_front ? impl_->control_front->url() : "";
}

}  // namespace tocsin::run
