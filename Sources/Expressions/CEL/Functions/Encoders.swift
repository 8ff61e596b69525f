internal import Primitives

/// `base64.encode` and `base64.decode` (cel-go, "Encoders" extension).
extension ExpressionFunction {
    static let encoders: [ExpressionFunction] = [
        unary("base64.encode", .bytes, .string) { value, evaluator in
            guard case .bytes(let bytes) = value else { return .noSuchOverload }
            guard evaluator.chargeScan(bytes.count) else { return .failure(.costLimitExceeded) }
            evaluator.output.clear()
            Base64.encode(bytes, to: evaluator.output)
            return evaluator.finishText()
        },
        unary("base64.decode", .string, .bytes) { value, evaluator in
            guard case .string(let text) = value else { return .noSuchOverload }
            guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
            evaluator.output.clear()
            guard Base64.decode(text, to: evaluator.output) else { return .failure(.invalidArgument) }
            let result = evaluator.finishText()
            return result.text.map { .bytes($0) } ?? result
        },
    ]
}
