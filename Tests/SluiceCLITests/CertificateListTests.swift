import Primitives
import Testing

@testable import SluiceCLI

@Suite struct CertificateListTests {
    let style = TextStyle(isColoured: false)

    @Test func oneLineEachAndOneForWhatWentWrong() {
        let certificates: [JSON] = [
            ["names": ["a.test", "*.a.test"], "issuer": "x", "expires": 1_795_519_727, "renewal": 1_790_335_727, "failures": 0, "lastError": .null],
            [
                "names": ["b.test"], "issuer": "letsencrypt", "expires": .null, "renewal": .null, "failures": 2, "lastError": "no luck",
                "retry": 1_790_300_100,
            ],
        ]
        let text = CertificateList(certificates, now: 1_790_300_000, style: style).text
        #expect(
            text == """
                names             issuer       expires                     renewal
                a.test, *.a.test  x            2026-11-24 11:28 (in 60 d)  2026-09-25 11:28 (in 9 h)
                b.test            letsencrypt  none yet                    now
                  error: no luck; next try 2026-09-25 01:35 (in 100 s)
                """)
    }

    @Test func noneAtAll() {
        #expect(CertificateList([], now: 0, style: style).text == "There are no automatic certificates.")
    }
}
