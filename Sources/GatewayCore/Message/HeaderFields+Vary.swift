import Primitives

extension HeaderFields {
    /// Says in `Vary` that the response depends on the request's field `name` (RFC 9110 §12.5.5): behind the names that are there,
    /// in one line, without saying it twice.
    package func addVary(_ name: StaticString) {
        let name = ByteView(name)
        var isNew = true
        var before = 0
        forEach(named: ByteView("vary")) { value in
            before += value.count + 2
            value.forEachListElement { element in
                if element == "*" || element.equalsIgnoringCase(name) { isNew = false }
                return isNew
            }
            return isNew
        }
        guard isNew else { return }
        // Room for all of it: the old values are views of the storage that is written to.
        storage.reserve(before + name.count + 4)
        let start = storage.count
        storage.append("vary")
        forEach(named: ByteView("vary")) { value in
            storage.append(value)
            storage.append(", ")
            return true
        }
        storage.append(name)
        remove(named: ByteView("vary"))
        note(.other, name: start..<start + 4, value: start + 4..<storage.count)
    }
}
