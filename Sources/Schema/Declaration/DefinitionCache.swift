import Synchronization

/// Definitions by type: `Mirror` looks at a type once in the life of the process.
enum DefinitionCache {
    private static let known = Mutex<[ObjectIdentifier: GroupDefinition]>([:])

    static func definition(of type: any Settings.Type) -> GroupDefinition {
        let id = ObjectIdentifier(type)
        if let definition = known.withLock({ $0[id] }) { return definition }
        let definition = GroupDefinition(type)
        return known.withLock { known in
            if let first = known[id] { return first }
            known[id] = definition
            return definition
        }
    }
}
