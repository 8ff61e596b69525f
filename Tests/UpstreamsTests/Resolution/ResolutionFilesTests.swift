import Primitives
import Reactor
import Testing

@testable import Upstreams

@Suite struct ResolutionFilesTests {
    @Test func readsHosts() {
        let hosts = HostsFile(
            """
            # comment
            127.0.0.1 localhost Other # more
            ::1\tlocalhost
            nonsense name
            10.0.0.1
            """)
        #expect(hosts.addresses["localhost"] == [.loopback, IPAddress(high: 0, low: 1)])
        #expect(hosts.addresses["other"] == [.loopback])
        #expect(hosts.addresses["name"] == nil)
    }

    @Test func readsResolverConfiguration() {
        let text = """
            # comment
            nameserver 10.0.0.53
            nameserver fe80::1%eth0
            nameserver fd00::53
            search svc.cluster.local Cluster.local
            options ndots:5 timeout:3 attempts:1 rotate
            """
        let configuration = ResolverConfiguration(text)
        #expect(configuration.nameservers == [.ip(IPAddress(parsing: "10.0.0.53")!, port: 53), .ip(IPAddress(parsing: "fd00::53")!, port: 53)])
        #expect(configuration.search == ["svc.cluster.local", "cluster.local"])
        #expect(configuration.ndots == 5)
        #expect(configuration.timeout == .seconds(3))
        #expect(configuration.attempts == 1)
        #expect(ResolverConfiguration("").nameservers == [.ip(.loopback, port: 53)])
    }

    @Test func ordersCandidates() {
        let configuration = ResolverConfiguration("search one.test two.test\noptions ndots:2")
        #expect(configuration.candidates("a") == ["a.one.test", "a.two.test", "a"])
        #expect(configuration.candidates("a.b.c") == ["a.b.c", "a.b.c.one.test", "a.b.c.two.test"])
        #expect(configuration.candidates("a.") == ["a."])
    }

    @Test func readsNameserverOverrides() {
        #expect(ResolverSettings.nameserver("127.0.0.1:5353") == .ip(.loopback, port: 5353))
        #expect(ResolverSettings.nameserver("127.0.0.1") == .ip(.loopback, port: 53))
        #expect(ResolverSettings.nameserver("::1") == .ip(IPAddress(high: 0, low: 1), port: 53))
        #expect(ResolverSettings.nameserver("[::1]:54") == .ip(IPAddress(high: 0, low: 1), port: 54))
        #expect(ResolverSettings.nameserver("unix:/x") == nil)
        #expect(ResolverSettings.nameserver("name:53") == nil)
    }
}
