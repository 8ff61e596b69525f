import Schema
import Testing

@Suite struct SettingTests {
    @Test func defaults() throws {
        let sample = try #require(load("name: x").value)
        #expect(sample.name == "x")
        #expect(sample.count == 3)
        #expect(sample.perhaps == nil)
        #expect(sample.time == .seconds(15))
        #expect(sample.colour == .darkBlue)
        #expect(sample.words == ["a"])
        #expect(sample.inner.depth == 1)
        #expect(!sample.$count.isGiven)
        #expect(sample.$name.isGiven)
    }

    @Test func values() throws {
        let loaded = load(
            """
            in: here
            name: x
            count: 10
            perhaps: 5
            ratio: 1e-3
            flag: true
            time: 250ms
            size: 1.5KiB
            share: 12.5%
            colour: red
            words: [b, "c d", 1.0]
            map: { z: 1, a: 2 }
            inner: { depth: 7 }
            inners: [{ label: one }, { label: two, depth: 2 }]
            """)
        #expect(loaded.diagnostics == [])
        let sample = try #require(loaded.value)
        #expect(sample.in == "here")
        #expect(sample.count == 10)
        #expect(sample.perhaps == 5)
        #expect(sample.ratio == 0.001)
        #expect(sample.flag)
        #expect(sample.time == .milliseconds(250))
        #expect(sample.size.bytes == 1536)
        #expect(sample.share.fraction == 0.125)
        #expect(sample.colour == .red)
        #expect(sample.words == ["b", "c d", "1.0"])
        #expect(sample.map.entries.map(\.key) == ["z", "a"])
        #expect(sample.inner.depth == 7)
        #expect(sample.inners.map(\.label) == ["one", "two"])
        #expect(sample.$count.position.description == "f.yaml:3:8")
        #expect(sample.origin.position.description == "f.yaml:1:1")
    }

    @Test func everythingWrongIsToldAtOnce() {
        let loaded = load("count: 11\nperhaps: 6\nflag: 1\nlater: 1\ncolour: ultraviolet\ninners: [{ dept: 1 }, 3]\ntime: 2m")
        #expect(loaded.value == nil)
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f.yaml:1:1: error: `name` is missing; Needed. (name)",
                "f.yaml:1:8: error: expected a value from 1 to 10, found \"11\" (count)",
                "f.yaml:2:10: error: expected a value from 0 to 5, found \"6\" (perhaps)",
                "f.yaml:3:7: error: expected true or false, found \"1\" (flag)",
                "f.yaml:4:1: error: `later` is part of the configuration format, but this version does not have it yet (later)",
                "f.yaml:5:9: error: `ultraviolet` is part of the configuration format, but this version does not have it yet; choose from `red`, `dark-blue` (colour)",
                "f.yaml:6:12: error: unknown key `dept`; did you mean \"depth\"? (inners[0].dept)",
                "f.yaml:6:23: error: expected a group of settings, found \"3\" (inners[1])",
                "f.yaml:7:7: error: expected a value from 1ms to 60s, found \"2m\" (time)",
            ])
    }

    @Test func placesDoNotCountInComparisons() {
        #expect(load("name: x").value == load("\n\n\nname: x\ncount: 3").value)
        #expect(load("name: x").value != load("name: x\ncount: 4").value)
    }

    @Test func groupsMadeByHand() {
        var sample = Sample()
        sample.name = "x"
        sample.count = 9
        #expect(sample == load("name: x\ncount: 9").value)
        #expect(sample.encoded.text() == #"{"name":"x","count":9}"#)
    }

    @Test func lintRunsOnlyOnWholeValues() {
        func lintRuns(_ yaml: String) -> Bool {
            var ran = false
            _ = Sample.load(ConfigNode.read(yaml: yaml, file: "f").tree) { _ in
                ran = true
                return []
            }
            return ran
        }
        #expect(lintRuns("name: x"))
        #expect(lintRuns("name: x\nnonsense: 1"), "an unknown key loses nothing")
        #expect(!lintRuns("name: x\ncount: y"))
        #expect(!lintRuns("count: 1"))
    }
}

@Suite struct ScalarFormTests {
    @Test(arguments: [
        ("250ms", 250), ("15s", 15_000), ("2m", 120_000), ("1h", 3_600_000), ("7d", 604_800_000), ("1.5s", 1500), ("0s", 0), ("0.001s", 1),
    ])
    func durations(_ text: String, _ milliseconds: Int) { #expect(Duration(setting: text) == .milliseconds(milliseconds)) }

    @Test(arguments: [
        "", "s", "1", "1 s", "-1s", "1S", "1.s", ".5s", "1..5s", "0.0001s", "99999999999999999999s", "9999999999999999d", "١s", "1sec",
    ])
    func noDurations(_ text: String) { #expect(Duration(setting: text) == nil) }

    @Test(arguments: [
        ("1B", 1), ("8KiB", 8192), ("10MiB", 10_485_760), ("1GB", 1_000_000_000), ("1TiB", 1_099_511_627_776), ("0B", 0), ("0.5KiB", 512),
    ])
    func sizes(_ text: String, _ bytes: Int) { #expect(ByteSize(parsing: text)?.bytes == bytes) }

    @Test(arguments: ["", "1", "KiB", "1kb", "1K", "-1B", "1.1B", "99999999TiB"])
    func noSizes(_ text: String) { #expect(ByteSize(parsing: text) == nil) }

    @Test(arguments: ["120%", "-1%", "20", "%", "1e1%"]) func noShares(_ text: String) { #expect(Share(parsing: text) == nil) }

    @Test(arguments: ["250ms", "15s", "90s", "5m", "24h", "7d", "0s"]) func durationsEncodeAsWritten(_ text: String) throws {
        let value = try #require(Duration(setting: text))
        #expect(try #require(Duration(setting: value.encoded.text().trimmed)) == value)
    }
}

extension String {
    var trimmed: String { String(dropFirst().dropLast()) }
}
