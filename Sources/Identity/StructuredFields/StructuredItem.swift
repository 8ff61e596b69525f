/// An item of a structured field (RFC 9651 §3.3): a value with its parameters.
package struct StructuredItem: Hashable, Sendable {
    package var value: BareItem
    package var parameters: StructuredParameters

    package init(_ value: BareItem, _ parameters: StructuredParameters = StructuredParameters()) {
        self.value = value
        self.parameters = parameters
    }
}

/// Items in parentheses, with parameters of their own (RFC 9651 §3.1.1).
package struct InnerList: Hashable, Sendable {
    package var items: [StructuredItem]
    package var parameters: StructuredParameters

    package init(_ items: [StructuredItem], _ parameters: StructuredParameters = StructuredParameters()) {
        self.items = items
        self.parameters = parameters
    }
}

/// What stands in a list or a dictionary.
package enum StructuredMember: Hashable, Sendable {
    case item(StructuredItem)
    case innerList(InnerList)

    package var item: StructuredItem? { if case .item(let item) = self { item } else { nil } }
    package var innerList: InnerList? { if case .innerList(let list) = self { list } else { nil } }
}
