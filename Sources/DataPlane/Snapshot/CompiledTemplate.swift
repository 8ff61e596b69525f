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

    /// Appends the text to `out`, which must not be the storage that `path` is a view of.
    func render(path: ByteView, _ captures: borrowing RouteCaptures, to out: ByteBuffer) {
        for piece in pieces {
            switch piece {
            case .literal(let bytes): bytes.withView { out.append($0) }
            case .parameter(let position): if let range = captures.parameter(position) { out.append(path[range]) }
            case .rest: if let range = captures.remainder { out.append(path[range]) }
            case .group(let number):
                if number < captures.groups.count, let range = captures.groups[number] { out.append(path[range]) }
            }
        }
    }
}
