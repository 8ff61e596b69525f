package import Primitives

/// Addresses and networks (Kubernetes' CEL libraries `ip` and `cidr`).
extension ExpressionFunction {
    static let networks: [ExpressionFunction] = [
        ExpressionFunction("ip", [.ip, .string].map { Overload([$0], .ip) }, mustSucceed: true, .unary(toIP)),
        ExpressionFunction("cidr", [.cidr, .string].map { Overload([$0], .cidr) }, mustSucceed: true, .unary(toCIDR)),
        unary("isIP", .either, .string, .bool) { value, _ in value.text.map { .bool(IPAddress($0) != nil) } ?? .noSuchOverload },
        unary("isCIDR", .either, .string, .bool) { value, _ in value.text.map { .bool(ExpressionCIDR($0) != nil) } ?? .noSuchOverload },
        unary("ip.isCanonical", .string, .bool, mustSucceed: true, isCanonical),
        ofAddress("family", .int) { .int($0.isIPv4 ? 4 : 6) },
        ofAddress("isUnspecified", .bool) { .bool($0.isUnspecified) },
        ofAddress("isLoopback", .bool) { .bool($0.isLoopback) },
        ofAddress("isLinkLocalMulticast", .bool) { .bool($0.isLinkLocalMulticast) },
        ofAddress("isLinkLocalUnicast", .bool) { .bool($0.isLinkLocalUnicast) },
        ofAddress("isGlobalUnicast", .bool) { .bool($0.isGlobalUnicast) },
        ExpressionFunction("containsIP", .member, [.ip, .string].map { Overload([.cidr, $0], .bool) }, .binary(containsIP)),
        ExpressionFunction("containsCIDR", .member, [.cidr, .string].map { Overload([.cidr, $0], .bool) }, .binary(containsCIDR)),
        ofNetwork("ip", .ip) { .ip($0.address) },
        ofNetwork("masked", .cidr) { .cidr($0.masked) },
        ofNetwork("prefixLength", .int) { .int($0.prefixLength) },
    ]

    private static func ofAddress(
        _ name: String, _ result: ExpressionType, _ body: @escaping @Sendable (IPAddress) -> ExpressionValue
    ) -> ExpressionFunction {
        unary(name, .member, .ip, result) { value, _ in
            guard case .ip(let address) = value else { return .noSuchOverload }
            return body(address)
        }
    }

    private static func ofNetwork(
        _ name: String, _ result: ExpressionType, _ body: @escaping @Sendable (ExpressionCIDR) -> ExpressionValue
    ) -> ExpressionFunction {
        unary(name, .member, .cidr, result) { value, _ in
            guard case .cidr(let network) = value else { return .noSuchOverload }
            return body(network)
        }
    }

    private static func toIP(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .ip: value
        case .string(let text): IPAddress(text).map { .ip($0) } ?? .failure(.invalidArgument)
        default: .noSuchOverload
        }
    }

    private static func toCIDR(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .cidr: value
        case .string(let text): ExpressionCIDR(text).map { .cidr($0) } ?? .failure(.invalidArgument)
        default: .noSuchOverload
        }
    }

    private static func isCanonical(_ value: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value else { return .noSuchOverload }
        guard let address = IPAddress(text) else { return .failure(.invalidArgument) }
        evaluator.output.clear()
        address.write(to: evaluator.output)
        return .bool(evaluator.output.view == text)
    }

    private static func containsIP(_ value: ExpressionValue, _ other: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .cidr(let network) = value else { return .noSuchOverload }
        guard case .ip(let address) = toIP(other, evaluator) else { return toIP(other, evaluator) }
        return .bool(network.contains(address))
    }

    private static func containsCIDR(_ value: ExpressionValue, _ other: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .cidr(let network) = value else { return .noSuchOverload }
        guard case .cidr(let part) = toCIDR(other, evaluator) else { return toCIDR(other, evaluator) }
        return .bool(network.contains(part))
    }
}

extension ExpressionValue {
    /// Of a string.
    package var text: ByteView? {
        if case .string(let text) = self { return text }
        return nil
    }
}
