import Identity
import Testing

@testable import Policies

@Suite struct SignInPagesTests {
    private let pages = SignInPages(title: "A & B", scopes: ["orders": "See <orders>"])
    private let form = SignInPages.Form(action: "?a=1&b=\"x\"", token: "t")

    @Test func valuesAreEscaped() {
        let value = "<a href='x' title=\"y\">&"
        let html: HTML = "<b>\(value)</b>\("<i>" as HTML)"
        #expect(html.text == "<b>&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;</b><i>")
        let none: HTML? = nil
        #expect(("\(none)\(["<p>", "<q>"] as [HTML])" as HTML).text == "<p><q>")
    }

    @Test func whateverIsShownIsNoMarkup() {
        let evil = "<script>alert(1)</script>\"'"
        let shown = [
            pages.login(form, client: evil, username: evil, problem: evil), pages.deviceCode(form, code: evil, problem: evil),
            pages.consent(form, client: evil, username: evil, scopes: ScopeList([evil]), host: evil),
            pages.deviceConsent(form, code: evil, client: evil, username: evil, scopes: ScopeList([evil])), pages.message(evil, evil),
            pages.failure(evil, again: evil), pages.choice([(evil, evil)]),
        ]
        for page in shown {
            #expect(!page.text.contains("<script") && page.text.contains("&lt;script&gt;"))
            #expect(page.text.contains("A &amp; B") && !page.text.contains("=\"?a=1&b"))
        }
    }

    @Test func scopesAreExplained() {
        let text = pages.consent(form, client: "c", username: "u", scopes: ScopeList(["openid", "email", "orders", "x"]), host: "h").text
        #expect(text.contains("<li>See your e-mail address</li><li>See &lt;orders&gt;</li><li>x</li>") && !text.contains("openid"))
        #expect(pages.consent(form, client: "c", username: "u", scopes: ScopeList(["openid"]), host: "h").text.contains("know who you are"))
    }
}
