import Primitives
import Reactor

extension RedisStore {
    /// Keys that tell the nodes of a cluster apart: of so many, some are on each.
    private static let probes = 64

    /// Names of the store's keys that begin so, without the server's prefix. For operators: it goes through all keys of the server.
    func names<Answer>(
        beginning prefix: [UInt8], most: Int, on loop: EventLoop, _ body: ([[UInt8]]) async -> Result<Answer, StoreError>
    ) async -> Result<Answer, StoreError> {
        var found: [[UInt8]] = []
        switch await nodes(on: loop) {
        case .failure(let error): return .failure(error)
        case .success(let nodes):
            for node in nodes {
                var cursor: [UInt8] = [UInt8(ascii: "0")]
                repeat {
                    switch await scan(node, cursor, prefix, on: loop) {
                    case .failure(let error): return .failure(error)
                    case .success(let page):
                        cursor = page.cursor
                        found += page.names
                    }
                } while cursor != [UInt8(ascii: "0")] && found.count < most
            }
        }
        return await body(Array(Set(found).sorted { $0.lexicographicallyPrecedes($1) }.prefix(most)))
    }

    /// A key of each node, as many as there are.
    private func nodes(on loop: EventLoop) async -> Result<[[UInt8]], StoreError> {
        guard case .cluster = client.currentSettings?.servers else { return .success([[]]) }
        var known: Set<String> = []
        var nodes: [[UInt8]] = []
        for number in 0..<RedisStore.probes {
            let probe = Array("{\(number)}".utf8)
            let answer = await ask(probe, isRepeatable: true, on: loop) { command, _ in
                command.begin("CLUSTER", arguments: 1)
                command.append("MYID")
            } read: { reply in
                reply.text?.string
            }
            switch answer {
            case .failure(let error): return .failure(error)
            case .success(let id): if known.insert(id).inserted { nodes.append(probe) }
            }
        }
        return .success(nodes)
    }

    private struct Page: Sendable {
        var cursor: [UInt8]
        var names: [[UInt8]]
    }

    private func scan(_ node: [UInt8], _ cursor: [UInt8], _ prefix: [UInt8], on loop: EventLoop) async -> Result<Page, StoreError> {
        let pattern = RedisStore.escaped(prefix) + [UInt8(ascii: "*")]
        let before = keyPrefix.count
        return await ask(node, isRepeatable: true, on: loop) { command, _ in
            command.begin("SCAN", arguments: 5)
            command.append(cursor)
            command.append("MATCH")
            pattern.withView { command.append(key: $0) }
            command.append("COUNT")
            command.append(1000)
        } read: { reply in
            var elements = reply.elements
            guard let cursor = elements.next()?.text?.array, let keys = elements.next() else { return nil }
            var names: [[UInt8]] = []
            for key in keys.elements { if let name = key.text { names.append(name.dropFirst(before).array) } }
            return Page(cursor: cursor, names: names)
        }
    }

    /// A pattern that only stands for these bytes.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            default: [byte]
            }
        }
    }
}
