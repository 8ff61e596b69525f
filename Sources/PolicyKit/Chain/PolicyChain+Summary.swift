extension PolicyChain {
    /// The policies in the order in which a request passes them, with their conditions.
    package var summary: String {
        instances.map { instance in
            let name = instance.label == instance.id ? instance.id : "\(instance.label) (\(instance.id))"
            return instance.conditionText.map { "\(name) when \($0)" } ?? name
        }.joined(separator: ", ")
    }
}
