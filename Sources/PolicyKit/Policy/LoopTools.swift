package import Expressions
package import GatewayCore
package import Primitives
import Reactor

/// What policies on one event loop share: memory that evaluating and composing needs. Attached to the loop.
package final class LoopTools {
    package let evaluator = ExpressionEvaluator()
    /// For text that is used before anything else can write here.
    package let scratch = ByteBuffer(capacity: 1024)
    package var random = FastRandom()
    private var texts: [WholeText] = []
    private var textsInUse = 0

    package init() {}

    /// Memory for one more map or list of this evaluation.
    func takeText() -> WholeText {
        if textsInUse == texts.count { texts.append(WholeText()) }
        textsInUse += 1
        let text = texts[textsInUse - 1]
        text.clear()
        return text
    }

    func beginEvaluation() { textsInUse = 0 }
}

extension Exchange {
    package var tools: LoopTools {
        if let tools = loop.attachment as? LoopTools { return tools }
        let tools = LoopTools()
        loop.attachment = tools
        return tools
    }

    /// The value is valid until the next evaluation on this loop.
    package func evaluate(_ expression: Expression) -> ExpressionValue {
        let tools = tools
        tools.beginEvaluation()
        return expression.evaluate(self, with: tools.evaluator)
    }

    /// Whether a condition holds; nil when it can't be evaluated.
    package func test(_ expression: Expression) -> Bool? {
        let tools = tools
        tools.beginEvaluation()
        return expression.test(self, with: tools.evaluator)
    }
}
