/// Values by their keys, in the order in which the keys came first: the parameters of an item, or a dictionary.
///
/// A key that comes again replaces the value in its place (RFC 9651 §4.2.2, §4.2.3.2). Few members are searched one by one, many by
/// a table, so that a field made of nothing but keys takes no longer than its length.
package struct StructuredMembers<Value: Hashable & Sendable>: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package let key: String
        package internal(set) var value: Value
    }

    package private(set) var all: [Member] = []
    private var places: [String: Int] = [:]
    private static var few: Int { 16 }

    package init() {}

    package init(_ members: [(String, Value)]) {
        for (key, value) in members { self[key] = value }
    }

    package var isEmpty: Bool { all.isEmpty }
    package var count: Int { all.count }

    /// Setting nil leaves what is there.
    package subscript(key: String) -> Value? {
        get { place(of: key).map { all[$0].value } }
        set {
            guard let newValue else { return }
            if let place = place(of: key) {
                all[place].value = newValue
                return
            }
            all.append(Member(key: key, value: newValue))
            if all.count == Self.few + 1 {
                for (place, member) in all.enumerated() { places[member.key] = place }
            } else if all.count > Self.few {
                places[key] = all.count - 1
            }
        }
    }

    private func place(of key: String) -> Int? {
        all.count > Self.few ? places[key] : all.firstIndex { $0.key == key }
    }

    package static func == (a: StructuredMembers, b: StructuredMembers) -> Bool { a.all == b.all }
    package func hash(into hasher: inout Hasher) { hasher.combine(all) }
}

package typealias StructuredParameters = StructuredMembers<BareItem>
package typealias StructuredDictionary = StructuredMembers<StructuredMember>
