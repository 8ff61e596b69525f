#!/usr/bin/env python3
"""Floods from a thousand addresses, and what fifty honest clients notice of them, with guards and without.

The gateway and the clients are in network namespaces of their own, which end with this script: it takes root, and changes nothing outside.
The gateway has one event loop on CPU 0; the attackers (`flood.c`, at low priority) and the honest clients (at high priority) are on CPU 1.
Honest clients ask ten times a second and open a new connection for every twentieth request; what a new connection costs is part of the
request's time. The flood begins with the measurement, so the time before bans are found out counts.

usage: flood.py --sluice PATH [--kinds requests,heads] [--seconds 10] [--guards on,off] [--settings JSON] [--json]
"""
import argparse
import asyncio
import ctypes
import http.client
import json
import os
import resource
import signal
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
GATEWAY, CLIENTS = "10.78.0.1", "10.78.0.2"
ATTACKERS, ATTACKER_COUNT = "10.77.4.1", 1000
HONEST_COUNT = 50
PLAIN, SECURE, ADMIN, UPSTREAM = 8080, 8443, 9180, 9000
GATEWAY_CPU, CLIENT_CPU = 0, 1


def die_with_parent():
    """Nothing outlives the script, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start(command, **more):
    return subprocess.Popen([str(part) for part in command], preexec_fn=die_with_parent, **more)


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4)
H2_GET = b"\x82\x86\x84\x41\x01a"
RESETS = H2 + b"".join(frame(1, 5, 2 * i + 1, H2_GET) + frame(3, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(400))
CONTINUATION = H2 + frame(1, 1, 1, H2_GET) + frame(9, 0, 1, b"\0\x01x\x08yyyyyyyy") * 400


def client_hello():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname="a.test").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


#: kind: what each attacker sends, how it goes on, connections, rate, milliseconds between single bytes, port
KINDS = {
    "silent": (b"", "hold", 30_000, 8000, 0, PLAIN),
    "connections": (GET, "once", 1000, 8000, 0, PLAIN),
    "heads": (b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: y", "hold", 30_000, 8000, 2000, PLAIN),
    "bodies": (b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\ny", "hold", 30_000, 8000, 2000, PLAIN),
    "requests": (GET, "repeat", 2000, 40_000, 0, PLAIN),
    "handshakes": (client_hello(), "once", 2000, 6000, 0, SECURE),
    "resets": (RESETS, "hold", 1000, 4000, 0, PLAIN),
    "continuation": (CONTINUATION, "hold", 1000, 4000, 0, PLAIN),
}


# ---- namespaces ------------------------------------------------------------------------------------------------------


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


class Clients:
    """The other end of the cable: a namespace where a whole /16 is local."""

    def __init__(self):
        self.holder = start(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        for _ in range(200):
            if os.readlink(f"/proc/{self.holder.pid}/ns/net") != own:
                break
            time.sleep(0.01)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "flood0", "type", "veth", "peer", "name", "flood1")
        run("ip", "link", "set", "flood1", "netns", self.holder.pid)
        run("ip", "addr", "add", f"{GATEWAY}/30", "dev", "flood0")
        run("ip", "link", "set", "flood0", "up")
        for command in (["link", "set", "lo", "up"], ["addr", "add", f"{CLIENTS}/30", "dev", "flood1"], ["link", "set", "flood1", "up"],
                        ["route", "add", "local", "10.77.0.0/16", "dev", "lo"]):
            run(*self.inside(["ip", *command]))
        run("ip", "route", "add", "10.77.0.0/16", "via", CLIENTS)

    def inside(self, command):
        return ["nsenter", "--target", str(self.holder.pid), "--net", *command]

    def end(self):
        self.holder.kill()
        self.holder.wait()


# ---- the gateway -----------------------------------------------------------------------------------------------------


class Gateway:
    def __init__(self, binary, work, guards, settings, pair):
        self.log = work / "sluice.log"
        file = work / "sluice.json"
        file.write_text(json.dumps({
            "runtime": {"threads": 1, "drain": "1s"},
            "admin": {"address": f"127.0.0.1:{ADMIN}"},
            "telemetry": {"accessLog": "none"},
            "guards": {**settings, "enabled": guards},
            "listeners": [{"name": "plain", "address": f"{GATEWAY}:{PLAIN}"},
                          {"name": "secure", "address": f"{GATEWAY}:{SECURE}", "tls": {"certificates": [{"certificate": str(pair[0]), "key": str(pair[1])}]}}],
            "upstreams": [{"name": "sink", "endpoints": [{"address": f"127.0.0.1:{UPSTREAM}"}]}],
            "apis": [{"name": "all", "routes": [{"name": "upload", "match": {"path": "/upload"}, "upstream": "sink"},
                                                {"name": "hello", "match": {"path": "/"}, "respond": {"body": "hello"}}]}],
        }))
        with open(self.log, "w") as log:
            self.process = start(["taskset", "-c", str(GATEWAY_CPU), binary, "run", "--config", str(file)], stdout=log, stderr=log)
        for _ in range(400):
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"the gateway does not start:\n{self.log.read_text()}")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", ADMIN, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    def guards(self):
        return json.loads(self.get("/api/v1/guards")[1])

    def cpu(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if "Fatal error" in self.log.read_text() or self.process.returncode not in (0, 1, -9):
            raise SystemExit(f"the gateway crashed ({self.process.returncode}):\n{self.log.read_text()[-4000:]}")


# ---- honest clients, in a process of their own -----------------------------------------------------------------------


async def honest_client(index, seconds, secure, results):
    """Ten requests a second, twenty on a connection. A request that is not answered with 200 in five seconds was refused."""
    context = None
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    end, reader, writer, left = time.monotonic() + seconds, None, None, 0
    due = time.monotonic() + index / HONEST_COUNT / 10
    while due < end:
        await asyncio.sleep(max(0, due - time.monotonic()))
        began = time.monotonic()
        try:
            async with asyncio.timeout(5):
                if left == 0:
                    if writer:
                        writer.close()
                    reader, writer = await asyncio.open_connection(
                        GATEWAY, SECURE if secure else PLAIN, local_addr=(f"10.77.{100 + index}.1", 0), ssl=context, server_hostname="a.test" if secure else None)
                    left = 20
                writer.write(GET)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                await reader.readexactly(5)
                results["times"].append(time.monotonic() - began)
                left -= 1
        except (OSError, asyncio.IncompleteReadError, TimeoutError, AssertionError) as error:
            results["refused"].append(repr(error)[:200])
            left = 0
        due = max(due + 0.1, time.monotonic())
    if writer:
        writer.close()


def honest(seconds, secure):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    results = {"times": [], "refused": []}

    async def all_of_them():
        await asyncio.gather(*(honest_client(i, seconds, secure, results) for i in range(HONEST_COUNT)))

    asyncio.run(all_of_them())
    print(json.dumps(results))


def measured(results):
    times = sorted(results["times"]) or [float("inf")]
    return {"requests": len(results["times"]), "p50": times[len(times) // 2] * 1000, "p99": times[int(len(times) * 0.99)] * 1000,
            "slowest": times[-1] * 1000, "refused": len(results["refused"]), "why": sorted(set(results["refused"]))[:3]}


# ---- one flood -------------------------------------------------------------------------------------------------------


async def sink():
    """An upstream that waits for bodies which never end."""

    async def serve(reader, writer):
        try:
            while await reader.read(65536):
                pass
        except OSError:
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", UPSTREAM, backlog=4096)
    await server.serve_forever()


def one(kind, guards, given, work, clients, flood, pair):
    payload, mode, connections, rate, trickle, port = KINDS[kind]
    file = work / "payload"
    file.write_bytes(payload)
    gateway = Gateway(given.sluice, work, guards, json.loads(given.settings), pair)
    me = [sys.executable, __file__]

    def ask(seconds):
        return start(clients.inside(["taskset", "-c", str(CLIENT_CPU), *me, "--honest", str(seconds), *(["--secure"] if port == SECURE else [])]),
                                stdout=subprocess.PIPE)

    try:
        quiet = measured(json.loads(ask(given.quiet).communicate()[0]))
        used, began = gateway.cpu(), time.monotonic()
        honest_clients = ask(given.seconds)
        attackers = start(
            clients.inside(["taskset", "-c", str(CLIENT_CPU), "nice", "-n", "10", flood, GATEWAY, str(port), ATTACKERS, str(ATTACKER_COUNT), str(connections),
                            str(rate), str(given.seconds), mode, str(file), str(trickle)]), stdout=subprocess.PIPE)
        under = measured(json.loads(honest_clients.communicate()[0]))
        used = (gateway.cpu() - used) / (time.monotonic() - began)
        return {"kind": kind, "guards": guards, "quiet": quiet, "under": under, "attack": json.loads(attackers.communicate()[0]), "cpu": used,
                "report": gateway.guards(), "log": gateway.log.read_text()[-2000:]}
    finally:
        gateway.end()


def inside(given):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    clients, upstream, rows = Clients(), None, []
    try:
        with tempfile.TemporaryDirectory(prefix="sluice-flood-") as folder:
            work = Path(folder)
            flood = str(work / "flood")
            run("cc", "-O2", "-o", flood, HERE / "flood.c")
            pair = work / "certificate.pem", work / "key.pem"
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a.test", "-days", "2", "-out", pair[0], "-keyout", pair[1])
            upstream = start(["taskset", "-c", str(CLIENT_CPU), sys.executable, __file__, "--sink"])
            for kind in given.kinds.split(","):
                for guards in given.guards.split(","):
                    rows.append(one(kind, guards == "on", given, work, clients, flood, pair))
                    if not given.json:
                        show(rows[-1], first=len(rows) == 1)
    finally:
        clients.end()
        if upstream:
            upstream.kill()
            upstream.wait()
    if given.json:
        print(json.dumps(rows))


def show(row, first):
    if first:
        print("| flood | guards | quiet p50, p99 | flooded p50, p99, slowest (ms) | p99 ratio | refused | attackers: opened, answered | bans | CPU |\n|---|---|---|---|---|---|---|---|---|")
    quiet, under, attack = row["quiet"], row["under"], row["attack"]
    print(f"| {row['kind']} | {'on' if row['guards'] else 'off'} | {quiet['p50']:.2f}, {quiet['p99']:.2f} | {under['p50']:.2f}, {under['p99']:.2f}, {under['slowest']:.0f} "
          f"| {under['p99'] / quiet['p99']:.2f} | {under['refused']} of {under['refused'] + under['requests']} | {attack['opened']}, {attack['answers']} "
          f"| {row['report'].get('bansBegun', '')} | {row['cpu'] * 100:.0f} % |", flush=True)
    for why in under["why"]:
        print(f"    {why}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--guards", default="on,off")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--quiet", type=float, default=5)
    parser.add_argument("--settings", default="{}", help="more of `guards:`, as JSON")
    parser.add_argument("--json", action="store_true")
    for hidden in ("--inside", "--sink", "--secure"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--honest", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    die_with_parent()
    if given.honest:
        return honest(given.honest, given.secure)
    if given.sink:
        return asyncio.run(sink())
    if given.inside:
        return inside(given)
    if not given.sluice or os.geteuid() != 0:
        parser.error("--sluice PATH, as root")
    sys.exit(subprocess.run(["unshare", "--net", sys.executable, __file__, "--inside", *sys.argv[1:]]).returncode)


if __name__ == "__main__":
    main()
