extension PolicyChain {
    /// The policies in the order in which a request passes them, with their conditions.
    package var summary: String { instances.map(\.summary).joined(separator: ", ") }
}
