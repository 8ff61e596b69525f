import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState
import Testing

@testable import DataPlane

@Suite struct GuardPageTests {
    private func status() throws -> GuardStatus {
        let prefix = try #require(CIDR(parsing: "2001:db8::/64"))
        return GuardStatus(
            known: 7, begun: 3,
            bans: [
                GuardBan(network: CIDR(.loopback, bits: 128), left: .seconds(90), strikes: 2, cause: .excess(.newConnections), open: 5),
                GuardBan(network: prefix, left: 1, strikes: 1, cause: .slowness, open: 0),
            ])
    }

    @Test func bansAreListed() throws {
        let text = GuardPage.render(try status(), [])
        let answer = try #require(try? JSON.parse(Array(text.utf8)))
        #expect(answer["banned"]?.int == 2 && answer["bansBegun"]?.int == 3 && answer["remembered"]?.int == 7)
        let bans = try #require(answer["bans"]?.array)
        #expect(bans.map { $0["network"]?.string } == ["127.0.0.1", "2001:db8::/64"])
        #expect(bans.map { $0["secondsLeft"]?.int } == [90, 1])
        #expect(bans[0]["cause"]?.string == "new_connections" && bans[0]["inARow"]?.int == 2 && bans[0]["connections"]?.int == 5)
    }

    @Test func guardsThatAreOffSaySo() {
        #expect(GuardPage.document(nil, [], most: 1).text(pretty: false) == "{\"enabled\":false}")
    }

    @Test(arguments: [
        ("198.51.100.7", "198.51.100.7/32"), ("198.51.100.0/24", "198.51.100.0/24"), ("198.51.100.0%2F24", "198.51.100.0/24"),
        ("2001:db8::/64", "2001:db8::/64"), ("2001:db8::1", "2001:db8::1/128"),
    ])
    func bansAreNamedByTheirNetwork(path: String, network: String) throws {
        let page = try AdminPage(path: "/api/v1/guards/bans/\(path)", .empty)
        guard case .ban(let found) = page else { return #expect(Bool(false), "\(page)") }
        #expect(found.description == network)
    }

    @Test func whatIsNoNetworkIsNotFound() {
        #expect(throws: GatewayError.self) { try AdminPage(path: "/api/v1/guards/bans/everybody", .empty) }
        #expect(throws: GatewayError.self) { try AdminPage(path: "/api/v1/guards/bans/", .empty) }
    }

    @Test func fewBansASecondAreLogged() {
        var budget = BanLog.Budget()
        let taken = (0..<15).map { _ in budget.take(second: 1) }
        #expect(taken == Array(repeating: true, count: 10) + Array(repeating: false, count: 5))
        let left = (budget.takeLeft(), budget.takeLeft())
        #expect(left == (5, 0))
        let isTaken = budget.take(second: 2)
        #expect(isTaken)
    }
}
