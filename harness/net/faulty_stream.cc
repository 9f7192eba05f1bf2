#include "harness/net/faulty_stream.h"

#include <algorithm>
#include <utility>

namespace tocsin::net {

FaultyStream::FaultyStream(StreamPtr lower, FaultPlan& plan)
    : lower_(std::move(lower)), plan_(plan) {}

bool FaultyStream::strikes() {
  ++plan_.steps;
  if (plan_.struck()) lower_->reset();
  return plan_.struck();
}

Task<Outcome<std::size_t>> FaultyStream::read_some(std::span<char> into, Nanos deadline) {
  if (strikes()) co_return plan_.failure;
  if (plan_.read_limit > 0) into = into.first(std::min(into.size(), plan_.read_limit));
  co_return co_await lower_->read_some(into, deadline);
}

Task<Outcome<>> FaultyStream::write_all(std::string_view bytes, Nanos deadline) {
  if (strikes()) co_return plan_.failure;
  co_return co_await lower_->write_all(bytes, deadline);
}

Task<Outcome<>> FaultyStream::shutdown(Nanos deadline) {
  if (strikes()) co_return plan_.failure;
  co_return co_await lower_->shutdown(deadline);
}

void FaultyStream::close() noexcept {
  lower_->close();
}
void FaultyStream::reset() noexcept {
  lower_->reset();
}
bool FaultyStream::is_open() const {
  return lower_->is_open();
}
bool FaultyStream::is_stale() const {
  return lower_->is_stale();
}
bool FaultyStream::peer_gone() const {
  return lower_->peer_gone();
}
Address FaultyStream::peer() const {
  return lower_->peer();
}

}  // namespace tocsin::net
