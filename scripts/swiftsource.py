"""Just enough of Swift's lexical structure to look at code without its comments and texts."""
import re

IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)")


def code_of(text: str) -> str:
    """The text with comments blanked and the contents of string literals removed; line numbers stay."""
    out = []
    at, end = 0, len(text)
    while at < end:
        two = text[at:at + 2]
        if two == "//":
            at = text.find("\n", at)
            at = end if at < 0 else at
        elif two == "/*":
            close = _comment_end(text, at)
            out.append("\n" * text.count("\n", at, close))
            at = close
        elif text[at] == '"' or (text[at] == "#" and re.match(r'#+"', text[at:at + 8])):
            close = _string_end(text, at)
            out.append('""' + "\n" * text.count("\n", at, close))
            at = close
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _comment_end(text: str, at: int) -> int:
    """Behind the comment that begins at `at`; they nest."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _string_end(text: str, at: int) -> int:
    """Behind the literal that begins at `at`. Strings inside interpolations are skipped with their parentheses."""
    hashes = len(re.match(r"#*", text[at:])[0])
    quote = '"""' if text.startswith('"""', at + hashes) else '"'
    close, escape = quote + "#" * hashes, "\\" + "#" * hashes
    at += hashes + len(quote)
    while at < len(text):
        if text.startswith(close, at):
            return at + len(close)
        if text.startswith(escape, at):
            at += len(escape)
            if text[at:at + 1] == "(":
                at = _parentheses_end(text, at)
            else:
                at += 1
        elif quote == '"' and text[at] == "\n":
            return at
        else:
            at += 1
    return len(text)


def _parentheses_end(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        if text[at] == '"':
            at = _string_end(text, at)
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            break
    return at


def imports_of(text: str):
    """(line, module) of each import."""
    for number, line in enumerate(code_of(text).splitlines(), 1):
        found = IMPORT.match(line)
        if found:
            yield number, found[1]
