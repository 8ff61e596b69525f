import os
import subprocess

import pytest

from harness import secrets
from harness.configuration import proxy
from harness.gateway import BINARY, Gateway
from harness.nginx import Nginx
from harness.upstream import Upstream


def pytest_collection_modifyitems(items):
    """What builds comes last. Without the binary only the harness is tested."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
    if os.access(BINARY, os.X_OK):
        return
    skip = pytest.mark.skip(reason=f"no binary at {BINARY}: build it, or set SLUICE_BIN")
    for item in items:
        if item.path.name != "test_harness.py":
            item.add_marker(skip)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """When all gateways have ended: nothing that they have written holds a secret of any test."""
    session.config.leaks = secrets.leaks()
    if session.config.leaks and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    leaks = getattr(config, "leaks", [])
    terminalreporter.write_line(f"{secrets.summary()}: {len(leaks)} found", red=bool(leaks))
    for leak in leaks[:50]:
        terminalreporter.write_line(f"  LEAKED {leak}", red=True)


@pytest.fixture
def upstream():
    with Upstream() as server:
        yield server


@pytest.fixture
def start(tmp_path):
    """Starts gateways: `start(configuration, …)`. All are stopped, and their ends checked, after the test."""
    running: list[Gateway] = []

    def begin(configuration, ready: bool = True, **more) -> Gateway:
        gateway = Gateway(tmp_path / f"gateway{len(running)}", configuration, **more)
        running.append(gateway)
        if ready:
            gateway.start()
        return gateway

    yield begin
    problems = []
    for gateway in running:
        if gateway.process is None:
            continue
        try:
            if gateway.process.poll() is None:
                gateway.stop()
            else:
                gateway.assert_no_crash()
        except AssertionError as error:
            problems.append(error)
        print(f"---- standard error\n{gateway.stderr()[-4000:]}")
    if problems:
        raise problems[0]


class Table:
    """One gateway with one event loop in front of one recording upstream: for tables of cases."""

    def __init__(self, folder, recorder: Upstream):
        self.folder, self.recorder = folder, recorder
        self.accounted: set[int] = set()  # numbers of the records that belong to a case
        self.starts = 0
        self.start()

    def start(self):
        configuration = proxy(self.recorder, timeouts={"response": "5s", "idle": "60s"})
        configuration["runtime"] = {"threads": 1}
        self.gateway = Gateway(self.folder / f"start{self.starts}", configuration)
        self.starts += 1
        self.gateway.start()

    @property
    def seen(self) -> int:
        return len(self.recorder.requests)


@pytest.fixture(scope="session")
def _table(tmp_path_factory):
    with Upstream() as recorder:
        table = Table(tmp_path_factory.mktemp("table"), recorder)
        yield table
        table.gateway.stop()


@pytest.fixture
def table(_table):
    """The shared gateway; a case that ends it fails, and the next one gets a new one."""
    yield _table
    process = _table.gateway.process
    try:
        # A crash shows on the client's side before the process is gone.
        process.wait(0.002)
    except subprocess.TimeoutExpired:
        return
    gateway = _table.gateway
    _table.start()
    gateway.assert_no_crash()
    pytest.fail(f"the gateway ended with {process.returncode}: {gateway.stderr()[-2000:]}")


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    with Nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server
