import Primitives

/// What a signature covers (RFC 9421 §2): a field of the message, or something that is derived from it.
package struct SignatureComponent: Hashable, Sendable {
    /// What stands for the value of a field in the signature base.
    package enum Encoding: Hashable, Sendable {
        /// The lines, joined (§2.1).
        case plain
        /// `sf`: strictly serialised again (§2.1.1).
        case structured
        /// `key`: one member of a dictionary (§2.1.2).
        case member(String)
        /// `bs`: each line as bytes (§2.1.3).
        case lines
    }

    package enum Kind: Hashable, Sendable {
        /// Its name in lower case. `isTrailer`: behind the body (§2.1.4).
        case field(String, Encoding, isTrailer: Bool)
        case derived(DerivedComponent)
    }

    package let kind: Kind
    /// `req`: of the request that a response answers (§2.4).
    package let isOfRequest: Bool
    /// As it stands in `Signature-Input` and in the signature base.
    package let identifier: StructuredItem

    /// What a user calls it: `content-type`, `@query-param;name="q"`, with or without quotes around the name.
    package init(parsing text: String) throws(SignatureError) {
        let name = text.prefix { $0 != ";" }
        let quoted = text.hasPrefix("\"") ? text : "\"\(name)\"\(text.dropFirst(name.count))"
        let item: Result<StructuredItem, StructuredFieldError> = quoted.withView { view in
            Result { () throws(StructuredFieldError) in try StructuredParser.item(view) }
        }
        guard case .success(let item) = item else { throw .malformed("a component is a name with parameters, such as `@query-param;name=\"q\"`") }
        try self.init(item)
    }

    package init(_ item: StructuredItem) throws(SignatureError) {
        guard case .string(let name) = item.value else { throw .malformed("a covered component is not a string") }
        identifier = item
        var parameters = Parameters()
        for member in item.parameters.all { try parameters.take(member.key, member.value) }
        isOfRequest = parameters.req
        if name.utf8.first == UInt8(ascii: "@") {
            guard !parameters.sf, parameters.key == nil, !parameters.bs, !parameters.tr else {
                throw .malformed("a derived component has a parameter that only fields have")
            }
            guard let derived = DerivedComponent(name, parameter: parameters.name) else { throw .malformed("a derived component is not known") }
            kind = .derived(derived)
        } else {
            guard parameters.name == nil else { throw .malformed("only @query-param has a name") }
            guard !name.isEmpty, name.utf8.allSatisfy({ ASCII.isToken($0) && !($0 &- 0x41 < 26) }) else {
                throw .malformed("a field's name is not in lower case")
            }
            kind = .field(name, try parameters.encoding(), isTrailer: parameters.tr)
        }
    }

    /// The same component, whatever the order of its parameters.
    func isSame(as other: SignatureComponent) -> Bool { kind == other.kind && isOfRequest == other.isOfRequest }

    private struct Parameters {
        var sf = false, bs = false, req = false, tr = false
        var key: String?
        var name: String?

        mutating func take(_ parameter: String, _ value: BareItem) throws(SignatureError) {
            switch (parameter, value) {
            case ("sf", .boolean(true)): sf = true
            case ("bs", .boolean(true)): bs = true
            case ("req", .boolean(true)): req = true
            case ("tr", .boolean(true)): tr = true
            case ("key", .string(let text)): key = text
            case ("name", .string(let text)): name = text
            default: throw .malformed("a component has a parameter that is not known")
            }
        }

        func encoding() throws(SignatureError) -> Encoding {
            if bs {
                guard !sf, key == nil else { throw .malformed("bs goes with neither sf nor key") }
                return .lines
            }
            if let key { return .member(key) }
            return sf ? .structured : .plain
        }
    }
}
