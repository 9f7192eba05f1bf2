#include "fakes/service/node_collectors.h"

#include <algorithm>
#include <array>

#include "harness/http/query.h"

namespace tocsin::fakes {
namespace {

struct Collector {
  std::string_view name;
  /// What its families begin with; of several collectors' the longest counts.
  std::vector<std::string_view> families = {};
};

/// Those that run unless told otherwise, as of node_exporter 1.5.0.
const std::vector<Collector>& enabled_collectors() {
  static const std::vector<Collector> kEnabled = {
      {"arp", {"node_arp_"}},
      {"bcache", {"node_bcache_"}},
      {"bonding", {"node_bonding_"}},
      {"btrfs", {"node_btrfs_"}},
      {"conntrack", {"node_nf_conntrack_"}},
      {"cpu", {"node_cpu_"}},
      {"cpufreq", {"node_cpu_scaling_", "node_cpu_frequency_"}},
      {"diskstats", {"node_disk_"}},
      {"dmi", {"node_dmi_"}},
      {"edac", {"node_edac_"}},
      {"entropy", {"node_entropy_"}},
      {"fibrechannel", {"node_fibrechannel_"}},
      {"filefd", {"node_filefd_"}},
      {"filesystem", {"node_filesystem_"}},
      {"hwmon", {"node_hwmon_"}},
      {"infiniband", {"node_infiniband_"}},
      {"ipvs", {"node_ipvs_"}},
      {"loadavg", {"node_load"}},
      {"mdadm", {"node_md_"}},
      {"meminfo", {"node_memory_"}},
      {"netclass", {"node_network_", "node_network_transmit_queue_length"}},
      {"netdev", {"node_network_receive_", "node_network_transmit_"}},
      {"netstat", {"node_netstat_"}},
      {"nfs", {"node_nfs_"}},
      {"nfsd", {"node_nfsd_"}},
      {"nvme", {"node_nvme_"}},
      {"os", {"node_os_"}},
      {"powersupplyclass", {"node_power_supply_"}},
      {"pressure", {"node_pressure_"}},
      {"rapl", {"node_rapl_"}},
      {"schedstat", {"node_schedstat_"}},
      {"selinux", {"node_selinux_"}},
      {"sockstat", {"node_sockstat_"}},
      {"softnet", {"node_softnet_"}},
      {"stat",
       {"node_boot_time_", "node_context_switches_", "node_forks_", "node_intr_", "node_procs_",
        "node_softirqs_"}},
      {"systemd", {"node_systemd_"}},
      {"tapestats", {"node_tape_"}},
      {"textfile", {"node_textfile_"}},
      {"thermal_zone", {"node_thermal_zone_", "node_cooling_device_"}},
      {"time", {"node_time_"}},
      {"timex", {"node_timex_"}},
      {"udp_queues", {"node_udp_queues"}},
      {"uname", {"node_uname_"}},
      {"vmstat", {"node_vmstat_"}},
      {"xfs", {"node_xfs_"}},
      {"zfs", {"node_zfs_"}},
  };
  return kEnabled;
}

/// Those that its command line has to enable.
constexpr std::array<std::string_view, 23> kDisabled = {
    "buddyinfo",   "cgroups", "drbd",      "drm",          "ethtool",    "interrupts",
    "ksmd",        "lnstat",  "logind",    "meminfo_numa", "mountstats", "network_route",
    "ntp",         "perf",    "processes", "qdisc",        "runit",      "slabinfo",
    "supervisord", "sysctl",  "tcpstat",   "wifi",         "zoneinfo"};

/// On every page, whatever was asked for.
bool is_of_exporter(std::string_view family) {
  return family.starts_with("go_") || family.starts_with("process_") ||
         family.starts_with("promhttp_") || family == "node_exporter_build_info";
}

bool tells_of_collectors(std::string_view family) {
  return family.starts_with("node_scrape_collector_");
}

}  // namespace

Result<std::set<std::string>> wanted_collectors(std::string_view query) {
  std::set<std::string> wanted;
  for (std::string& name : http::query_values(query, "collect[]")) {
    const auto is_it = [&](const Collector& known) { return known.name == name; };
    const std::vector<Collector>& enabled = enabled_collectors();
    if (std::none_of(enabled.begin(), enabled.end(), is_it)) {
      const bool known = std::find(kDisabled.begin(), kDisabled.end(), name) != kDisabled.end();
      return input_error({}, std::string("Couldn't create filtered metrics handler: couldn't "
                                         "create collector: ") +
                                 (known ? "disabled" : "missing") + " collector: " + name);
    }
    wanted.insert(std::move(name));
  }
  return wanted;
}

std::string_view collector_of(std::string_view family) {
  if (is_of_exporter(family) || tells_of_collectors(family)) return {};
  std::string_view owner = "textfile";
  std::size_t longest = 0;
  for (const Collector& collector : enabled_collectors()) {
    for (const std::string_view beginning : collector.families) {
      if (beginning.size() <= longest || !family.starts_with(beginning)) continue;
      longest = beginning.size();
      owner = collector.name;
    }
  }
  return owner;
}

void keep_collectors(const std::set<std::string>& wanted,
                     std::vector<metrics::FamilySamples>& page) {
  if (wanted.empty()) return;
  const auto is_wanted = [&](std::string_view name) { return wanted.contains(std::string(name)); };
  for (metrics::FamilySamples& family : page) {
    if (!tells_of_collectors(family.info.name)) continue;
    std::erase_if(family.samples, [&](const metrics::ExpositionSample& sample) {
      return !is_wanted(sample.labels.get("collector"));
    });
  }
  std::erase_if(page, [&](const metrics::FamilySamples& family) {
    const std::string_view collector = collector_of(family.info.name);
    return !collector.empty() && !is_wanted(collector);
  });
}

}  // namespace tocsin::fakes
