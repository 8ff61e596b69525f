"""Autobahn's fuzzing client through the gateway: no case ends worse than with its server alone."""

import pytest

from harness import autobahn
from harness.configuration import api, route, upstream as named_upstream

#: From good to bad.
GRADES = ["OK", "INFORMATIONAL", "NON-STRICT", "UNIMPLEMENTED", "WRONG CODE", "UNCLEAN", "FAILED BY CLIENT", "FAILED"]


@pytest.mark.slow
@pytest.mark.timeout(300 if autobahn.SLOW else 7200)
def test_no_case_is_worse_than_without_the_gateway(start, tmp_path):
    wstest, reason = autobahn.tool()
    if not wstest:
        pytest.skip(reason)
    with autobahn.EchoServer(wstest, tmp_path) as echo:
        # The client looks at the port in the answer to its handshake.
        to_echo = named_upstream("echo", echo, hostHeader="endpoint")
        gateway = start({"upstreams": [to_echo], "apis": [api("all", route("judged", "/judged", "echo", websocket={"maxMessage": "64MiB"}),
                                                              route("all", "/*", "echo"))]})
        results = autobahn.fuzz(wstest, tmp_path, {
            "direct": f"ws://{echo.address}",
            "gateway": f"ws://{gateway.address_text}",
            # Frames are read by the gateway as well.
            "judged": f"ws://{gateway.address_text}/judged",
        })
    direct = results["direct"]
    assert len(direct) >= 247
    # A gateway that judges frames ends a connection at once: what the server would have echoed before it noticed is not waited for.
    for way, allowed in (("gateway", "OK"), ("judged", "NON-STRICT")):
        assert results[way].keys() == direct.keys()
        worse = [f"{way} {case}: {key} {got[key]}, {direct[case][key]} without"
                 for case, got in results[way].items() for key in ("behavior", "behaviorClose")
                 if GRADES.index(got[key]) > max(GRADES.index(direct[case][key]), GRADES.index(allowed))]
        assert not worse
