import PolicyKit
import Testing

@Suite struct FactTests {
    @Test func factsAreEqualByName() {
        #expect(Fact("consumer") == .consumer && Fact.claims != .consumer)
        #expect("\(Fact.consumer)" == "consumer")
    }
}
