/// Which certificate answers for which name: an exact one, else a wildcard for one label, else the first.
struct ServerNames {
    private var exact: [String: Int] = [:]
    /// By what follows the label.
    private var wildcard: [String: Int] = [:]

    /// Where two sets have the same name, the first keeps it.
    mutating func add(_ names: [String], _ index: Int) {
        for name in names {
            if name.hasPrefix("*.") {
                let suffix = String(name.dropFirst(2))
                if wildcard[suffix] == nil { wildcard[suffix] = index }
            } else if exact[name] == nil {
                exact[name] = index
            }
        }
    }

    func index(of name: String) -> Int { find(name) ?? 0 }

    /// Nil: there is none for the name.
    func find(_ name: String) -> Int? {
        let name = name.lowercased()
        if let index = exact[name] { return index }
        guard let dot = name.firstIndex(of: ".") else { return nil }
        return wildcard[String(name[name.index(after: dot)...])]
    }
}
