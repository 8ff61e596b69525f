import CAllocations
import GatewayCore
import Model
import PolicyKit
import Primitives
import ReactorTesting
import Testing

@testable import Policies

/// What the protocol looks like on the wire is in `Cases/cors`.
@Suite struct CORSTests {
    @Test(
        .enabled(if: allocations_of_this_thread() >= 0),
        arguments: [
            ("https://a.test", #"{ origins: ["https://a.test"] }"#), ("https://a.test", #"{ origins: ["*"] }"#),
            ("https://x.b.test", #"{ origins: ["https://*.b.test"] }"#), ("https://c17.test", #"{ origins: [{ regex: 'https://c[0-9]+\.test' }] }"#),
            ("https://a.test", #"{ origins: ["https://a.test"], credentials: true, exposed: ["*"] }"#),
            ("https://evil.test", #"{ origins: ["https://a.test"] }"#),
        ]) func aRequestAllocatesNothing(origin: String, yaml: String) throws
    {
        let config: CORS.Config = try decoded(yaml)
        let policy = try CORS(config, PolicyContext(label: "cors", loops: 1))
        let exchange = Exchange(loop: MemoryNetwork().loop)
        exchange.request.fields.append("Origin", origin)
        func ask() {
            exchange.response.clear()
            exchange.response.fields.append(.contentType, ByteView("text/plain"))
            guard case .proceed = policy.onRequest(exchange), case .proceed = policy.onResponse(exchange) else { return }
        }
        for _ in 0..<10 { ask() }
        let before = allocations_of_this_thread()
        for _ in 0..<1000 { ask() }
        let allocations = allocations_of_this_thread() - before
        // Without optimisation, a walk over header fields takes a block a field.
        #if DEBUG
            #expect(allocations <= 2000)
        #else
            #expect(allocations == 0)
        #endif
    }
}
