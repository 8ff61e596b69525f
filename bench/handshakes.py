#!/usr/bin/env python3
"""What a TLS handshake costs Sluice and its peers, new and resumed: CPU time per handshake of the proxy process.

Each proxy has one worker on CPU 0, with the same ECDSA certificate and the configuration of `compare.py`'s scenario `tls`; `openssl s_time`
on CPU 1 opens one connection after the other, without a request. Rounds are interleaved; a ratio is the median of the
ratios within each round.

usage: handshakes.py --sluice PATH [--peers nginx,haproxy] [--rounds 3] [--seconds 3] [--bar PEER:MAX]
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import load
from peers import UPSTREAM_PORT, Peers

KINDS = {"new 1.3": ("-new", "-tls1_3"), "new 1.2": ("-new", "-tls1_2"), "resumed 1.2": ("-reuse", "-tls1_2")}


def measure(process, port, kind, seconds):
    """CPU microseconds per handshake, and handshakes per second of the proxy's CPU time."""
    before = load.cpu_microseconds(process)
    out = subprocess.run(["taskset", "-c", str(load.LOAD_CPU), "openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-time", str(seconds), *KINDS[kind]],
                         capture_output=True, text=True).stdout
    counts = re.findall(r"(\d+) connections in \d+ real seconds", out)
    if not counts or int(counts[-1]) == 0:
        raise SystemExit(f"no handshake on port {port}: {out}")
    return (load.cpu_microseconds(process) - before) / int(counts[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--peers", default="nginx,haproxy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--bar", action="append", default=[], help="PEER:MAX, Sluice's CPU per handshake over the peer's, of every kind; exit 1 when one is missed")
    given = parser.parse_args()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    os.chmod(work, 0o755)
    peers, processes = Peers(work, os.path.abspath(given.sluice)), load.Processes(work)
    missed = []
    try:
        processes.start("upstream", peers.upstream(), load.LOAD_CPU, UPSTREAM_PORT)
        live = {}
        for port, name in enumerate(["sluice"] + given.peers.split(","), 24001):
            live[name] = processes.start(name, peers.command(name, port, "tls"), load.PROXY_CPU, port), port
        print(f"{'CPU us per handshake':22}" + "".join(f"{name:>10}" for name in live) + "   sluice/peer")
        for kind in KINDS:
            rows = [{name: measure(*place, kind, given.seconds) for name, place in live.items()} for _ in range(given.rounds)]
            ratios = {name: statistics.median(row["sluice"] / row[name] for row in rows) for name in live if name != "sluice"}
            print(f"{kind:22}" + "".join(f"{statistics.median(row[name] for row in rows):10.1f}" for name in live)
                  + "   " + " ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()), flush=True)
            for bar in given.bar:
                peer, most = bar.split(":")
                if ratios.get(peer, 9) > float(most):
                    missed.append(f"{kind}:{bar}: {ratios.get(peer, 0):.3f}")
    finally:
        processes.stop_all()
        shutil.rmtree(work, ignore_errors=True)
    for line in missed:
        print("short of the bar:", line)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
