"""The proxies of the comparison: for each scenario the configuration that makes them do the same work, one worker each.

A method answers the command to start, or None where the proxy has no such scenario.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time

UPSTREAM_PORT = 24900
#: The same backend over HTTP/2, answering unary gRPC calls.
GRPC_PORT = 24901
BODY = '{"id":1,"name":"widget","price":12.5,"tags":["a","b","c"],"description":"a plain product of the catalogue, as a small JSON body"}'
SECRET = b"benchmark-secret-benchmark-secret"
ROUTES = 10_000


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token():
    """The JWT that the scenario `policies` sends."""
    head = base64url(b'{"alg":"HS256","typ":"JWT","kid":"k1"}')
    body = base64url(json.dumps({"iss": "bench", "sub": "bench-app", "exp": int(time.time()) + 86400}).encode())
    return f"{head}.{body}." + base64url(hmac.new(SECRET, f"{head}.{body}".encode(), hashlib.sha256).digest())


def find(name):
    """The path of a program: from $PEERS_BIN, the usual folders, or PATH."""
    for folder in [os.environ.get("PEERS_BIN", ""), "/usr/sbin", "/usr/bin"]:
        path = os.path.abspath(os.path.join(folder, name)) if folder else ""
        if path and os.access(path, os.X_OK):
            return path
    return shutil.which(name)


class Peers:
    def __init__(self, work, sluice):
        self.work, self.sluice_binary = work, sluice

    def command(self, name, port, scenario):
        command = getattr(self, name)(port, scenario)
        return command if command and command[0] else None

    def write(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def certificate(self):
        certificate, key = os.path.join(self.work, "t.crt"), os.path.join(self.work, "t.key")
        if not os.path.exists(certificate):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                            "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                           check=True, capture_output=True)
            self.write("t.pem", open(certificate).read() + open(key).read())
        return certificate, key

    def temporary_paths(self, prefix):
        return "".join(f"{kind}_temp_path {self.work}/{prefix}{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

    # ---- the service behind every proxy --------------------------------------------------------------------------------

    def upstream(self):
        with open(os.path.join(self.work, "mib"), "wb") as file:
            file.write(os.urandom(1 << 20))
        for name in ("grpc.bin", "grpc-request.bin"):
            with open(os.path.join(self.work, name), "wb") as file:
                file.write(b"\0" + len(BODY).to_bytes(4, "big") + BODY.encode())
        conf = self.write("upstream.conf", f"""worker_processes 1; pid {self.work}/up.pid; error_log {self.work}/up.err; daemon off; master_process off;
worker_rlimit_nofile 20000; events {{ worker_connections 16000; }}
http {{ access_log off; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s; {self.temporary_paths("up")}
server {{ listen 127.0.0.1:{UPSTREAM_PORT} reuseport backlog=4096; location /mib {{ root {self.work}; }}
location / {{ default_type application/json; return 200 '{BODY}'; }} }}
server {{ listen 127.0.0.1:{GRPC_PORT} http2 reuseport backlog=4096; root {self.work}; default_type application/grpc; error_page 405 =200 /grpc.bin;
location / {{ rewrite ^ /grpc.bin break; add_trailer grpc-status 0; }} }} }}""")
        return [find("nginx"), "-c", conf]

    # ---- the proxies ---------------------------------------------------------------------------------------------------

    def floor(self, port, scenario):
        """The least that a reverse proxy can do over epoll: a yardstick for `plain` alone."""
        if scenario != "plain" or not find("cc"):
            return None
        binary = os.path.join(self.work, "floor")
        if not os.path.exists(binary):
            subprocess.run([find("cc"), "-O2", "-o", binary, os.path.join(os.path.dirname(os.path.realpath(__file__)), "floor.c")], check=True)
        return [binary, str(port), str(UPSTREAM_PORT)]

    def nginx(self, port, scenario):
        if scenario == "policies":
            return None
        listen, ssl, cache = f"127.0.0.1:{port} reuseport backlog=4096", "", ""
        if scenario in ("tls", "h2tls"):
            certificate, key = self.certificate()
            listen += " ssl" + (" http2" if scenario == "h2tls" else "")
            ssl = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {certificate}; ssl_certificate_key {key};"
        if scenario in ("h2", "grpc"):
            listen += " http2"
        forward = ('proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; '
                   "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;")
        locations = f"location / {{ {forward} }}"
        if scenario == "grpc":
            locations = f"location / {{ grpc_pass grpc://127.0.0.1:{GRPC_PORT}; }}"
        if scenario == "routes":
            locations = "".join(f"location /service{i}/ {{ {forward} }}\n" for i in range(ROUTES))
        if scenario == "cache":
            cache = f"proxy_cache_path {self.work}/ncache keys_zone=c:20m;"
            locations = f"location / {{ {forward} proxy_cache c; proxy_cache_valid 200 600s; }}"
        conf = self.write(f"nginx-{scenario}.conf", f"""worker_processes 1; pid {self.work}/n{port}.pid; error_log {self.work}/n{port}.err; daemon off; master_process off;
worker_rlimit_nofile 20000; events {{ worker_connections 16000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s; {self.temporary_paths(f"n{port}")} {cache} client_max_body_size 0; proxy_buffering on;
upstream u {{ server 127.0.0.1:{UPSTREAM_PORT}; keepalive 1024; keepalive_requests 100000000; }}
server {{ listen {listen}; {ssl} {locations} }} }}""")
        return [find("nginx"), "-c", conf]

    def haproxy(self, port, scenario):
        if scenario == "cache":
            return None
        bind, rules, default = f"bind 127.0.0.1:{port}", "", "  default_backend b\n"
        if scenario in ("tls", "h2tls"):
            self.certificate()
            bind += f" ssl crt {self.work}/t.pem alpn {'h2,' if scenario == 'h2tls' else ''}http/1.1"
        if scenario in ("h2", "grpc"):
            bind += " proto h2"
        server = f"127.0.0.1:{GRPC_PORT} proto h2" if scenario == "grpc" else f"127.0.0.1:{UPSTREAM_PORT}"
        if scenario == "policies":
            rules = f"""  stick-table type string len 64 size 100k expire 60s store http_req_rate(60s)
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_verify("HS256","{SECRET.decode()}") 1 }}
  http-request track-sc0 http_auth_bearer,jwt_payload_query('$.sub')
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 1000000000 }}
  http-request set-header X-Gateway bench
  http-response del-header Server
"""
        if scenario == "routes":
            mapping = self.write("ha.map", "".join(f"/service{i}/ b\n" for i in range(ROUTES)))
            default = f"  use_backend %[path,map_beg({mapping})]\n"
        conf = self.write(f"ha-{scenario}.cfg", f"""global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  {bind}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
{rules}{default}backend b
  server s1 {server} pool-max-conn 1024
""")
        return [find("haproxy"), "-db", "-f", conf]

    def envoy(self, port, scenario):
        if not find("envoy") or scenario == "cache":
            return None
        tls, codec, filters, extra = "", "AUTO", "", ""
        if scenario in ("tls", "h2tls"):
            certificate, key = self.certificate()
            alpn = '["h2","http/1.1"]' if scenario == "h2tls" else '["http/1.1"]'
            tls = f"""
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context: {{alpn_protocols: {alpn}, tls_certificates: [{{certificate_chain: {{filename: {certificate}}}, private_key: {{filename: {key}}}}}]}}"""
        if scenario in ("h2", "grpc"):
            codec = "HTTP2"
        upstream, http2 = UPSTREAM_PORT, ""
        if scenario == "grpc":
            upstream, http2 = GRPC_PORT, """
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}"""
        if scenario == "policies":
            jwks = json.dumps({"keys": [{"kty": "oct", "kid": "k1", "alg": "HS256", "k": base64url(SECRET)}]})
            filters = f"""
          - name: envoy.filters.http.jwt_authn
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
              providers: {{p: {{issuer: bench, forward: true, local_jwks: {{inline_string: '{jwks}'}}, jwt_cache_config: {{jwt_cache_size: 1000}}}}}}
              rules: [{{match: {{prefix: /}}, requires: {{provider_name: p}}}}]
          - name: envoy.filters.http.local_ratelimit
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
              stat_prefix: r
              token_bucket: {{max_tokens: 1000000000, tokens_per_fill: 1000000000, fill_interval: 60s}}
              filter_enabled: {{default_value: {{numerator: 100, denominator: HUNDRED}}}}
              filter_enforced: {{default_value: {{numerator: 100, denominator: HUNDRED}}}}"""
            extra = ", request_headers_to_add: [{header: {key: x-gateway, value: bench}}], response_headers_to_remove: [server]"
        routes = '[{match: {prefix: "/"}, route: {cluster: u}}]'
        if scenario == "routes":
            routes = "[" + ",".join(f'{{match: {{prefix: "/service{i}/"}}, route: {{cluster: u}}}}' for i in range(ROUTES)) + "]"
        conf = self.write(f"envoy-{scenario}.yaml", f"""static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          codec_type: {codec}
          use_remote_address: true
          route_config: {{virtual_hosts: [{{name: v, domains: ["*"], routes: {routes}{extra}}}]}}
          http_filters:{filters}
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router, suppress_envoy_headers: true}}{tls}
  clusters:
  - name: u
    type: STATIC
    connect_timeout: 1s{http2}
    circuit_breakers: {{thresholds: [{{max_connections: 16000, max_pending_requests: 16000, max_requests: 16000}}]}}
    load_assignment: {{cluster_name: u, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]}}]}}
""")
        return [find("envoy"), "-c", conf, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]

    def caddy(self, port, scenario):
        if not find("caddy") or scenario in ("policies", "routes", "cache", "grpc"):
            return None
        tls, site, h2c = "", f"http://127.0.0.1:{port}", ""
        if scenario in ("tls", "h2tls"):
            certificate, key = self.certificate()
            site, tls = f"https://127.0.0.1:{port}", f"tls {certificate} {key}"
        if scenario == "h2":
            h2c = f"servers 127.0.0.1:{port} {{\n protocols h1 h2 h2c\n }}"
        conf = self.write(f"Caddyfile-{scenario}", f"""{{
 admin off
 auto_https off
 {h2c}
}}
{site} {{
 bind 127.0.0.1
 {tls}
 reverse_proxy 127.0.0.1:{UPSTREAM_PORT} {{
   transport http {{
     keepalive_idle_conns_per_host 1024
   }}
 }}
}}
""")
        return [find("caddy"), "run", "--adapter", "caddyfile", "--config", conf]

    def sluice(self, port, scenario):
        """None when this build does not accept the scenario's configuration."""
        listener = f"  - {{ name: web, address: 127.0.0.1:{port}, timeouts: {{ idle: 10m }} }}"
        if scenario in ("tls", "h2tls"):
            certificate, key = self.certificate()
            listener = f"""  - name: web
    address: 127.0.0.1:{port}
    protocols: [{'h2, ' if scenario == 'h2tls' else ''}http1]
    tls: {{ certificates: [{{ certificate: {certificate}, key: {key} }}] }}"""
        if scenario in ("h2", "grpc"):
            listener = f"  - {{ name: web, address: 127.0.0.1:{port}, protocols: [http1, h2c], timeouts: {{ idle: 10m }} }}"
        upstream = f"{GRPC_PORT} }}]\n    protocol: h2c" if scenario == "grpc" else f"{UPSTREAM_PORT} }}]"
        policies, consumers = "", ""
        if scenario == "policies":
            policies = f"""    policies:
      - jwt: {{ issuer: bench, keys: [{{ kid: k1, algorithm: HS256, secret: {SECRET.decode()} }}], consumerClaim: sub }}
      - rate-limit: {{ limit: 1000000000, window: 1m, by: consumer }}
      - headers: {{ request: {{ set: {{ x-gateway: bench }} }}, response: {{ remove: [server] }} }}"""
            consumers = "consumers:\n  - name: bench\n    credentials: [{ jwtClaim: { name: sub, value: bench-app } }]\n"
        if scenario == "cache":
            policies = "    policies:\n      - cache: { defaultTTL: 10m }"
        routes = '      - { name: all, match: { path: "/*" }, upstream: u }'
        if scenario == "routes":
            routes = "\n".join(f'      - {{ name: s{i}, match: {{ path: "/service{i}/*" }}, upstream: u }}' for i in range(ROUTES))
        conf = self.write(f"sluice-{scenario}.yaml", f"""runtime: {{ threads: 1 }}
admin: {{ address: 127.0.0.1:{port + 500} }}
storage: {{ database: "sqlite:{self.work}/sluice-{scenario}.db" }}
telemetry: {{ accessLog: none }}
listeners:
{listener}
upstreams:
  - name: u
    endpoints: [{{ address: 127.0.0.1:{upstream}
    limits: {{ connections: 4096, requests: 16000 }}
{consumers}apis:
  - name: bench
{policies}
    routes:
{routes}
""")
        check = subprocess.run([self.sluice_binary, "check", "--config", conf], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check.returncode:
            why = next((line for line in check.stderr.splitlines() if "error" in line), f"exit {check.returncode}")
            print(f"\n{scenario}: left out for Sluice, whose configuration is refused: {why.replace(self.work + '/', '')}")
            return None
        return [self.sluice_binary, "run", "--config", conf]
