"""Processes on their CPUs, load on them, and what they cost."""
import glob
import os
import re
import resource
import signal
import socket
import subprocess
import time

from peers import find

PROXY_CPU, LOAD_CPU = 0, 1
IDLE_CONNECTIONS = 5000


class Processes:
    """What was started, each pinned to a CPU, so that all of it can be ended."""

    def __init__(self, work):
        self.work, self.running = work, {}
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))

    def start(self, name, command, cpu, port):
        log = os.path.join(self.work, f"{name}.log")
        env = dict(os.environ, GOMAXPROCS="1", HOME=self.work, XDG_DATA_HOME=self.work, XDG_CONFIG_HOME=self.work)
        with open(log, "w") as output:
            process = subprocess.Popen(["taskset", "-c", str(cpu)] + command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env,
                                       start_new_session=True, cwd=self.work)
        self.running[name] = process
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                time.sleep(0.2)
                if process.poll() is None:
                    return process
            except OSError:
                pass
            if process.poll() is not None:
                raise SystemExit(f"{name} ended at start, exit {process.returncode}: {open(log).read()[-600:]}")
            time.sleep(0.1)
        raise SystemExit(f"{name} did not listen on {port} in 30 s")

    def stop(self, name):
        process = self.running.pop(name, None)
        if not process:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self):
        for name in list(self.running):
            self.stop(name)


def cpu_microseconds(process):
    """Time on a CPU, of all threads that there are now."""
    total = 0
    for file in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
        try:
            total += int(open(file).read().split()[0])
        except (OSError, IndexError):
            pass
    return total / 1e3


def resident_kib(process):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1])


def wrk(url, connections, seconds, headers=()):
    arguments = [part for header in headers for part in ("-H", header)]
    out = subprocess.run(["taskset", "-c", str(LOAD_CPU), find("wrk"), "-t1", f"-c{connections}", f"-d{seconds}", "--latency", *arguments, url],
                         capture_output=True, text=True).stdout

    def value(pattern):
        return re.search(pattern, out)

    def microseconds(text):
        return float(re.match(r"[\d.]+", text)[0]) * {"us": 1, "ms": 1e3, "s": 1e6}[re.search(r"[a-z]+$", text)[0]]

    requests = value(r"(\d+) requests in")
    if not requests or int(requests[1]) == 0:
        raise SystemExit(f"no request served at {url}: {out}")
    errors = value(r"Socket errors: (.*)")
    return dict(n=int(requests[1]), rps=float(value(r"Requests/sec:\s+([\d.]+)")[1]), p50=microseconds(value(r"(?m)^ +50%\s+(\S+)")[1]),
                p99=microseconds(value(r"(?m)^ +99%\s+(\S+)")[1]), bad=sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", out))),
                errors=errors[1] if errors else "")


def h2load(url, n, arguments=()):
    command = ["taskset", "-c", str(LOAD_CPU), find("h2load"), "-n", str(n), "-c", "8", "-m", "16", *arguments, url]
    out = subprocess.run(command, capture_output=True, text=True).stdout
    good = int(re.search(r"(\d+) 2xx", out)[1])
    return dict(n=n, rps=float(re.search(r"([\d.]+) req/s", out)[1]), p50=0, p99=0, bad=n - good, errors="")


def grpc(url, n, body):
    """Unary gRPC calls with the message in the file `body`."""
    return h2load(url, n, ["-H", "content-type: application/grpc", "-H", "te: trailers", "-d", body])


def idle(process, port):
    """Memory for each of many connections that were used once and wait."""
    before, sockets, bad = resident_kib(process), [], 0
    for _ in range(IDLE_CONNECTIONS):
        client = socket.create_connection(("127.0.0.1", port), 5)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bad += not client.recv(4096).startswith(b"HTTP/1.1 200")
        sockets.append(client)
    time.sleep(1)
    after = resident_kib(process)
    for client in sockets:
        client.close()
    time.sleep(1)
    return dict(n=IDLE_CONNECTIONS, rps=0, p50=0, p99=0, bad=bad, errors="", cpu_us=0, rss_kib=after, kib_per_connection=(after - before) / IDLE_CONNECTIONS)
