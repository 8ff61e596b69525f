import Identity

/// The pages that people see when they sign in: rendered here, without scripts, and readable without styles.
struct SignInPages: Sendable {
    /// Whose pages they are, above the heading.
    let title: String?
    /// What scopes mean to people, by name.
    let scopes: [String: String]

    /// The hidden fields that every form brings back.
    struct Form {
        /// Relative to the page: its own path and query.
        let action: String
        /// Proves that the form came from here (`FormGuard`).
        let token: String
    }

    func login(_ form: Form, client: String?, username: String, problem: String? = nil) -> HTML {
        let purpose: HTML? = client.map { "<p>to go on to <strong>\($0)</strong></p>" }
        let alert: HTML? = problem.map { "<p role=\"alert\" class=\"problem\" id=\"problem\">\($0)</p>" }
        let described: HTML = problem == nil ? "" : " aria-describedby=\"problem\" aria-invalid=\"true\""
        let focus: (name: HTML, password: HTML) = username.isEmpty ? (" autofocus", "") : ("", " autofocus")
        return page(
            "Sign in",
            """
            \(purpose)\(alert)
            \(open(form, "login"))
            <label for="username">User name</label>
            <input id="username" name="username" value="\(username)" autocomplete="username" autocapitalize="none" spellcheck="false" \
            required\(described)\(focus.name)>
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required\(described)\(focus.password)>
            <div class="buttons"><button type="submit">Sign in</button></div>
            </form>
            """)
    }

    func consent(_ form: Form, client: String, username: String, scopes asked: ScopeList, host: String) -> HTML {
        page(
            "Allow access?",
            """
            <p><strong>\(client)</strong> would like to act for you, <strong>\(username)</strong>.</p>
            \(list(asked))
            <p class="note">You will be sent to \(host).</p>
            \(open(form, "consent"))
            \(decision)
            </form>
            """)
    }

    func deviceCode(_ form: Form, code: String, problem: String? = nil) -> HTML {
        let alert: HTML? = problem.map { "<p role=\"alert\" class=\"problem\" id=\"problem\">\($0)</p>" }
        let described: HTML = problem == nil ? "" : " aria-describedby=\"problem\" aria-invalid=\"true\""
        return page(
            "Connect a device",
            """
            <p>Type the code that your device shows.</p>
            \(alert)
            \(open(form, "code"))
            <label for="user_code">Code</label>
            <input id="user_code" name="user_code" value="\(code)" autocomplete="off" autocapitalize="characters" spellcheck="false" \
            required autofocus\(described) class="code">
            <div class="buttons"><button type="submit">Go on</button></div>
            </form>
            """)
    }

    func deviceConsent(_ form: Form, code: String, client: String, username: String, scopes asked: ScopeList) -> HTML {
        page(
            "Connect this device?",
            """
            <p><strong>\(client)</strong> would like to act for you, <strong>\(username)</strong>, on the device that shows this code:</p>
            <p class="code">\(code)</p>
            \(list(asked))
            <p class="note">Refuse if you have no such device in front of you: somebody may have sent you the code.</p>
            \(open(form, "decide"))
            <input type="hidden" name="user_code" value="\(code)">
            \(decision)
            </form>
            """)
    }

    func signOut(_ form: Form) -> HTML {
        page(
            "Sign out?",
            """
            \(open(form, "logout"))
            <div class="buttons"><button type="submit">Sign out</button></div>
            </form>
            """)
    }

    /// Ways to sign in, to choose one.
    func choice(_ choices: [(title: String, link: String)]) -> HTML {
        let items = choices.map { choice -> HTML in "<li><a class=\"button\" href=\"\(choice.link)\">\(choice.title)</a></li>" }
        return page("Sign in with", "<ul class=\"choices\">\(items)</ul>")
    }

    func failure(_ text: String, again: String) -> HTML {
        page(
            "That did not work",
            "<p role=\"alert\">\(text)</p><div class=\"buttons\"><a class=\"button\" href=\"\(again)\">Try again</a></div>")
    }

    func message(_ heading: String, _ text: String) -> HTML { page(heading, "<p>\(text)</p>") }

    // MARK: Parts

    private var decision: HTML {
        """
        <div class="buttons">
        <button type="submit" name="decision" value="allow">Allow</button>
        <button type="submit" name="decision" value="deny" class="second">Refuse</button>
        </div>
        """
    }

    private func open(_ form: Form, _ action: String) -> HTML {
        """
        <form method="post" action="\(form.action)">
        <input type="hidden" name="form_token" value="\(form.token)">
        <input type="hidden" name="action" value="\(action)">
        """
    }

    private func list(_ asked: ScopeList) -> HTML {
        let items = asked.names.filter { $0 != "openid" }.map { name -> HTML in
            "<li>\(scopes[name] ?? SignInPages.usual[name] ?? name)</li>"
        }
        return items.isEmpty ? "<p>It will know who you are.</p>" : "<p>It will be allowed to:</p><ul>\(items)</ul>"
    }

    private static let usual = [
        "profile": "See your name", "email": "See your e-mail address", "phone": "See your telephone number", "address": "See your address",
        "groups": "See the groups you belong to", "offline_access": "Act for you while you are away",
    ]

    private func page(_ heading: String, _ body: HTML) -> HTML {
        let owner: HTML? = title.map { "<p class=\"title\">\($0)</p>" }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title.map { "\(heading) – \($0)" } ?? heading)</title>
            <style>\(SignInPages.style)</style>
            </head>
            <body>
            <main>
            \(owner)
            <h1>\(heading)</h1>
            \(body)
            </main>
            </body>
            </html>

            """
    }
}
