/// "Did you mean": the known name that takes the fewest edits.
enum Nearest {
    static func suggestion(_ name: String, among known: [String]) -> String? {
        let candidates = known.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
        guard let best = candidates.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }), best.distance <= (name.utf8.count + 1) / 3 else {
            return nil
        }
        return "did you mean \"\(best.name)\"?"
    }

    /// Insertions, deletions and replacements (V. Levenshtein, 1965). Long names are not compared.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard a.count <= 64, b.count <= 64 else { return .max }
        var row = Array(0...b.count)
        for i in 0..<a.count {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<b.count {
                let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
