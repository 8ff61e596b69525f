package import Primitives

/// Keys as a JSON document (RFC 7517 §5).
package struct JSONWebKeySet: Sendable, Equatable {
    package var keys: [JSONWebKey]
    /// Why the other keys of the document are left out, each with its place in the list. One key that can't be used takes no other with
    /// it.
    package private(set) var flaws: [String] = []

    /// More are refused: nobody publishes as many, and each one costs time to read.
    package static let most = 200

    package init(_ keys: [JSONWebKey]) { self.keys = keys }

    package init(parsing text: [UInt8]) throws(KeyError) {
        let json: JSON
        do throws(JSONError) { json = try JSON.parse(text) } catch { throw KeyError("the key set is no JSON: \(error)") }
        try self.init(json)
    }

    package init(_ json: JSON) throws(KeyError) {
        guard let list = json["keys"]?.array else { throw KeyError("a key set is a JSON object with a list of `keys`") }
        guard list.count <= JSONWebKeySet.most else { throw KeyError("a key set has at most \(JSONWebKeySet.most) keys") }
        keys = []
        for (place, element) in list.enumerated() {
            do throws(KeyError) { keys.append(try JSONWebKey(element)) } catch { flaws.append("keys[\(place)]: \(error.message)") }
        }
    }

    /// The document, without any private half and without secrets.
    package var publicJSON: JSON { ["keys": .array(keys.compactMap { $0.publicKey?.json })] }
}
