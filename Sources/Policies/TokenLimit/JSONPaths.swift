/// Places in JSON that are looked for, as a tree of names. An array counts as nothing: what is looked for in an object is looked for in each
/// of an array of them.
struct JSONPaths: Sendable {
    /// What is at a place.
    enum Find: Sendable, Equatable {
        case number(TokenUsage.Part)
        /// A text that is part of what was generated.
        case text
        /// The most tokens that may be generated (in requests).
        case mostTokens
        /// How many answers are generated (in requests).
        case answers
        /// `true`: the answer is wanted as a stream (in requests).
        case stream
        case streamOptions
    }

    struct Node: Sendable {
        var names: [(name: [UInt8], node: Int)] = []
        var find: Find?
    }

    /// Levels of objects that a path may have; what is deeper is not looked at.
    static let deepest = 8
    /// Names that are longer are nobody's.
    static let longestName = 64

    private(set) var nodes: [Node] = [Node()]

    /// - Parameter path: names, with dots between.
    mutating func add(_ path: String, _ find: Find) {
        var place = 0
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            let name = Array(part.utf8)
            if let known = nodes[place].names.first(where: { $0.name == name }) {
                place = known.node
            } else {
                nodes.append(Node())
                nodes[place].names.append((name, nodes.count - 1))
                place = nodes.count - 1
            }
        }
        nodes[place].find = find
    }

    /// Whether a path can be followed.
    static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count <= deepest && parts.allSatisfy { !$0.isEmpty && $0.utf8.count <= longestName }
    }
}

extension JSONPaths {
    /// Where the responses of well-known providers say what they have cost, and where what they generate stands.
    static let responses: JSONPaths = {
        var paths = JSONPaths()
        // OpenAI (chat completions, completions, embeddings), Mistral, vLLM and others; Azure.
        paths.add("usage.prompt_tokens", .number(.prompt))
        paths.add("usage.completion_tokens", .number(.completion))
        paths.add("usage.total_tokens", .number(.total))
        // Anthropic messages, and OpenAI's responses; in their streams within an event's `message` or `response`.
        for inside in ["", "message.", "response."] {
            paths.add("\(inside)usage.input_tokens", .number(.prompt))
            paths.add("\(inside)usage.output_tokens", .number(.completion))
            paths.add("\(inside)usage.total_tokens", .number(.total))
            paths.add("\(inside)usage.cache_read_input_tokens", .number(.cacheRead))
            paths.add("\(inside)usage.cache_creation_input_tokens", .number(.cacheWrite))
        }
        // Gemini.
        paths.add("usageMetadata.promptTokenCount", .number(.prompt))
        paths.add("usageMetadata.candidatesTokenCount", .number(.completion))
        paths.add("usageMetadata.thoughtsTokenCount", .number(.reasoning))
        paths.add("usageMetadata.totalTokenCount", .number(.total))
        // Bedrock's Converse.
        paths.add("usage.inputTokens", .number(.prompt))
        paths.add("usage.outputTokens", .number(.completion))
        paths.add("usage.totalTokens", .number(.total))
        // Ollama.
        paths.add("prompt_eval_count", .number(.prompt))
        paths.add("eval_count", .number(.completion))
        // What is generated, in the same order.
        paths.add("choices.delta.content", .text)
        paths.add("choices.delta.reasoning_content", .text)
        paths.add("choices.delta.tool_calls.function.arguments", .text)
        paths.add("choices.message.content", .text)
        paths.add("choices.text", .text)
        paths.add("delta", .text)
        paths.add("delta.text", .text)
        paths.add("delta.thinking", .text)
        paths.add("delta.partial_json", .text)
        paths.add("content.text", .text)
        paths.add("output.content.text", .text)
        paths.add("candidates.content.parts.text", .text)
        paths.add("message.content", .text)
        paths.add("response", .text)
        return paths
    }()

    /// Where requests of the same providers say how much they ask for.
    static let requests: JSONPaths = {
        var paths = JSONPaths()
        for name in ["max_tokens", "max_completion_tokens", "max_output_tokens", "generationConfig.maxOutputTokens", "inferenceConfig.maxTokens"] {
            paths.add(name, .mostTokens)
        }
        paths.add("options.num_predict", .mostTokens)
        paths.add("n", .answers)
        paths.add("generationConfig.candidateCount", .answers)
        paths.add("stream", .stream)
        paths.add("stream_options", .streamOptions)
        return paths
    }()
}
