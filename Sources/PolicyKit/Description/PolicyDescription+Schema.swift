package import Schema

extension PolicyDescription {
    /// JSON Schema of the settings, for editors and forms.
    package var jsonSchema: JSONValue {
        JSONSchema.document(of: settings, title: id, examples: exampleSettings.map { [$0] } ?? [], catalogue: registry)
    }
}

extension PolicyRegistry {
    /// The policies as a list of JSON objects: name, sentence, phases.
    package var list: JSONValue {
        .array(
            descriptions.map { policy in
                ["name": .string(policy.id), "about": .string(policy.about), "phases": .array(policy.phases.map { .string($0) })]
            })
    }
}
