import Foundation
import GatewayCore
import Model
import PolicyKit
import Schema
import Testing

@testable import Policies

/// One declaration a policy: what is shown of it, what is written about it and what is tested hold together.
@Suite struct DeclarationTests {
    private static let root = CaseFile.cases.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) -> String? {
        try? String(contentsOf: DeclarationTests.root.appending(path: path), encoding: .utf8)
    }

    // MARK: Each policy

    @Test(arguments: builtInPolicies.names) func theExampleIsTheOneOfItsCase(_ id: String) throws {
        let policy = try #require(builtInPolicies.description(of: id))
        #expect(!policy.example.isEmpty, "declare `static let example`")
        let (entry, diagnostics) = builtInPolicies.entry(policy.example)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        let file = CaseFile(folder: CaseFile.cases, name: "\(id)/example.yaml").read()
        let node = try #require(file.value?.config.policies?.node, "Cases/\(id)/example.yaml has no config.policies")
        guard case .list(let nodes) = node.content else { return #expect(Bool(false), "config.policies is no list") }
        let shown = nodes.map { PolicyEntry.decode($0, in: DecodingContext(catalogue: builtInPolicies)) }.filter { $0?.policy == id }
        // The files that it names are beside the case.
        #expect(
            shown.count == 1 && (shown.first == entry || shown.first??.encoded == entry?.encoded),
            "the example that is declared and Cases/\(id)/example.yaml differ")
    }

    @Test(arguments: builtInPolicies.names) func helpIsMadeOfSentences(_ id: String) throws {
        let policy = try #require(builtInPolicies.description(of: id))
        #expect(policy.about.hasSuffix(".") && policy.about.count <= 120 && !policy.about.contains("\n"), "about: \(policy.about)")
        #expect(!policy.about.dropLast().contains(". "), "about is one sentence")
        for section in SettingsOutline(of: policy.settings).sections {
            for setting in section.settings {
                #expect(setting.help.hasSuffix(".") && !setting.help.contains("\n"), "\(setting.name): \(setting.help)")
            }
        }
    }

    @Test(arguments: builtInPolicies.names) func phasesAreKnown(_ id: String) throws {
        #expect(try #require(builtInPolicies.description(of: id)).phases != [], "the policy adopts no phase")
    }

    /// Reasons are told to users, so each that stands in a policy's folder is one that the policy names.
    @Test(arguments: builtInPolicies.names) func reasonsAreDeclared(_ id: String) throws {
        let policy = try #require(builtInPolicies.description(of: id))
        let source = try #require(DeclarationTests.sources()[id], "there is no folder of Sources/Policies with this id")
        let written = source.matches(of: /Reason\(\s*"([a-z_]+)"/).map { String($0.1) }
        let named = policy.reasons.map { "\($0.code)" }
        #expect(Set(written).isSubset(of: named), "declare them in `static let reasons`")
        #expect(Set(named).count == named.count)
    }

    @Test(arguments: builtInPolicies.names) func thePageIsTheOneThatIsGenerated(_ id: String) throws {
        let policy = try #require(builtInPolicies.description(of: id))
        #expect(text("docs/policies/\(id).md") == policy.markdown, "run `make docs`")
    }

    @Test(arguments: builtInPolicies.names) func theSchemaTellsFormsEnough(_ id: String) throws {
        let schema = try #require(builtInPolicies.description(of: id)).jsonSchema
        #expect(schema["title"] == .string(id) && schema["description"] != nil && schema["examples"] != nil)
        guard case .object(let groups) = schema["$defs"] else { return #expect(Bool(false)) }
        for group in [schema] + groups.map(\.value) {
            guard case .object(let properties) = group["properties"] else { continue }
            for (i, property) in properties.enumerated() {
                let told = [property.value["title"], property.value["description"], property.value["x-order"]]
                #expect(!told.contains(nil) && told.last == .integer(i), "\(property.name)")
            }
        }
    }

    @Test(arguments: builtInPolicies.names) func thereAreCasesOfBothKinds(_ id: String) {
        let cases = CaseFile.all().filter { $0.policy == id }.compactMap { $0.read().value }
        #expect(cases.contains { !$0.steps.isEmpty }, "no case runs")
        #expect(cases.contains { !$0.refused.isEmpty }, "no case is refused")
    }

    // MARK: All together

    @Test func casesBelongToPolicies() {
        #expect(Set(CaseFile.all().map(\.policy)) == Set(builtInPolicies.names + [Plans.id]))
    }

    @Test func everyFolderIsRegistered() {
        #expect(Set(DeclarationTests.sources().keys) == Set(builtInPolicies.names + [Plans.id]))
    }

    @Test func indexAndSchemaAreTheOnesThatAreGenerated() throws {
        #expect(text("docs/policies/README.md") == builtInPolicies.markdown, "run `make docs`")
        #expect(text("docs/sluice.schema.json") == Configuration.jsonSchema(builtInPolicies).text(pretty: true) + "\n", "run `make docs`")
        let pages = try FileManager.default.contentsOfDirectory(atPath: DeclarationTests.root.appending(path: "docs/policies").path)
        #expect(Set(pages) == Set(builtInPolicies.names.map { "\($0).md" } + ["README.md"]))
    }

    @Test func unknownNamesAreNearToKnownOnes() {
        #expect(builtInPolicies.unknown("header") == "There is no policy called header. Did you mean headers?")
        #expect(builtInPolicies.unknown("zzzzzz") == "There is no policy called zzzzzz.")
        #expect(builtInPolicies.unknown("cache").contains("this version does not have it yet"))
    }

    /// The text of each policy's folder, by id.
    private static func sources() -> [String: String] {
        let folder = root.appending(path: "Sources/Policies")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        var found: [String: String] = [:]
        for name in names where !name.hasSuffix(".swift") {
            let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: name).path)) ?? []
            let text = files.filter { $0.hasSuffix(".swift") }
                .compactMap { try? String(contentsOf: folder.appending(path: "\(name)/\($0)"), encoding: .utf8) }.joined()
            // A folder without an id holds what several policies share.
            if let id = text.firstMatch(of: /static let id = "([^"]+)"/) { found[String(id.1)] = text }
        }
        return found
    }
}
