/// The names that an expression may use, with their types. Immutable, built once.
package struct ExpressionEnvironment: Sendable {
    package let variables: [Variable]
    private let places: [String: Int]

    /// Of two variables with the same name the first counts.
    package init(_ variables: [Variable]) {
        self.variables = variables
        places = Dictionary(variables.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A variable, or the field of an object.
    package struct Variable: Sendable, Equatable {
        /// May be qualified (`a.b.c`): the longest declared name wins.
        package let name: String
        package let type: ExpressionType
        /// What the host is asked by; meaningless for objects, whose fields have ids of their own.
        package let id: UInt16
        /// The keys of the map do not know case: they are lower-cased before the host is asked, at load when constant.
        package let foldsKeys: Bool

        package init(_ name: String, _ type: ExpressionType, id: UInt16 = 0, foldsKeys: Bool = false) {
            self.name = name
            self.type = type
            self.id = id
            self.foldsKeys = foldsKeys
        }
    }

    func variable(_ name: String) -> Variable? { places[name].map { variables[$0] } }
}
