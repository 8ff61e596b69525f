package import Primitives

/// The header fields of one message: spans into the bytes that were read, with edits laid over them.
///
/// The bytes are copied once, from the loop's read buffer, and appended to by edits; removing marks, setting removes and
/// appends. Writing the message walks the table once. The memory is reused by the next message.
package final class HeaderFields {
    package let storage = ByteBuffer(capacity: 1024)
    private var table: ContiguousArray<Field> = []
    /// One bit for each known field that is present.
    private var present: UInt64 = 0

    package struct Field {
        var nameStart: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
        var nameCount: UInt16
        package internal(set) var known: KnownField
        package internal(set) var isRemoved = false

        /// Goes out with the head. The length is written by whoever frames the message.
        var isWritten: Bool { !isRemoved && known != .contentLength }
    }

    package init() { table.reserveCapacity(24) }

    /// Forgets everything, keeps the memory unless it has become large.
    package func clear() {
        storage.shrink(to: 16 << 10)
        table.removeAll(keepingCapacity: table.capacity <= 256)
        present = 0
    }

    /// Becomes what another is: the same fields at the same offsets.
    package func copy(from other: HeaderFields) {
        clear()
        storage.append(other.storage.view)
        table.append(contentsOf: other.table)
        present = other.present
    }

    /// The number of table entries, removed ones included.
    package var count: Int { table.count }

    /// Gives memory back that nothing is in: for a message whose exchange lasts.
    package func trim() {
        storage.trim()
        table = ContiguousArray(table.map { $0 })
    }

    // MARK: Filling

    /// Notes a field whose bytes are, or will be, at these offsets of `storage`.
    package func note(_ known: KnownField, name: Range<Int>, value: Range<Int>) {
        table.append(
            Field(
                nameStart: UInt32(truncatingIfNeeded: name.lowerBound), valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueCount: UInt32(truncatingIfNeeded: value.count), nameCount: UInt16(truncatingIfNeeded: name.count), known: known))
        present |= known.bit
    }

    /// Adds a field behind those that are there.
    package func append(_ known: KnownField, _ value: ByteView) { append(known, name: ByteView(known.name), value) }

    package func append(_ known: KnownField, name: ByteView, _ value: ByteView) {
        let start = storage.append(name, value)
        note(known, name: start..<start + name.count, value: start + name.count..<start + name.count + value.count)
    }

    package func append(_ name: String, _ value: String) {
        name.withView { name in value.withView { append(KnownField.named(name), name: name, $0) } }
    }

    /// Adds a field whose value `body` writes to `storage`.
    package func append(_ known: KnownField, writing body: (ByteBuffer) -> Void) {
        append(known, name: ByteView(known.name), writing: body)
    }

    @inline(__always)
    package func append(_ known: KnownField, name: ByteView, writing body: (ByteBuffer) -> Void) {
        let nameStart = storage.count
        storage.append(name)
        let valueStart = storage.count
        body(storage)
        note(known, name: nameStart..<valueStart, value: valueStart..<storage.count)
    }

    /// Adds a field whose value stands somewhere in `storage` already.
    package func append(_ known: KnownField, at value: RequestHead.Span) {
        let nameStart = storage.count
        storage.append(known.name)
        note(known, name: nameStart..<storage.count, value: value.range)
    }

    // MARK: Looking

    package func name(at index: Int) -> ByteView {
        let field = table[index]
        return storage.view(Int(field.nameStart)..<Int(field.nameStart) + Int(field.nameCount))
    }

    package func value(at index: Int) -> ByteView {
        let field = table[index]
        return storage.view(Int(field.valueStart)..<Int(field.valueStart) + Int(field.valueCount))
    }

    package func known(at index: Int) -> KnownField { table[index].known }
    package func isRemoved(at index: Int) -> Bool { table[index].isRemoved }

    package func contains(_ known: KnownField) -> Bool { present & known.bit != 0 }

    /// The first value of a known field.
    package subscript(known: KnownField) -> ByteView? {
        guard contains(known) else { return nil }
        for i in table.indices where table[i].known == known && !table[i].isRemoved { return value(at: i) }
        return nil
    }

    /// Calls `body` with each value of the field called `name` (lower case), in order, until it answers false.
    package func forEach(named name: ByteView, _ body: (ByteView) -> Bool) {
        let known = KnownField.named(name)
        if known != .other {
            guard contains(known) else { return }
            for i in table.indices where table[i].known == known && !table[i].isRemoved {
                guard body(value(at: i)) else { return }
            }
            return
        }
        for i in table.indices where table[i].known == .other && !table[i].isRemoved {
            if self.name(at: i).equalsIgnoringCase(name), !body(value(at: i)) { return }
        }
    }

    /// The first value of the field called `name` (lower case).
    package func first(_ name: ByteView) -> ByteView? {
        var result: ByteView?
        forEach(named: name) {
            result = $0
            return false
        }
        return result
    }

    // MARK: Editing

    package func remove(_ known: KnownField) {
        guard contains(known) else { return }
        for i in table.indices where table[i].known == known { table[i].isRemoved = true }
        present &= ~known.bit
    }

    package func remove(named name: ByteView) {
        let known = KnownField.named(name)
        if known != .other { return remove(known) }
        for i in table.indices where table[i].known == .other && !table[i].isRemoved {
            if self.name(at: i).equalsIgnoringCase(name) { table[i].isRemoved = true }
        }
    }

    /// Removes every field whose name begins so (lower case).
    package func remove(namesBeginning prefix: ByteView) {
        for i in table.indices where !table[i].isRemoved && name(at: i).prefix(prefix.count).equalsIgnoringCase(prefix) {
            table[i].isRemoved = true
            // The bit says that at least one is there; all that share it go, as their names are the same.
            if table[i].known != .other { present &= ~table[i].known.bit }
        }
    }

    package func set(_ known: KnownField, _ value: ByteView) {
        remove(known)
        append(known, value)
    }

    /// Removes what belongs to the connection: the hop-by-hop fields, and those that `Connection` names, except the
    /// ones that a message cannot do without (RFC 9110 §7.6.1).
    package func removeHopByHop() {
        if contains(.connection) { removeNamedByConnection() }
        guard present & HeaderFields.hopByHopBits != 0 else { return }
        for i in table.indices where table[i].known.isHopByHop { table[i].isRemoved = true }
        present &= ~HeaderFields.hopByHopBits
    }

    private func removeNamedByConnection() {
        for i in table.indices where table[i].known == .connection {
            // By far the most frequent, and it names nothing that is not removed anyway.
            if KnownField.named(value(at: i)) == .keepAlive { continue }
            value(at: i).forEachListElement { element in
                switch KnownField.named(element) {
                case .host, .contentLength, .transferEncoding, .connection, .te, .via, .forwarded, .xForwardedFor, .date: break
                default: remove(named: element)
                }
                return true
            }
        }
    }

    /// Removes what an untrusted peer has no business to say.
    package func removeForwarding() {
        guard present & HeaderFields.forwardingBits != 0 else { return }
        for i in table.indices where table[i].known.isForwarding { table[i].isRemoved = true }
        present &= ~HeaderFields.forwardingBits
    }

    private static let hopByHopBits: UInt64 = KnownField.allCases.reduce(0) { $1.isHopByHop ? $0 | $1.bit : $0 }
    private static let forwardingBits: UInt64 = KnownField.allCases.reduce(0) { $1.isForwarding ? $0 | $1.bit : $0 }

    // MARK: Writing

    /// Writes `name: value CRLF` for every field, but for those that frame the message.
    package func write(to out: ByteBuffer) {
        var total = 0
        for field in table where field.isWritten { total += Int(field.nameCount) + Int(field.valueCount) + 4 }
        guard total > 0, let from = unsafe storage.view.buffer.baseAddress, var to = unsafe out.appendUninitialized(total) else { return }
        let available = storage.count
        for field in table where field.isWritten {
            let name = Int(field.nameStart), value = Int(field.valueStart)
            let nameCount = Int(field.nameCount), valueCount = Int(field.valueCount)
            // Spans come from the parser and from `append`; one that is not inside the storage is written as blanks.
            if name + nameCount <= available, value + valueCount <= available {
                unsafe UnsafeMutableRawPointer(to).copyMemory(from: from + name, byteCount: nameCount)
                unsafe UnsafeMutableRawPointer(to + nameCount + 2).copyMemory(from: from + value, byteCount: valueCount)
            } else {
                assertionFailure("a field outside its storage")
                unsafe to.update(repeating: UInt8(ascii: " "), count: nameCount + valueCount + 2)
            }
            unsafe to[nameCount] = UInt8(ascii: ":")
            unsafe to[nameCount + 1] = UInt8(ascii: " ")
            unsafe to += nameCount + 2 + valueCount
            unsafe to[0] = 0x0d
            unsafe to[1] = 0x0a
            unsafe to += 2
        }
    }
}
