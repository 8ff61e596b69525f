import Identity
import Primitives

extension SignInPages {
    /// Colours have a contrast of at least 4.5 to 1, in light and in dark.
    static let style: HTML = """
        :root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#f3f4f6;--card:#fff;--line:#8c959f;--mark:#0b57d0;--on:#fff;--bad:#b3261e}
        @media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#a8b0b9;--page:#14171a;--card:#1f2327;--line:#7a838c;--mark:#8ab4f8;--on:#10131a;--bad:#ffb4ab}}
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
        main{width:100%;max-width:25rem;padding:2rem;background:var(--card);border-radius:.75rem;box-shadow:0 1px 4px #0003}
        h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
        .title{margin:0 0 .25rem;color:var(--soft)}
        .note{color:var(--soft);font-size:.875rem}
        .problem{color:var(--bad);font-weight:600}
        label{display:block;margin:1rem 0 .25rem;font-weight:600}
        input:not([type=hidden]){width:100%;padding:.625rem .75rem;border:1px solid var(--line);border-radius:.375rem;background:transparent;color:inherit;font:inherit}
        .code{font:1.5rem/1.5 ui-monospace,monospace;letter-spacing:.1em}
        .buttons{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
        .choices{list-style:none;margin:1.5rem 0 0;padding:0;display:grid;gap:.75rem}
        button,.button{display:block;flex:1;min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--mark);border-radius:.375rem;background:var(--mark);color:var(--on);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
        button.second{background:transparent;color:var(--mark)}
        :focus-visible{outline:3px solid var(--mark);outline-offset:2px}
        """

    /// The style and nothing else. There is no `form-action`: browsers apply it to the redirects behind a form as well, and where a client
    /// sends its users on to after its own redirect URI is not known here.
    static let contentSecurityPolicy: String = {
        let buffer = ByteBuffer()
        let digest = (try? Digest.sha256(Array(style.text.utf8))) ?? []
        digest.withView { Base64.encode($0, into: buffer) }
        return "default-src 'none'; style-src 'sha256-\(buffer.view.string)'; base-uri 'none'; frame-ancestors 'none'"
    }()
}
