import Primitives

/// The wish that a stream ends with what it has cost (OpenAI, `stream_options.include_usage`).
enum UsageWish {
    private static let text: StaticString = #""stream_options":{"include_usage":true},"#

    /// Puts it in front of the other members of an object that has some.
    static func add(to body: ByteBuffer) {
        guard let place = body.view.firstIndex(of: UInt8(ascii: "{")) else { return }
        let rest = body.view.dropFirst(place + 1).array
        body.truncate(to: place + 1)
        body.append(text)
        rest.withView { body.append($0) }
    }
}
