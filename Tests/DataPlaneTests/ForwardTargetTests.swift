import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import DataPlane

@Suite struct ForwardTargetTests {
    /// Settings of the API, the route, the request-target, what is asked of the upstream.
    @Test func table() throws {
        for row in try CaseFile.rows("targets.txt") {
            let rig = try WorkerRig(
                """
                upstreams: [{ name: up, endpoints: [{ address: "192.0.2.100:80" }] }]
                apis: [{ name: api\(row[0].isEmpty ? "" : ", " + row[0]), routes: [{ \(row[1]), upstream: up }] }]
                """)
            let client = rig.client()
            client.send("GET \(row[2]) HTTP/1.1\r\nHost: a\r\n\r\n")
            let peer = rig.dialled()
            let sent = peer.map { rig.answer($0).split(separator: " ")[1] }.map(String.init)
            #expect(sent ?? String(client.takeText().dropFirst(9).prefix(3)) == row[3], "\(row[0]) \(row[1]) \(row[2])")
        }
    }

    @Test func encodedSlashes() throws {
        func slashed(_ path: String) -> Bool { path.withView { EncodedSlash.isIn($0) } }
        #expect(slashed("/a%2Fb") && slashed("/%41%2F") && !slashed("/a/b") && !slashed("/%2") && !slashed("/%25%32%46") && !slashed("%"))
    }

    /// Escapes are no way around the route that a path belongs to.
    @Test func decodedSlashesDoNotLeadToAnotherRoute() throws {
        let rig = try WorkerRig(
            """
            apis:
              - name: api
                encodedSlashes: decode
                routes:
                  - { match: { path: "/public/*" }, respond: { body: public } }
                  - { match: { path: "/admin/*" }, respond: { body: admin } }
            """)
        #expect(rig.ask(.get("/public/a%2fb")).hasSuffix("public"))
        for path in ["/public/..%2fadmin/x", "/public/%2e%2e%2fadmin%2fx", "/public%2f..%2fadmin/x"] {
            let answer = rig.ask(.get(path))
            #expect(!answer.hasSuffix("admin") && !answer.hasPrefix("HTTP/1.1 200"), "\(path)")
        }
    }

    @Test func queries() {
        func values(_ query: String, _ name: String) -> [String] {
            var found: [String] = []
            query.withView { query in
                name.withView { name in
                    QueryString.forEach(query, named: name) {
                        found.append($0.string)
                        return true
                    }
                }
            }
            return found
        }
        #expect(values("a=1&b=2&a=3", "a") == ["1", "3"])
        #expect(values("a&a=&a==", "a") == ["", "", "="])
        #expect(values("%61=%62+c%2", "a") == ["b c%2"])
        #expect(values("&&a=1&", "a") == ["1"] && values("", "a") == [] && values("", "") == [])
        #expect(values("x+y=1", "x y") == ["1"] && values("a=%zz%41", "a") == ["%zzA"])
    }
}
