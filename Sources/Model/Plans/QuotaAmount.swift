package import Schema

/// How much there is in a window: the same for everybody, or what an expression says of an exchange.
package enum QuotaAmount: Equatable, Sendable {
    case fixed(Int)
    case expression(ExpressionText)

    /// More than anybody counts, and small enough for every store to add to.
    package static let range = 0...(1 << 50)

    fileprivate static func decode(_ number: Int?, _ node: ConfigNode, in context: DecodingContext) -> QuotaAmount? {
        guard let number else { return ExpressionText.decode(node, in: context).map { .expression($0) } }
        guard range.contains(number) else {
            context.error(node, "\(number) is not between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return .fixed(number)
    }
}

package struct CallAmount: SettingValue {
    package let amount: QuotaAmount

    package static var shape: SettingShape { .either([.integer, ExpressionText.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> CallAmount? {
        QuotaAmount.decode(node.text.flatMap { Int($0) }, node, in: context).map { CallAmount(amount: $0) }
    }

    package var encoded: JSONValue {
        switch amount {
        case .fixed(let number): .integer(number)
        case .expression(let text): text.encoded
        }
    }
}

package struct ByteAmount: SettingValue {
    package let amount: QuotaAmount

    package static var shape: SettingShape { .either([ByteSize.shape, ExpressionText.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> ByteAmount? {
        let size = node.text.flatMap { ByteSize(parsing: $0)?.bytes ?? Int($0) }
        return QuotaAmount.decode(size, node, in: context).map { ByteAmount(amount: $0) }
    }

    package var encoded: JSONValue {
        switch amount {
        case .fixed(let number): ByteSize(bytes: number).encoded
        case .expression(let text): text.encoded
        }
    }
}
