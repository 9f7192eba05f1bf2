#include "harness/promapi/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/http/server.h"
#include "harness/net/timer.h"

namespace tocsin::promapi {
namespace {

/// How often a waiting request looks whether anyone waits for it.
constexpr Nanos kLookForClient = std::chrono::milliseconds(100);

/// A request on its way to a worker and back. `timer` is the loop's; all else is handed over with
/// the job.
struct Job {
  Job(net::Loop& loop, http::Request wanted)
      : request(std::move(wanted)), arrived(loop.now()), timer(loop) {}

  http::Request request;
  Nanos arrived;
  net::Timer timer;
  http::Response response;
  std::atomic<bool> abandoned{false};
};
using JobPtr = std::shared_ptr<Job>;

/// Threads that answer jobs in order of arrival.
class WorkerPool {
 public:
  WorkerPool(net::Loop& loop, const Api& api, std::size_t most_waiting)
      : loop_(loop), api_(api), most_waiting_(most_waiting) {}
  ~WorkerPool() { stop(); }

  void start(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  /// False when too many wait already.
  bool push(const JobPtr& job) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= most_waiting_) return false;
      waiting_.push_back(job);
    }
    wake_.notify_one();
    return true;
  }

  /// Takes a job back whose turn has not come; false when it has.
  bool take_back(const JobPtr& job) {
    const std::lock_guard lock(mutex_);
    return std::erase(waiting_, job) > 0;
  }

 private:
  void work() {
    while (JobPtr job = next()) {
      const auto waited = std::chrono::floor<Duration>(loop_.now() - job->arrived);
      job->response = api_.handle(job->request, waited, &job->abandoned);
      // The loop's thread has the last hold of the job.
      loop_.post([job = std::move(job)] { job->timer.notify(); });
    }
  }

  JobPtr next() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return nullptr;
    JobPtr job = std::move(waiting_.front());
    waiting_.pop_front();
    return job;
  }

  net::Loop& loop_;
  const Api& api_;
  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<JobPtr> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

http::Response too_many() {
  return http::text_response(503, "too many requests are waiting\n");
}

net::Task<http::Reply> answer_on_worker(net::Loop& loop, WorkerPool& pool, const Api& api,
                                        http::Request request) {
  const std::function<bool()> client_gone = std::exchange(request.client_gone, nullptr);
  const JobPtr job = std::make_shared<Job>(loop, std::move(request));
  const Duration limit = api.time_limit(job->request);
  Nanos deadline = net::kNoDeadline;
  if (limit > Duration(0)) deadline = net::deadline_in(limit);
  if (!pool.push(job)) co_return http::Reply(too_many());
  while (true) {
    const Nanos look = std::min(deadline, net::deadline_in(kLookForClient));
    const net::Wake wake = co_await job->timer.wait_until(look);
    if (wake == net::Wake::kNotified) co_return http::Reply(std::move(job->response));
    if (wake == net::Wake::kCancelled || (client_gone && client_gone())) {
      job->abandoned = true;
      pool.take_back(job);
      co_return http::Reply::close();
    }
    if (loop.now() < deadline) continue;
    if (pool.take_back(job)) co_return http::Reply(api.too_late(job->request));
    deadline = net::kNoDeadline;  // it is being answered, and keeps the time itself
  }
}

net::Task<http::Reply> answer_request(net::Loop& loop, WorkerPool& pool, const Api& api,
                                      http::Request request) {
  if (!Api::may_take_long(request)) co_return http::Reply(api.handle(request));
  co_return co_await answer_on_worker(loop, pool, api, std::move(request));
}

}  // namespace

struct ApiServer::Impl {
  Impl(const Api& served, const ApiServerOptions& options)
      : api(served), pool(loop, api, options.most_waiting) {}

  Result<void> open(const ApiServerOptions& options) {
    http::ServerOptions server_options;
    server_options.listen = options.listen;
    // A large result on a slow line may take a while.
    server_options.write_timeout = std::chrono::minutes(5);
    TRY(server, http::Server::open(
                    loop,
                    [this](http::Request request) {
                      return answer_request(loop, pool, api, std::move(request));
                    },
                    server_options));
    pool.start(options.workers);
    thread = std::thread([this] { loop.run(server->serve()); });
    return {};
  }

  void stop() {
    if (!thread.joinable()) return;
    loop.stop();
    thread.join();
    pool.stop();
  }

  const Api& api;
  net::Loop loop;
  WorkerPool pool;
  std::unique_ptr<http::Server> server;
  std::thread thread;
};

Result<std::unique_ptr<ApiServer>> ApiServer::open(const Api& api, ApiServerOptions options) {
  auto impl = std::make_unique<Impl>(api, options);
  TRY_VOID(impl->open(options));
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() {
  stop();
}
void ApiServer::stop() {
  impl_->stop();
}
std::string ApiServer::url() const {
  return impl_->server->url();
}

}  // namespace tocsin::promapi
