#pragma once

#include <string>
#include <string_view>

/// Prometheus' template functions from text to text.

namespace tocsin::rules::templates {

/// Unicode's simple case mappings.
std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
/// The first letter of each word in upper case, the rest as it is.
std::string title_case(std::string_view text);

/// "host:9090" without the port; what is no host and port stays as it is.
std::string strip_port(std::string_view host_port);
/// "a.example.org:9090" is "a:9090"; IP addresses stay as they are.
std::string strip_domain(std::string_view host_port);

/// The decoded path of a URL.
std::string url_path(std::string_view url);

}  // namespace tocsin::rules::templates
