#!/usr/bin/env python3
"""How long Sluice takes from its start until it is ready: with one route, and with many.

usage: start.py --sluice PATH [--routes 1,10000,100000] [--rounds 5]
"""
import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time


def configuration(folder, routes, port, admin):
    lines = "\n".join(f'      - {{ name: s{i}, match: {{ path: "/service{i}/*" }}, upstream: u }}' for i in range(routes))
    path = os.path.join(folder, f"routes-{routes}.yaml")
    with open(path, "w") as file:
        file.write(f"""admin: {{ address: 127.0.0.1:{admin} }}
listeners: [{{ name: web, address: 127.0.0.1:{port} }}]
upstreams: [{{ name: u, endpoints: [{{ address: 127.0.0.1:9 }}] }}]
apis:
  - name: start
    routes:
{lines}
""")
    return path


def is_ready(admin):
    try:
        with socket.create_connection(("127.0.0.1", admin), 1) as client:
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def start_once(binary, path, admin):
    """Milliseconds."""
    began = time.monotonic()
    process = subprocess.Popen([binary, "run", "--config", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not is_ready(admin):
        if process.poll() is not None:
            sys.exit(f"sluice ended with {process.returncode}: {process.stderr.read()[-600:]}")
        if time.monotonic() - began > 60:
            process.kill()
            sys.exit("sluice was not ready within 60 s")
        time.sleep(0.001)
    took = (time.monotonic() - began) * 1e3
    process.terminate()
    process.communicate()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--routes", default="1,10000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="sluice-start-")
    try:
        for routes in map(int, given.routes.split(",")):
            path = configuration(folder, routes, 24401, 24402)
            times = [start_once(os.path.abspath(given.sluice), path, 24402) for _ in range(given.rounds)]
            print(f"{routes:>8,} routes: {statistics.median(times):8.1f} ms from start to ready ({given.rounds} starts, {min(times):.1f} to {max(times):.1f})")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
