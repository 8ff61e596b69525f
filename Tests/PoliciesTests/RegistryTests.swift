import PolicyKit
import Schema
import Testing

@testable import Policies

/// Every policy is shown and tested.
@Suite struct RegistryTests {
    static let files = Dictionary(grouping: CaseFile.all(), by: \.policy)

    @Test func namesAreInAlphabeticalOrder() {
        #expect(builtInPolicies.names == builtInPolicies.names.sorted())
        #expect(Set(builtInPolicies.names).count == builtInPolicies.names.count)
    }

    @Test func noFolderIsLeftOver() {
        #expect(Set(RegistryTests.files.keys).subtracting(builtInPolicies.names + [Plans.id]) == [])
    }

    @Test(arguments: builtInPolicies.names) func hasCases(_ policy: String) {
        let cases = (RegistryTests.files[policy] ?? []).compactMap { $0.read().value }.filter { $0.uses(policy) }
        let expectations = cases.flatMap(\.steps).compactMap(\.expect)
        #expect(expectations.contains { $0.isPass }, "no case of \(policy) lets a request pass")
        #expect(expectations.contains { $0.isRefusalOrChange }, "no case of \(policy) refuses or changes anything")
    }

    @Test(arguments: builtInPolicies.names) func hasAnExample(_ policy: String) throws {
        let file = try #require(
            RegistryTests.files[policy]?.first { $0.name == "\(policy)/example.yaml" }, "there is no Cases/\(policy)/example.yaml")
        let example = try #require(file.read().value)
        #expect(example.config.policies?.node.names(policy) == true, "`config.policies` of the example shows no \(policy)")
        #expect(!example.steps.isEmpty)
    }
}

extension Case {
    /// The policy stands somewhere in the configuration, or in one that replaces it.
    fileprivate func uses(_ policy: String) -> Bool {
        ([config] + steps.compactMap(\.reload)).contains { configuration in
            [configuration.policies, configuration.route, configuration.api, configuration.gateway].contains {
                $0?.node.names(policy) == true
            }
        }
    }
}

extension Expectation {
    fileprivate var isPass: Bool {
        if case .request = upstream { return true }
        return status.map { 200..<300 ~= $0 } ?? false
    }

    fileprivate var isRefusalOrChange: Bool {
        switch upstream {
        case .nothing: return true
        case .request(let fields) where !fields.headers.isEmpty || fields.target != nil || fields.body != nil: return true
        default: return reason != nil || !headers.isEmpty || log != nil || status.map { $0 >= 300 } ?? false
        }
    }
}

extension ConfigNode {
    /// `name` stands in it, as a key or alone in a list.
    fileprivate func names(_ name: String) -> Bool {
        switch content {
        case .null: false
        case .scalar(let text): text == name
        case .list(let nodes): nodes.contains { $0.names(name) }
        case .map(let entries): entries.contains { $0.key == name || $0.value.names(name) }
        }
    }
}
