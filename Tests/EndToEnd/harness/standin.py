"""Another HTTP/2 server in the gateway's place, in front of the same upstream: tells faults of cases from faults of the gateway."""

from __future__ import annotations

import os
import subprocess

from . import process
from .ports import free_port
from .raw import Connection
from .waiting import until

#: nginx, nghttpx, or empty: the gateway itself.
STAND_IN = os.environ.get("SLUICE_STAND_IN", "")

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port} http2; location / {{ proxy_pass http://{upstream}; proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off; }} }}
}}
"""


class StandIn:
    """Has what the runner uses of a gateway: `address` and `process`."""

    def __init__(self, folder, upstream):
        port = free_port()
        self.address = ("127.0.0.1", port)
        if STAND_IN == "nginx":
            (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, upstream=upstream.address))
            self.command = ["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        else:
            host, _, behind = upstream.address.rpartition(":")
            self.command = ["/usr/sbin/nghttpx", f"-f127.0.0.1,{port};no-tls", f"-b{host},{behind}", "--errorlog-file", str(folder / "error.log"), "--conf", "/dev/null"]

    def start(self) -> "StandIn":
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        until(lambda: Connection(self.address).close() is None, 10, "the stand-in accepts")
        return self

    def stop(self):
        process.end(self.process, 5)

    def assert_no_crash(self):
        assert self.process.returncode >= 0
