/// Tables of settings for the documentation, one for each group.
public struct MarkdownTables {
    /// Sections for `type` and for every group below it, headed by their place in the file.
    public static func document(of type: any Settings.Type, title: String, level: Int = 1) -> String {
        heading(title, level) + sections(of: type, level: level + 1)
    }

    /// The same without a heading for the outermost group.
    ///
    /// - Parameter says: the outermost group's own sentence is part of the text.
    public static func sections(of type: any Settings.Type, level: Int, says: Bool = true) -> String {
        var text = ""
        for section in SettingsOutline(of: type).sections {
            if !section.paths.isEmpty { text += heading(section.paths.map { "`\($0)`" }.joined(separator: ", "), level) }
            if !section.about.isEmpty, says || !section.paths.isEmpty { text += "\(section.about)\n\n" }
            text += table(section.settings)
            if !section.reserved.isEmpty {
                text += "Not in this version yet: \(section.reserved.map { "`\($0)`" }.joined(separator: ", ")).\n\n"
            }
        }
        return text
    }

    private static func heading(_ title: String, _ level: Int) -> String { String(repeating: "#", count: level) + " \(title)\n\n" }

    /// Setting, type, default, help.
    private static func table(_ settings: [SettingsOutline.Row]) -> String {
        var text = "| setting | type | default | |\n| --- | --- | --- | --- |\n"
        for setting in settings {
            let cells = ["`\(setting.name)`", setting.type, cell(setting.fallback), setting.help].map { $0.replacing("|", with: "\\|") }
            text += "| \(cells.joined(separator: " | ")) |\n"
        }
        return text + "\n"
    }

    private static func cell(_ fallback: SettingsOutline.Fallback?) -> String {
        switch fallback {
        case nil: ""
        case .value(let text): "`\(text)`"
        case .word(let text): text
        }
    }
}
