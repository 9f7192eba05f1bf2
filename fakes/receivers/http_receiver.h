#pragma once

#include "fakes/receivers/door.h"

namespace tocsin::receivers {

/// The services over HTTP, all of them on each port. The site outlives the service.
Result<std::unique_ptr<Service>> open_http_service(Site& site, std::uint16_t port);

}  // namespace tocsin::receivers
