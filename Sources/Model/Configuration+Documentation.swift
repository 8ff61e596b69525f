package import Schema

extension Configuration {
    /// What editors check a file against: the text of `docs/sluice.schema.json`.
    package static func jsonSchema(_ policies: any SettingsCatalogue) -> JSONValue {
        JSONSchema.document(of: Configuration.self, title: "Sluice configuration", catalogue: policies)
    }

    /// Tables of all settings.
    package static var markdown: String { MarkdownTables.document(of: Configuration.self, title: "Configuration") }
}
