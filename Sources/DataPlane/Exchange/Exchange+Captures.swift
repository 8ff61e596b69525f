import GatewayCore
import Primitives
import Routing

extension Exchange {
    /// Keeps what the match has found out: the loop's own memory of it serves the next request.
    func keep(_ captured: borrowing RouteCaptures) {
        let start = Int(request.pathSpan.start)
        func span(_ range: Range<Int>) -> RequestHead.Span { RequestHead.Span(start + range.lowerBound..<start + range.upperBound) }
        captures.clear()
        captures.pathStart = captured.pathStart
        captures.rest = captured.remainder.map(span)
        for position in 0..<captured.parameterCount {
            if let range = captured.parameter(position) { captures.parameters.append(span(range)) }
        }
        for group in captured.groups { captures.groups.append(group.map(span)) }
    }
}
