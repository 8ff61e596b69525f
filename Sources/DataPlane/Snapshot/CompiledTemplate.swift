import GatewayCore
import Model
import Primitives
import Routing

/// A template whose names have become positions: rendering looks nothing up.
struct CompiledTemplate: Sendable {
    enum Piece: Sendable {
        case literal([UInt8])
        case parameter(Int)
        case rest
        case group(Int)
    }

    let pieces: [Piece]

    /// `parameters` are the names of the route's path parameters, in the order in which they are captured. Pieces that
    /// name nothing stay as they are written.
    init(_ template: Template, parameters: [String], hasRest: Bool, groups: Int) {
        let known = template.pieces(where: {
            switch $0 {
            case .literal: true
            case .parameter(let name): parameters.contains(name)
            case .rest: hasRest
            case .group(let number): number < groups
            }
        })
        pieces = known.map {
            switch $0 {
            case .literal(let text): .literal(Array(text.utf8))
            case .parameter(let name): .parameter(parameters.firstIndex(of: name) ?? 0)
            case .rest: .rest
            case .group(let number): .group(number)
            }
        }
    }

    /// The whole text, when nothing in it depends on the request.
    var constant: [UInt8]? {
        if pieces.isEmpty { return [] }
        if pieces.count == 1, case .literal(let bytes) = pieces[0] { return bytes }
        return nil
    }

    /// Appends the text to `out`, which must not be the storage of the request's head.
    func render(_ exchange: Exchange, to out: ByteBuffer) {
        let captures = exchange.captures
        for piece in pieces {
            switch piece {
            case .literal(let bytes): bytes.withView { out.append($0) }
            case .parameter(let position):
                if captures.parameters.indices.contains(position) { out.append(exchange.request.view(captures.parameters[position])) }
            case .rest: if let span = captures.rest { out.append(exchange.request.view(span)) }
            case .group(let number):
                if captures.groups.indices.contains(number), let span = captures.groups[number] { out.append(exchange.request.view(span)) }
            }
        }
    }
}
