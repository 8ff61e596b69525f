import Primitives
import Testing

@testable import Policies

@Suite struct UsageReaderTests {
    struct Example: CustomTestStringConvertible, Sendable {
        let name: String
        let form: UsageReader.Form
        let body: String
        let prompt: Int?
        let completion: Int?
        let total: Int?
        let text: Int
        var testDescription: String { name }
    }

    static let examples = [
        Example(
            name: "OpenAI, a stream",
            form: .events,
            body: """
                data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}

                data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hello"}}],"usage":null}

                data: {"id":"c","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"completion_tokens_details":{"reasoning_tokens":4}}}

                data: [DONE]


                """, prompt: 19, completion: 10, total: 29, text: 5),
        Example(
            name: "Anthropic, a stream with pings and CRLF", form: .events,
            body: """
                event: message_start
                data: {"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":25,"cache_read_input_tokens":75,"output_tokens":1}}}

                event: ping
                data: {"type": "ping"}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi there"}}

                event: message_delta
                data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}


                """.replacing("\n", with: "\r\n"), prompt: 100, completion: 15, total: 115, text: 8),
        Example(
            name: "Gemini, a stream", form: .events,
            body: """
                data: {"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}

                data: {"candidates":[{"content":{"parts":[{"text":"lo"}]}}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":30,"totalTokenCount":36}}


                """, prompt: 4, completion: 32, total: 36, text: 5),
        Example(
            name: "data over several lines, comments and other fields", form: .events,
            body:
                ": hello\nretry: 10\ndata: {\"usage\":\ndata:{\"prompt_tokens\":3,\ndata: \"completion_tokens\": 4}}\nid: 1\ndatabase: {\"usage\":{\"prompt_tokens\":9}}\n\n",
            prompt: 3, completion: 4, total: 7, text: 0),
        Example(
            name: "an event that is no JSON, and one that is never complete", form: .events,
            body: "data: {\"usage\": oops\n\ndata: {\"usage\":{\"prompt_to\n\ndata: {\"usage\":{\"total_tokens\":5}}\n\n", prompt: nil,
            completion: nil, total: 5, text: 0),
        Example(
            name: "lines", form: .lines, body: "{\"response\":\"ab\"}\nnot json\n{\"response\":\"\",\"prompt_eval_count\":6,\"eval_count\":7}",
            prompt: 6, completion: 7, total: 13, text: 2),
        Example(
            name: "OpenAI, an embedding", form: .json, body: #"{"data":[{"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#,
            prompt: 8,
            completion: 0, total: 8, text: 0),
        Example(
            name: "Bedrock", form: .json,
            body: #"{"output":{"message":{"content":[{"text":"x"}]}},"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}"#,
            prompt: 1, completion: 2, total: 3, text: 0),
        Example(name: "nothing", form: .json, body: #"{"error":{"message":"no"}}"#, prompt: nil, completion: nil, total: nil, text: 0),
    ]

    private static func read(_ form: UsageReader.Form, _ pieces: [ByteView]) -> UsageReader.Findings {
        var reader = UsageReader(form, .responses)
        for piece in pieces { reader.take(piece) }
        reader.end()
        return reader.findings
    }

    @Test(arguments: examples) func providers(_ example: Example) {
        let found = example.body.withView { UsageReaderTests.read(example.form, [$0]) }
        #expect(found.usage.prompt == example.prompt)
        #expect(found.usage.completion == example.completion)
        #expect(found.usage.total == example.total)
        #expect(found.textBytes == example.text)
    }

    @Test(arguments: examples) func cuts(_ example: Example) {
        example.body.withView { bytes in
            let whole = UsageReaderTests.read(example.form, [bytes])
            #expect(UsageReaderTests.read(example.form, (0..<bytes.count).map { bytes[$0..<$0 + 1] }) == whole)
            for cut in 0...bytes.count {
                #expect(UsageReaderTests.read(example.form, [bytes.prefix(cut), bytes.dropFirst(cut)]) == whole, "cut at \(cut)")
            }
        }
    }

    @Test(
        arguments: [
            ("text/event-stream", UsageReader.Form.events), ("Text/Event-Stream; charset=utf-8", .events), ("application/json", .json),
            ("application/vnd.api+json;v=1", .json), ("application/x-ndjson", .lines), ("text/plain", nil),
            ("application/vnd.amazon.eventstream", nil),
        ] as [(String, UsageReader.Form?)]) func forms(_ type: String, _ form: UsageReader.Form?)
    {
        #expect(type.withView { UsageReader.Form($0) } == form)
    }

    @Test func requests() {
        let request = #"{"n":3,"messages":[{"max_tokens":9,"stream":true}],"max_tokens":5,"max_completion_tokens":7,"stream":true}"#
        let read = request.withView { RequestReader($0) }
        #expect(read.mostTokens == 7 && read.answers == 3 && read.isStream && read.lacksUsage)
        #expect(!#"{"stream":true,"stream_options":null}"#.withView { RequestReader($0) }.lacksUsage)
        #expect(!"no json".withView { RequestReader($0) }.isStream)
    }
}

@Suite struct TokenEstimateTests {
    private let estimate = TokenEstimate(bytesPerToken: 4, completion: 100)

    private func findings(_ body: String) -> UsageReader.Findings {
        var reader = UsageReader(.events, .responses)
        body.withView { reader.take($0) }
        return reader.findings
    }

    @Test func requestsAreExpectedToCost() {
        #expect(estimate.spend(bodyBytes: 9, nil) == TokenSpend(prompt: 3, completion: 100))
        #expect(estimate.spend(bodyBytes: 0, #"{"max_tokens":7,"n":2}"#.withView { RequestReader($0) }) == TokenSpend(prompt: 0, completion: 14))
        let much = estimate.spend(bodyBytes: .max, #"{"max_tokens":9e15,"n":9e15}"#.withView { RequestReader($0) })
        #expect(much.completion == .max && much.total == .max)
    }

    @Test func streamsThatBreakOffCostWhatHasPassed() {
        let expected = TokenSpend(prompt: 50, completion: 1000)
        let started = "data: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\ndata: {\"delta\":{\"text\":\"12345678\"}}\n\n"
        #expect(estimate.spend(findings(started), isWhole: false, expected: expected) == TokenSpend(prompt: 25, completion: 2))
        let silent = "data: {\"choices\":[{\"delta\":{\"content\":\"12345678\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"123"
        #expect(estimate.spend(findings(silent), isWhole: false, expected: expected) == TokenSpend(prompt: 50, completion: 3))
        #expect(estimate.spend(findings(""), isWhole: false, expected: expected) == TokenSpend(prompt: 50, completion: 0))
    }

    @Test func whatIsToldCounts() {
        let expected = TokenSpend(prompt: 50, completion: 1000)
        let told =
            "data: {\"choices\":[{\"delta\":{\"content\":\"12345678\"}}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"total_tokens\":9}}\n\n"
        #expect(estimate.spend(findings(told), isWhole: true, expected: expected) == TokenSpend(prompt: 5, completion: 1, total: 9))
        let total = "data: {\"usage\":{\"total_tokens\":9}}\n\n"
        #expect(estimate.spend(findings(total), isWhole: true, expected: expected) == TokenSpend(prompt: 0, completion: 0, total: 9))
    }
}
