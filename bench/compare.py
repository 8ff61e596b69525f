#!/usr/bin/env python3
"""Side-by-side benchmark of Sluice and the proxies that a user would pick instead.

Every proxy runs with one worker on CPU 0; the upstream (nginx) and the load (wrk, h2load) on CPU 1. Rounds are
interleaved (A B C, A B C ...), and every figure is a median over rounds; ratios are taken pair by pair within a
round, so they hold when the machine's speed drifts. CPU time per request is the proxy's own on-CPU time, all
threads, from /proc/PID/task/*/schedstat.

usage: compare.py --sluice PATH [--scenario plain,routes,...] [--peers floor,nginx,haproxy,envoy,caddy]
                  [--rounds 3] [--seconds 4] [--json FILE] [--bar SCENARIO:PEER:MAX ...]
needs: apt nginx haproxy wrk nghttp2-client openssl; pip requirements.txt (looked up in $PEERS_BIN, then on PATH)
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time

import load
from peers import UPSTREAM_PORT, Peers, token

SCENARIOS = {
    "plain": "small JSON, HTTP/1.1 keep-alive, 64 connections",
    "policies": "JWT HS256 + rate limit by consumer + header edits, 64 connections",
    "routes": "10,000 routes by path prefix, the last one asked for",
    "tls": "as plain, over TLS 1.3",
    "h2": "HTTP/2 without TLS from the client, 8 connections of 16 streams, HTTP/1.1 upstream",
    "h2tls": "HTTP/2 over TLS from the client",
    "grpc": "unary gRPC calls, HTTP/2 without TLS on both sides, 8 connections of 16 streams",
    "stream": "1 MiB responses, 16 connections",
    "cache": "small JSON from the response cache",
    "idle": f"memory per idle client connection, {load.IDLE_CONNECTIONS:,} of them",
}


def measure(process, port, scenario, seconds, work):
    """One round of one proxy."""
    url = ("https" if scenario in ("tls", "h2tls") else "http") + f"://127.0.0.1:{port}" + {"routes": "/service9999/x", "stream": "/mib"}.get(scenario, "/")
    if scenario == "grpc":
        body = os.path.join(work, "grpc-request.bin")
        load.grpc(url + "bench.Echo/Call", 10_000, body)
        before = load.cpu_microseconds(process)
        row = load.grpc(url + "bench.Echo/Call", 20_000 * seconds, body)
    elif scenario in ("h2", "h2tls"):
        load.h2load(url, 10_000)
        before = load.cpu_microseconds(process)
        row = load.h2load(url, 30_000 * seconds)
    else:
        headers = [f"Authorization: Bearer {token()}"] if scenario == "policies" else []
        connections = 16 if scenario == "stream" else 64
        load.wrk(url, connections, 1, headers)
        before = load.cpu_microseconds(process)
        row = load.wrk(url, connections, seconds, headers)
    row["cpu_us"] = (load.cpu_microseconds(process) - before) / row["n"]
    row["rss_kib"] = load.resident_kib(process)
    return row


def run(scenario, names, peers, processes, rounds, seconds):
    """Rows of measurements by proxy."""
    live, port = {}, 24000
    for name in names:
        port += 1
        command = peers.command(name, port, "plain" if scenario in ("stream", "idle") and name != "floor" else scenario)
        if command:
            live[name] = processes.start(name, command, load.PROXY_CPU, port), port
    rows = {name: [] for name in live}
    for index in range(1 if scenario == "idle" else rounds):
        for name, (process, port) in live.items():
            rows[name].append(load.idle(process, port) if scenario == "idle" else measure(process, port, scenario, seconds, peers.work))
    for name in live:
        processes.stop(name)
    return rows


def summarise(rows, scenario):
    """Medians over rounds; of Sluice over each peer, medians of the ratios within a round."""

    def ratio(name, key):
        if "sluice" not in rows or name == "sluice" or scenario == "idle":
            return None
        pairs = [(ours[key], theirs[key]) for ours, theirs in zip(rows["sluice"], rows[name]) if theirs[key]]
        return statistics.median(ours / theirs for ours, theirs in pairs) if pairs else None

    result = {}
    for name, measured in rows.items():
        median = {key: statistics.median(row[key] for row in measured) for key in ("rps", "p50", "p99", "cpu_us", "rss_kib")}
        result[name] = dict(requests_per_second=median["rps"], p50_us=median["p50"], p99_us=median["p99"], cpu_us_per_request=median["cpu_us"],
                            rss_kib=median["rss_kib"], kib_per_connection=measured[0].get("kib_per_connection"),
                            bad=sum(row["bad"] for row in measured), errors=[row["errors"] for row in measured if row["errors"]],
                            sluice_over_peer_cpu=ratio(name, "cpu_us"), sluice_over_peer_p99=ratio(name, "p99"))
    return result


def table(scenario, result, rounds, seconds):
    lines = [f"\n{scenario}: {SCENARIOS[scenario]}; " + ("one round" if scenario == "idle" else f"{rounds} rounds of {seconds} s"),
             f"{'':10}{'requests/s':>12}{'p50 us':>9}{'p99 us':>9}{'CPU us/req':>12}{'RSS MiB':>9}{'KiB/conn':>10}{'bad':>6}   sluice/peer: CPU   p99"]
    for name, row in result.items():
        per_connection = "" if row["kib_per_connection"] is None else f"{row['kib_per_connection']:.1f}"
        ratios = "".join(f"{row[key]:.2f}".rjust(width) if row[key] else " " * width for key, width in (("sluice_over_peer_cpu", 19), ("sluice_over_peer_p99", 6)))
        lines.append(f"{name:10}{row['requests_per_second']:12.0f}{row['p50_us']:9.0f}{row['p99_us']:9.0f}{row['cpu_us_per_request']:12.2f}"
                     f"{row['rss_kib'] / 1024:9.1f}{per_connection:>10}{row['bad']:6d}{ratios} {'; '.join(row['errors'][-1:])}".rstrip())
    return "\n".join(lines)


def short_of(bars, results):
    """What falls short. A bar is SCENARIO:PEER:MAX; see the option's help."""
    for bar in bars:
        scenario, *what, most = bar.split(":")
        if scenario not in results:
            continue
        mine = results[scenario].get("sluice")
        if not mine:
            yield f"{bar}: Sluice did not run"
            continue
        if what == ["plain"]:
            got = mine["cpu_us_per_request"] / results["plain"]["sluice"]["cpu_us_per_request"] if "plain" in results else None
        elif what == ["kib"]:
            got = mine["kib_per_connection"]
        else:
            got = results[scenario].get(what[0], {}).get("sluice_over_peer_p99" if what[1:] == ["p99"] else "sluice_over_peer_cpu")
        if got is None or got > float(most):
            yield f"{bar}: {'not measured' if got is None else f'{got:.3f}'}"
        if mine["bad"] or mine["errors"]:
            yield f"{bar}: {mine['bad']} bad answers {mine['errors']}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", help="the binary; without it, the peers alone")
    parser.add_argument("--scenario", default="plain", help=f"some of {','.join(SCENARIOS)}")
    parser.add_argument("--peers", default="floor,nginx,haproxy,envoy,caddy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--json")
    parser.add_argument("--bar", action="append", default=[], help="SCENARIO:PEER:MAX, Sluice's CPU per request over the peer's; SCENARIO:PEER:p99:MAX, its "
                        "latency; SCENARIO:plain:MAX, over Sluice's own plain of this run; idle:kib:MAX, KiB per idle connection. Exit 1 when one is missed")
    given = parser.parse_args()
    for scenario in given.scenario.split(","):
        if scenario not in SCENARIOS:
            parser.error(f"there is no scenario {scenario}; there are {', '.join(SCENARIOS)}")
    return given


def main():
    given = arguments()
    work = tempfile.mkdtemp(prefix="sluice-bench-")
    os.chmod(work, 0o755)
    peers, processes = Peers(work, os.path.abspath(given.sluice) if given.sluice else None), load.Processes(work)
    names = (["sluice"] if given.sluice else []) + [name for name in given.peers.split(",") if name]
    results = {}
    try:
        processes.start("upstream", peers.upstream(), load.LOAD_CPU, UPSTREAM_PORT)
        for scenario in given.scenario.split(","):
            results[scenario] = summarise(run(scenario, names, peers, processes, given.rounds, given.seconds), scenario)
            print(table(scenario, results[scenario], given.rounds, given.seconds), flush=True)
    finally:
        processes.stop_all()
        shutil.rmtree(work, ignore_errors=True)
    if given.json:
        run_facts = dict(date=time.strftime("%Y-%m-%d"), machine=platform.machine(), kernel=platform.release(), rounds=given.rounds, seconds=given.seconds)
        with open(given.json, "w") as file:
            json.dump(dict(run=run_facts, results=results), file, indent=1)
    missed = list(short_of(given.bar, results))
    for line in missed:
        print("short of the bar:", line)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
