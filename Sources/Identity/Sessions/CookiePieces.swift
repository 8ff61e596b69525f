/// A text in as many cookies as it needs: browsers keep no cookie of more than 4096 bytes, name and attributes included.
///
/// The first is called like the session and says how many there are: `3.…`. The others follow as `name-1`, `name-2`. Pieces of
/// different texts can't be mixed, because what they make together is sealed.
package enum CookiePieces {
    /// Longest value of one cookie: leaves room for a name and the attributes.
    package static let longest = 3800
    /// Most pieces: more would go beyond the header sizes that servers accept.
    package static let most = 5

    package static func name(_ name: String, _ place: Int) -> String { place == 0 ? name : "\(name)-\(place)" }

    /// The cookies of a text; nil when it is too long.
    package static func split(_ text: String, name: String) -> [(name: String, value: String)]? {
        let bytes = Array(text.utf8)
        let room = longest - 2
        let count = max(1, (bytes.count + room - 1) / room)
        guard count <= most else { return nil }
        return (0..<count).map { place in
            let piece = String(decoding: bytes[min(bytes.count, place * room)..<min(bytes.count, (place + 1) * room)], as: UTF8.self)
            return (self.name(name, place), place == 0 ? "\(count).\(piece)" : piece)
        }
    }

    /// The text again; nil when a piece is missing.
    ///
    /// - Parameter cookie: the value of a cookie.
    package static func join(name: String, _ cookie: (String) -> String?) -> String? {
        guard let first = cookie(name), let dot = first.firstIndex(of: "."), let count = Int(first[..<dot]), (1...most).contains(count) else {
            return nil
        }
        var text = String(first[first.index(after: dot)...])
        for place in 1..<count {
            guard let piece = cookie(self.name(name, place)) else { return nil }
            text += piece
        }
        return text
    }
}
