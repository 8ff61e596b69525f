"""`sluice hash-password`: from a pipe and from a terminal."""

import os
import pty
import signal
import subprocess
import termios

import pytest

from harness.gateway import BINARY, clean_environment, command
from harness.secrets import secret
from harness.waiting import limit, until


PASSWORD = secret("quiet-lemur-9920")


@pytest.mark.parametrize("arguments, prefix", [([], "$argon2id$v=19$m=65536,t=3,p=4$"), (["--algorithm", "bcrypt"], "$2b$12$"), (["--algorithm", "scrypt"], "$scrypt$ln=17,r=8,p=1$")])
def test_from_a_pipe(arguments, prefix):
    hashes = {command("hash-password", *arguments, input=text).stdout for text in (f"{PASSWORD}\n", PASSWORD)}
    assert len(hashes) == 2, "salted"
    assert all(text.startswith(prefix) and text.count("\n") == 1 and PASSWORD not in text for text in hashes)


@pytest.mark.parametrize("arguments, text, message", [([], "", "no password"), ([], "\n", "no password"), (["--algorithm", "bcrypt"], "a" * 73, "72 bytes"), ([], "a" * 5000, "4096 bytes")])
def test_what_can_not_be_hashed(arguments, text, message):
    result = command("hash-password", *arguments, input=text)
    assert result.returncode == 1 and result.stdout == "" and message in result.stderr


@pytest.fixture
def terminal():
    """The command on a terminal, with what it shows and prints."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BINARY, "hash-password", "--algorithm", "bcrypt"], stdin=slave, stdout=subprocess.PIPE, stderr=slave, env=clean_environment(), start_new_session=True)

    class Terminal:
        shown = b""

        def wait_for(self, text):
            while text not in self.shown:
                self.shown += os.read(master, 1024)

        def type(self, text):
            until(lambda: not self.echoes(), 10, "the terminal stops to echo")
            os.write(master, text)

        def echoes(self):
            return bool(termios.tcgetattr(slave)[3] & termios.ECHO)

    result = Terminal()
    result.process = process
    yield result
    process.kill()
    process.wait()
    os.close(master)
    os.close(slave)


def test_on_a_terminal(terminal):
    terminal.wait_for(b"Password: ")
    terminal.type(PASSWORD.encode() + b"\n")
    terminal.wait_for(b"The same again: ")
    terminal.type(PASSWORD.encode() + b"\n")
    output, _ = terminal.process.communicate(timeout=limit(20))
    assert terminal.process.returncode == 0 and output.startswith(b"$2b$12$")
    assert PASSWORD.encode() not in terminal.shown and terminal.echoes()


def test_two_different_ones(terminal):
    terminal.wait_for(b"Password: ")
    terminal.type(PASSWORD.encode() + b"\n")
    terminal.wait_for(b"The same again: ")
    terminal.type(b"secrte\n")
    output, _ = terminal.process.communicate(timeout=limit(20))
    assert terminal.process.returncode == 1 and output == b""


def test_given_up(terminal):
    terminal.wait_for(b"Password: ")
    until(lambda: not terminal.echoes(), 10, "the terminal stops to echo")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(limit(10)) == 1
    assert terminal.echoes(), "the terminal is as it was"
