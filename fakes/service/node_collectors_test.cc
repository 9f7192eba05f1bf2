#include "fakes/service/node_collectors.h"

#include <gtest/gtest.h>

namespace tocsin::fakes {
namespace {

TEST(NodeCollectors, OwnWhatTheirNamesSay) {
  const std::pair<const char*, const char*> cases[] = {
      {"node_load15", "loadavg"},
      {"node_network_up", "netclass"},
      {"node_network_receive_bytes_total", "netdev"},
      {"node_network_transmit_queue_length", "netclass"},
      {"node_cpu_seconds_total", "cpu"},
      {"node_cpu_scaling_frequency_hertz", "cpufreq"},
      {"node_boot_time_seconds", "stat"},
      {"node_timex_offset_seconds", "timex"},
      {"node_time_seconds", "time"},
      {"node_nfsd_requests_total", "nfsd"},
      {"node_textfile_scrape_error", "textfile"},
      {"backup_last_success_timestamp_seconds", "textfile"},
      {"node_scrape_collector_success", ""},
      {"node_exporter_build_info", ""},
      {"go_goroutines", ""},
  };
  for (const auto& [family, collector] : cases) EXPECT_EQ(collector_of(family), collector);
}

TEST(NodeCollectors, RefusesWhatDoesNotRun) {
  EXPECT_EQ(wanted_collectors("collect[]=cpu&collect%5B%5D=loadavg&collect[]=cpu").value(),
            (std::set<std::string>{"cpu", "loadavg"}));
  EXPECT_TRUE(wanted_collectors("name[]=cpu").value().empty());
  const std::string beginning =
      "Couldn't create filtered metrics handler: couldn't create collector: ";
  EXPECT_EQ(wanted_collectors("collect[]=cpu&collect[]=cpus").error().message,
            beginning + "missing collector: cpus");
  EXPECT_EQ(wanted_collectors("collect[]=").error().message, beginning + "missing collector: ");
  EXPECT_EQ(wanted_collectors("collect[]=perf").error().message,
            beginning + "disabled collector: perf");
}

}  // namespace
}  // namespace tocsin::fakes
