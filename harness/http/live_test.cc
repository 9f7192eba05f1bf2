#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "harness/base/scratch_folder.h"
#include "harness/http/client_connection.h"
#include "harness/http/test_support.h"

/// Against other people's programs, where they are installed: curl, nginx, Python's http.server.

namespace tocsin::http {
namespace {

using testing::HasSubstr;

bool installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> buffer;
  while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), got);
  }
  pclose(pipe);
  return output;
}

/// The output of a command that talks to this loop, which goes on meanwhile.
net::Task<std::string> run_beside(net::Loop& loop, std::string command) {
  std::string output;
  net::Timer ended(loop);
  std::thread thread([&] {
    output = output_of(command);
    loop.post([&] { ended.notify(); });
  });
  const net::Wake wake = co_await ended.wait_until(soon());
  EXPECT_EQ(wake, net::Wake::kNotified) << command;
  thread.join();
  co_return output;
}

void make_certificate(const ScratchFolder& scratch) {
  const std::string command =
      "cd " + scratch.path() +
      " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
      "-keyout key.pem -out cert.pem 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
}

net::TlsContextPtr trusting(const ScratchFolder& scratch) {
  net::TlsClientOptions options;
  options.ca_file = scratch.path() + "/cert.pem";
  return net::TlsContext::client(options).value();
}

TEST(Live, CurlTalksToTheServer) {
  if (!installed("curl")) GTEST_SKIP() << "no curl";
  with_server(echo, {}, [](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::string twice = co_await run_beside(
        loop, "curl -sS -w '|%{num_connects}|' " + server.url() + "/a " + server.url() + "/b 2>&1");
    EXPECT_EQ(twice, "GET /a |1|GET /b |0|");
    const std::string head = co_await run_beside(loop, "curl -sSI " + server.url() + "/h 2>&1");
    EXPECT_THAT(head, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(head, HasSubstr("Content-Length: 7\r\n"));
    const std::string chunked = co_await run_beside(
        loop, "printf abc | curl -sS -T - -H 'Expect: 100-continue' " + server.url() + "/up 2>&1");
    EXPECT_EQ(chunked, "PUT /up abc");
    const std::string old = co_await run_beside(loop, "curl -sS -0 " + server.url() + "/o 2>&1");
    EXPECT_EQ(old, "GET /o ");
  });
}

TEST(Live, CurlTalksTlsToTheServer) {
  if (!installed("curl") || !installed("openssl")) GTEST_SKIP() << "no curl or openssl";
  const ScratchFolder scratch;
  make_certificate(scratch);
  net::TlsServerOptions files;
  files.certificate_file = scratch.path() + "/cert.pem";
  files.key_file = scratch.path() + "/key.pem";
  ServerOptions options;
  options.listen.tls = net::TlsContext::server(files).value();
  with_server(echo, options, [&](net::Loop& loop, Server& server) -> net::Task<void> {
    const std::string body = co_await run_beside(
        loop, "curl -sS --cacert " + scratch.path() + "/cert.pem " + server.url() + "/s 2>&1");
    EXPECT_EQ(body, "GET /s ");
    const std::string refused = co_await run_beside(loop, "curl -sS " + server.url() + " 2>&1");
    EXPECT_THAT(refused, HasSubstr("certificate"));
    ClientOptions client_options;
    client_options.tls = trusting(scratch);
    Client client(loop, url_of(server), client_options);
    for (int i = 0; i < 3; ++i) {
      const Request request;
      const auto response = co_await client.send(request, soon());
      EXPECT_EQ(response.value().body, "GET / ");
    }
    EXPECT_EQ(client.connections(), 1U);
  });
}

std::uint16_t free_port() {
  net::Loop loop;
  const net::ListenOptions options;
  return net::Listener::open(loop, options).value().port();
}

/// nginx on a plain and a TLS port.
class Nginx {
 public:
  Nginx() {
    // nginx, when root has started it, reads files as somebody else.
    std::filesystem::permissions(scratch_.path(), std::filesystem::perms(0755));
    make_certificate(scratch_);
    const std::string& at = scratch_.path();
    std::string config =
        "worker_processes 1; pid pid; error_log error.log;\n"
        "events { worker_connections 64; }\n"
        "http { access_log off; gzip on; gzip_min_length 1; gzip_types *;\n";
    for (const char* kind : {"body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      const std::string directive = std::string(kind) == "body" ? "client_body" : kind;
      config += directive + "_temp_path " + at + '/' + kind + ";\n";
    }
    config += "server { listen 127.0.0.1:" + std::to_string(port) +
              "; listen 127.0.0.1:" + std::to_string(tls_port) + " ssl; ssl_certificate " + at +
              "/cert.pem;\n" + "ssl_certificate_key " + at + "/key.pem; root " + at + ";\n" +
              "location /moved { return 301 /elsewhere; } } }\n";
    scratch_.write("nginx.conf", config);
    scratch_.write("page.txt", std::string(50'000, 'p'));
    EXPECT_EQ(std::system(command("").c_str()), 0);
  }
  ~Nginx() {
    EXPECT_EQ(std::system(command(" -s stop").c_str()), 0);
    // That only asks; the last thing that nginx does in its folder is to remove this file.
    const Nanos deadline = soon();
    while (std::filesystem::exists(scratch_.path("pid")) && system_clock().monotonic() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_FALSE(std::filesystem::exists(scratch_.path("pid"))) << "nginx goes on";
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  net::TlsContextPtr tls() const { return trusting(scratch_); }

  const std::uint16_t port = free_port();
  const std::uint16_t tls_port = free_port();

 private:
  std::string command(const std::string& arguments) const {
    return "nginx -p " + scratch_.path() + " -c nginx.conf" + arguments + " >/dev/null 2>&1";
  }

  ScratchFolder scratch_;
};

TEST(Live, ClientsTalkToNginx) {
  if (!installed("nginx") || !installed("openssl")) GTEST_SKIP() << "no nginx or openssl";
  const Nginx nginx;
  net::Loop loop;
  const auto main = [&]() -> net::Task<void> {
    for (const bool tls : {false, true}) {
      Url url;
      url.tls = tls;
      url.host = "127.0.0.1";
      url.port = tls ? nginx.tls_port : nginx.port;
      ClientOptions options;
      options.tls = nginx.tls();
      Client client(loop, url, options);
      Request request;
      request.target = "/page.txt";
      const auto page = co_await client.send(request, soon());
      EXPECT_EQ(page.value().status, 200);
      EXPECT_TRUE(page.value().body == std::string(50'000, 'p'));
      request.method = "HEAD";
      const auto head = co_await client.send(request, soon());
      EXPECT_EQ(head.value().headers.get("Content-Length"), "50000");
      request.method = "GET";
      request.headers.add("Accept-Encoding", "gzip");  // nginx chunks what it compresses
      const auto packed = co_await client.send(request, soon());
      EXPECT_EQ(packed.value().headers.get("Transfer-Encoding"), "chunked");
      EXPECT_TRUE(packed.value().body.starts_with("\x1f\x8b"));
      request.target = "/moved";
      const auto moved = co_await client.send(request, soon());
      EXPECT_EQ(moved.value().status, 301);
      EXPECT_EQ(client.connections(), 1U);

      Peer peer;
      peer.host = url.host;
      peer.tls = tls ? nginx.tls() : nullptr;
      peer.addresses = (co_await net::resolve(loop, url.host, url.port, soon())).value();
      ClientConnection connection(loop, peer);
      request.headers.set("Host", "h");
      request.target = "/page.txt";
      const std::string wire = serialize(request);
      for (int i = 0; i < 3; ++i) {
        const auto done = co_await connection.send(wire, AnswerTo::kGet, soon());
        EXPECT_EQ(done.value().status, 200);
        EXPECT_EQ(done.value().connected, i == 0);
        EXPECT_EQ(done.value().body_bytes, packed.value().body.size());
      }
    }
  };
  loop.run(main());
}

TEST(Live, ClientsTalkToPython) {
  if (!installed("python3")) GTEST_SKIP() << "no python3";
  const ScratchFolder scratch;
  scratch.write("a.txt", "from python");
  // The shell says its process id and becomes the server, which says its port.
  const std::string command = "echo $$; exec python3 -u -m http.server 0 --bind 127.0.0.1 -d " +
                              scratch.path() + " 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  int process = 0;
  int port = 0;
  ASSERT_EQ(std::fscanf(pipe, "%d Serving HTTP on 127.0.0.1 port %d", &process, &port), 2);
  net::Loop loop;
  const auto main = [&]() -> net::Task<void> {
    const Url url = parse_url("http://127.0.0.1:" + std::to_string(port) + "/a.txt").value();
    const FetchOptions options;
    const auto page = co_await fetch(loop, url, options);  // HTTP/1.0, closed by the server
    EXPECT_EQ(page.value().body, "from python");
    const Url missing = parse_url(url.origin() + "/b").value();
    const auto none = co_await fetch(loop, missing, options);
    EXPECT_EQ(none.value().status, 404);
  };
  loop.run(main());
  EXPECT_EQ(std::system(("kill " + std::to_string(process)).c_str()), 0);
  pclose(pipe);
}

}  // namespace
}  // namespace tocsin::http
