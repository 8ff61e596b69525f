package import Model
package import Schema
package import SharedState

extension TokenLimit {
    package struct Config: Settings {
        @Setting("Tokens allowed in each `window`, those of prompts and answers together.", RateWindow.limits)
        package var limit: Int?

        @Setting("Length of the window.", TokenLimit.periods)
        package var window: Duration?

        @Setting(
            "Several windows in place of one, such as one of a minute and one of a day. A request takes its tokens from all of them, or from none.")
        package var windows: [Window] = []

        @Setting("How a window counts: `gcra` refills steadily, `sliding` holds in every window, `fixed` starts anew when the clock says so.")
        package var algorithm: RateAlgorithm = .gcra

        @Setting(
            """
            Whose tokens are counted together: those of an `ip`, `consumer`, `route`, `upstream` or `connection`, or those for which an \
            expression has the same value. Requests for which it has none, or is empty, share one count.
            """)
        package var by: RequestKeys = RequestKeys([.ip])

        @Setting("Bits of an IPv4 address that tell clients apart, for `by: ip`.", 1...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell clients apart, for `by: ip`: most hold a network of 64 bits.", 1...128)
        package var ipv6Prefix: Int = 64

        @Setting(
            """
            What is taken before the response tells what it has cost: `request` reads the request's body, `length` goes by how long that is, \
            `nothing` takes one token, which is enough to refuse who has none left. The difference is taken, or given back, when the response has \
            ended.
            """)
        package var reserve: Reserve = .request

        @Setting("Tokens of an answer that are reckoned with where the request does not say how many it may have.", 0...100_000_000)
        package var completion: Int = 1000

        @Setting("Bytes of a text that are one token, for what nobody has counted.", 1...1000)
        package var bytesPerToken: Int = 4

        @Setting(
            "Longest body of a request that is read for `reserve: request`; a longer one goes by its length, and, if that is not known, is refused.")
        package var mostRequest: ByteSize = .mebibytes(4)

        @Setting(
            """
            Where JSON responses, events and lines say what they have cost. Left out: where OpenAI, Anthropic, Gemini, Bedrock, Ollama, and those \
            who speak like them, say it.
            """)
        package var usage: Usage?

        @Setting(
            """
            The tokens of a response as its head tells: an expression that gives a whole number, such as `int(response.headers["x-tokens"])`. Its \
            body is then read only if there is no such number.
            """)
        package var tokens: ExpressionText?

        @Setting(
            """
            Asks the upstream for a body that is not compressed, since tokens can't be read of one that is. False leaves the client's wish; a \
            response that is compressed costs what was taken for its request.
            """)
        package var identity: Bool = true

        @Setting(
            """
            Has OpenAI's streams end with what they have cost: adds `stream_options` to requests for a stream that have none. The client gets one \
            more event, without choices. Needs `reserve: request`.
            """)
        package var askForUsage: Bool = false

        @Setting(
            """
            Where is counted: `memory` of this gateway, on the `redis` server of `state.redis` that gateways share, or `local-sync`, in memory, \
            with other gateways told behind the request's back. Left out: `redis` if there is one, else `memory`.
            """)
        package var store: StoreKind?

        @Setting(
            """
            What becomes of requests while the store does not answer: they are counted in this gateway's memory (`local`), pass uncounted \
            (`allow`), or are refused with 503 (`deny`).
            """)
        package var onStoreFailure: OnStoreFailure = .local

        @Setting("Response fields that tell clients what is left, once their request has been reckoned with: as for `rate-limit`.")
        package var headers: RateLimitFields.Kind = .standard

        @Setting("Counts, and notes in the access log as `rateLimitDryRun` what it would refuse, but refuses nothing and adds no response fields.")
        package var dryRun: Bool = false

        @Setting(
            """
            Keys remembered at most, in memory; beyond, those that have spent least are forgotten first. A key takes 55 to 90 bytes for one window \
            of `gcra` or `fixed`, and up to 900 for `sliding`.
            """, 1...100_000_000)
        package var capacity: Int = 100_000

        package static var about: String { "Limits the tokens of language models, as their responses and streams tell them." }
        package init() {}
    }

    package struct Window: Settings {
        @Setting("Tokens allowed in each window.", RateWindow.limits)
        package var limit: Int

        @Setting("Length of the window.", TokenLimit.periods)
        package var window: Duration

        @Setting("Which tokens it counts: `total`, or those of the `prompt` or the `completion` alone.")
        package var tokens: TokenKind = .total

        package init() {}
    }

    package struct Usage: Settings {
        @Setting("Names that lead to the tokens of the prompt, with dots between: `usage.prompt_tokens`. Arrays on the way are passed through.")
        package var prompt: String?

        @Setting("Names that lead to the tokens of the answer.")
        package var completion: String?

        @Setting("Names that lead to the tokens of both together.")
        package var total: String?

        package init() {}
    }

    package enum Reserve: String, SettingChoice { case request, length, nothing }
}

/// What of a request's tokens is counted.
package enum TokenKind: String, SettingChoice, CaseIterable { case total, prompt, completion }
