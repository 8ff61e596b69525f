"""A real nginx on loopback, with its own folder for everything."""

import os
import shutil
import subprocess

from .ports import free_port
from .process import end
from .raw import fetch
from .waiting import until

BINARY = shutil.which("nginx") or "/usr/sbin/nginx"


class Nginx:
    """Serves files from `root` at /files/, takes PUT there, answers `/` with `ok` and keeps connections."""

    def __init__(self, folder, locations: str = "", more: str = ""):
        self.folder, self.port = str(folder), free_port()
        self.root = os.path.join(self.folder, "files")
        self.locations, self.more, self.process = locations, more, None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        os.makedirs(self.root, exist_ok=True)
        temporary = "".join(f"{name}_temp_path {self.folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        configuration = os.path.join(self.folder, "nginx.conf")
        with open(configuration, "w") as file:
            file.write(f"""
daemon off; master_process off; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; {temporary} client_max_body_size 0; keepalive_requests 1000000000; keepalive_timeout 300s;
  default_type application/octet-stream;
  {self.more}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{ default_type text/plain; return 200 "ok\\n"; }}
    location /files/ {{ root {self.folder}; dav_methods PUT DELETE; create_full_put_path on; }}
    {self.locations}
  }}
}}
""")
        self.process = subprocess.Popen([BINARY, "-p", self.folder, "-c", configuration, "-e", f"{self.folder}/nginx.log"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, 10, "nginx answers")
        return self

    def _answers(self):
        assert self.process.poll() is None, open(f"{self.folder}/nginx.log").read()
        return fetch(("127.0.0.1", self.port)).status == 200

    def __exit__(self, *_):
        end(self.process)
