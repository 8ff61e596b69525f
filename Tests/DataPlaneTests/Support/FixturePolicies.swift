import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema

/// Policies that tests make chains of: each does one thing that a phase can do.
enum Fixtures {
    static let registry = PolicyRegistry([
        Note.self, Stop.self, Later.self, Whole.self, Upper.self, LaterResponse.self, WholeResponse.self, UpperResponse.self, Finds.self,
        NeedsConsumer.self, Counts.self,
    ])

    struct TextConfig: Settings {
        @Setting("What to write.") var text: String = ""
        @Setting("Bytes at most.") var most: Int = 64
        init() {}
    }

    /// Adds a line to the request and to the response, and remembers between the two.
    final class Note: Policy, RequestPolicy, ResponsePolicy {
        static let id = "note"
        private let text: String
        init(_ config: TextConfig, _ context: PolicyContext) { text = config.text }

        func onRequest(_ exchange: Exchange) -> Verdict {
            exchange.request.fields.append("x-request", text)
            exchange.memo.first = UInt64(text.utf8.count)
            return .proceed
        }

        func onResponse(_ exchange: Exchange) -> Verdict {
            exchange.response.fields.append("x-response", "\(text)\(exchange.memo.first)")
            return .proceed
        }
    }

    /// Answers, or refuses when there is no text.
    final class Stop: Policy, RequestPolicy {
        static let id = "stop"
        private let text: String
        init(_ config: TextConfig, _ context: PolicyContext) { text = config.text }

        func onRequest(_ exchange: Exchange) -> Verdict {
            exchange.response.fields.append("x-stop", "yes")
            guard !text.isEmpty else { return .refuse(Reason("fixture_refused", 403, "Refused"), "Not today.") }
            exchange.response.status = 200
            exchange.takeReplyBody().append(text: text)
            return .reply
        }
    }

    /// Waits for another turn of the loop, as often as `most` says; then goes on, or refuses for text.
    /// What it has to say is known already when the text is `known`.
    final class Later: Policy, AsyncRequestPolicy {
        static let id = "later"
        private let config: TextConfig
        init(_ config: TextConfig, _ context: PolicyContext) { self.config = config }

        func verdict(_ exchange: Exchange) -> Verdict? { config.text == "known" ? .proceed : nil }

        func onRequest(_ exchange: Exchange) async -> Verdict {
            for _ in 0..<config.most { await Task.yield() }
            exchange.request.fields.append("x-later", "yes")
            return config.text.isEmpty ? .proceed : .refuse(Reason("fixture_refused", 403, "Refused"), config.text)
        }
    }

    /// Reads the whole request and appends to it.
    final class Whole: Policy, RequestBodyPolicy {
        static let id = "whole"
        private let config: TextConfig
        init(_ config: TextConfig, _ context: PolicyContext) { self.config = config }
        func requestBody(_ exchange: Exchange) -> BodyDemand { .whole(most: config.most) }

        func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
            if body.view == "refuse" { return .refuse(Reason("fixture_refused", 403, "Refused")) }
            body.append(text: config.text)
            return .proceed
        }
    }

    final class Upper: Policy, RequestBodyPolicy {
        static let id = "upper"
        private let config: TextConfig
        init(_ config: TextConfig, _ context: PolicyContext) { self.config = config }
        func requestBody(_ exchange: Exchange) -> BodyDemand { .stream(UpperStage(config)) }
    }

    final class LaterResponse: Policy, AsyncResponsePolicy {
        static let id = "later-response"
        private let config: TextConfig
        init(_ config: TextConfig, _ context: PolicyContext) { self.config = config }

        func onResponse(_ exchange: Exchange) async -> Verdict {
            for _ in 0..<config.most { await Task.yield() }
            exchange.response.fields.append("x-later-response", "yes")
            return config.text.isEmpty ? .proceed : .refuse(Reason("fixture_refused", 403, "Refused"), config.text)
        }
    }

    final class WholeResponse: Policy, ResponseBodyPolicy {
        static let id = "whole-response"
        private let config: TextConfig
        init(_ config: TextConfig, _ context: PolicyContext) { self.config = config }
        func responseBody(_ exchange: Exchange) -> BodyDemand { .whole(most: config.most) }

        func onResponseBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict {
            if body.view == "refuse" { return .refuse(Reason("fixture_refused", 403, "Refused")) }
            body.append(text: config.text)
            return .proceed
        }
    }

    final class UpperResponse: Policy, ResponseBodyPolicy {
        static let id = "upper-response"
        private let config: TextConfig
        init(_ config: TextConfig, _ context: PolicyContext) { self.config = config }
        func responseBody(_ exchange: Exchange) -> BodyDemand { .stream(UpperStage(config)) }
    }

    /// Who calls is whoever it says.
    final class Finds: Policy, RequestPolicy {
        static let id = "finds"
        static let provides: [Fact] = [.consumer]
        private let consumer: Consumer
        init(_ config: TextConfig, _ context: PolicyContext) { consumer = Consumer(name: config.text, groups: ["a", "b"]) }

        func onRequest(_ exchange: Exchange) -> Verdict {
            exchange.consumer = consumer
            return .proceed
        }
    }

    final class NeedsConsumer: Policy, RequestPolicy {
        static let id = "needs-consumer"
        static let isGuard = true
        static func needs(_ config: TextConfig) -> [Fact] { [.consumer] }
        init(_ config: TextConfig, _ context: PolicyContext) {}

        func onRequest(_ exchange: Exchange) -> Verdict {
            exchange.request.fields.append("x-consumer", exchange.consumer?.name ?? "nobody")
            return .proceed
        }
    }

    /// Counts the exchanges that it has seen in all its life.
    final class Counts: Policy, RequestPolicy, FinishPolicy, @unchecked Sendable {
        static let id = "counts"
        private var seen = 0
        private(set) var finished = 0
        init(_ config: TextConfig, _ context: PolicyContext) {
            if config.text == "keep", let before = context.predecessor as? Counts { seen = before.seen }
        }

        func onRequest(_ exchange: Exchange) -> Verdict {
            seen += 1
            exchange.request.fields.append("x-count", "\(seen)")
            return .proceed
        }

        func onFinish(_ exchange: Exchange) { finished += 1 }
    }
}

/// Capital letters, and something behind them; fails once more has passed than it may.
private final class UpperStage: BodyStage {
    private let text: String
    private let most: Int
    private var count = 0

    init(_ config: Fixtures.TextConfig) {
        text = config.text
        most = config.most
    }

    var keepsLength: Bool { text.isEmpty }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        count += bytes.count
        guard count <= most else { throw GatewayError(.requestTooLarge) }
        let upper = ByteBuffer()
        for i in 0..<bytes.count { upper.append(byte: ASCII.uppercase(bytes[i])) }
        try next(upper.view)
    }

    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        let tail = ByteBuffer()
        tail.append(text: text)
        if !tail.isEmpty { try next(tail.view) }
    }
}
