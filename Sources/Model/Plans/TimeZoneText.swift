package import Primitives
package import Schema

/// A time zone: `UTC`, an offset, or a name of the IANA database, whose file is read with the configuration.
package struct TimeZoneText: SettingValue {
    package let text: String
    package let zone: TimeZone

    package init?(parsing text: String) {
        guard let zone = text.withView({ TimeZone.parse($0) }) ?? ZoneFile(named: text).map({ .named($0) }), !text.isEmpty else { return nil }
        self.text = text
        self.zone = zone
    }

    package static let utc = TimeZoneText(text: "UTC", zone: .fixed(seconds: 0))

    private init(text: String, zone: TimeZone) {
        self.text = text
        self.zone = zone
    }

    package static var shape: SettingShape { .text(name: "time zone", pattern: nil, examples: ["UTC", "+02:00", "Europe/Berlin"]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> TimeZoneText? {
        if let text = node.text, let zone = TimeZoneText(parsing: text) { return zone }
        context.mismatch(
            node, expected: "a time zone such as UTC, +02:00 or Europe/Berlin",
            remedy: "zones are those of /usr/share/zoneinfo (the package `tzdata`)")
        return nil
    }

    package var encoded: JSONValue { .string(text) }
    package static func == (a: TimeZoneText, b: TimeZoneText) -> Bool { a.text == b.text }
}
