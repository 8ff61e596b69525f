"""What the suite keeps secret, and everything that gateways have written: at the end of a session the one is looked for in the other.

`secret(…)` declares a password, key or token and gives it back; `Gateway` and `command` say what was written. `conftest.py` fails the session when `leaks()` finds something.
"""

from __future__ import annotations

import base64
import json
import re
import secrets as randomness
import threading
from pathlib import Path
from urllib.parse import quote

_known: set[bytes] = set()
_texts: dict[bytes, str] = {}  # what was written, and by whom; equal texts once
_files: set[Path] = set()
_lock = threading.Lock()

#: Shorter ones stand in ordinary words by chance.
SHORTEST = 8


def secret(value: str | bytes) -> str | bytes:
    """Declares `value` as one that no output of a gateway may hold, and gives it back."""
    data = value.encode() if isinstance(value, str) else value
    assert len(data) >= SHORTEST and len(set(data)) > 3, f"{value!r} would be found where it is not: choose a longer secret"
    with _lock:
        _known.add(data)
    return value


def fresh(label: str = "s") -> str:
    """A new secret."""
    return secret(f"{label}-{randomness.token_hex(12)}")


def secret_key(file) -> Path:
    """Declares the keys in a PEM file, line by line."""
    for block in re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", Path(file).read_text(), re.S):
        first, *rest = block.split()
        # The first line begins with the algorithm, which many keys have in common.
        for line in [first[-16:], *rest]:
            if len(line) >= SHORTEST:
                secret(line)
    return Path(file)


#: Settings whose values are secret, whatever test writes them.
_SETTING = re.compile(r"(secret|password|passwordHash|apiKey|sessionToken|token|secretKey|secretBase64)\Z", re.I)
_FIELDS = {"authorization", "proxy-authorization", "x-api-key", "dpop"}


def _suspect(value: str):
    """Declares a value if it is long enough, and odd enough, to be looked for: tests send all kinds of words."""
    data = value.encode("utf-8", "replace")
    if len(data) >= 16 and len(set(data)) > 5 and " " not in value and "${" not in value:
        with _lock:
            _known.add(data)


def configured(node):
    """Declares the secrets that a configuration holds in plain text."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and _SETTING.search(key):
                _suspect(value)
            configured(value)
    elif isinstance(node, list):
        for value in node:
            configured(value)


def sent(name: str, value: str):
    """Declares the credentials that a request carries: no gateway may repeat them, right or wrong."""
    if name.lower() not in _FIELDS:
        return
    scheme, _, credentials = value.strip().rpartition(" ")
    _suspect(credentials)
    if scheme.lower() == "basic":
        try:
            _suspect(base64.b64decode(credentials, validate=True).decode().partition(":")[2])
        except ValueError:
            pass


def wrote(who: str, text: str | bytes):
    """Notes what a gateway, or a command, has said."""
    data = text.encode() if isinstance(text, str) else text
    if data:
        with _lock:
            _texts.setdefault(data, who)


def forget(who: str):
    """Takes back what `wrote` noted."""
    with _lock:
        for text in [text for text, author in _texts.items() if author == who]:
            del _texts[text]


def writes_to(file: Path):
    """Notes a file that a gateway writes."""
    with _lock:
        _files.add(Path(file))


def forms(data: bytes) -> set[bytes]:
    """How a secret may look in an output: as it is, escaped, percent-encoded, in hexadecimal digits, within Base64 at each of its three alignments."""
    found = {data, data.hex().encode(), data.hex().upper().encode(), quote(data, safe="").encode()}
    try:
        found.add(json.dumps(data.decode())[1:-1].encode())
    except UnicodeDecodeError:
        pass
    for shift in range(3):
        # Only the characters that no neighbour has a part in.
        whole = base64.b64encode(b"\0" * shift + data)
        start, end = (shift * 8 + 5) // 6, (shift + len(data)) * 8 // 6
        found |= {whole[start:end], whole[start:end].translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in found if len(form) >= SHORTEST}


def leaks(secrets: set[bytes] | None = None, outputs: dict[str, bytes] | None = None) -> list[str]:
    """Every secret that an output holds, by the places; the secrets themselves are not repeated."""
    with _lock:
        secrets = set(_known) if secrets is None else secrets
        if outputs is None:
            outputs = {f"{who} ({n})": text for n, (text, who) in enumerate(_texts.items())}
            outputs |= {str(file): file.read_bytes() for file in _files if file.is_file()}
    # By what they begin with: a look-up for each place of a text costs less than an expression of thousands of branches.
    beginnings: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for value in secrets:
        for form in forms(value):
            beginnings.setdefault(form[:SHORTEST], []).append((form, value))
    found = []
    for place, text in outputs.items():
        for at in [at for at in range(len(text) - SHORTEST + 1) if text[at : at + SHORTEST] in beginnings]:
            hits = [(form, value) for form, value in beginnings[text[at : at + SHORTEST]] if text.startswith(form, at)]
            if not hits:
                continue
            # The longest, so that a secret that begins with another is found as itself.
            shown = max(hits, key=lambda hit: len(hit[0]))[1]
            line = text.rfind(b"\n", 0, at) + 1
            found.append(f"{place}: a secret of {len(shown)} bytes that begins with {shown[:3]!r}, behind {text[line:at][-80:]!r}")
    return sorted(set(found))


def summary() -> str:
    with _lock:
        sizes = [len(text) for text in _texts] + [file.stat().st_size for file in _files if file.is_file()]
        return f"{len(_known)} secrets looked for in {len(sizes)} outputs of gateways, {sum(sizes) >> 10} KiB"
