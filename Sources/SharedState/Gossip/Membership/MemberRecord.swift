package import Reactor

/// How a gateway is, as far as others know.
package enum MemberStatus: UInt8, CaseIterable, Comparable, Sendable {
    case alive = 0
    /// Has not answered; has some time to say that it lives.
    case suspect
    /// Has vanished: it may have crashed, or be cut off and go on.
    case dead
    /// Has said that it ends.
    case left

    package static func < (a: MemberStatus, b: MemberStatus) -> Bool { a.rawValue < b.rawValue }

    package var name: String {
        switch self {
        case .alive: "alive"
        case .suspect: "suspect"
        case .dead: "dead"
        case .left: "left"
        }
    }

    /// Whether it takes part: who is suspected does until the opposite is certain.
    package var isPresent: Bool { self < .dead }
}

/// What one gateway tells another about a third (SWIM: A. Das, I. Gupta, A. Motivala, 2002).
///
/// Records of one member are ordered: the greater one is what holds, whatever the order in which they come. Only the member itself
/// raises its incarnation, to contradict what others say of it.
package struct MemberRecord: Hashable, Sendable {
    package let id: MemberID
    package var address: SocketAddress
    package var incarnation: UInt32
    package var status: MemberStatus
    /// Seconds for which it has been dead or has left, so that all forget it at about the same time; 0 for others.
    package var age: UInt16

    package init(id: MemberID, address: SocketAddress, incarnation: UInt32 = 0, status: MemberStatus = .alive, age: UInt16 = 0) {
        self.id = id
        self.address = address
        self.incarnation = incarnation
        self.status = status
        self.age = age
    }

    func isNewer(than other: MemberRecord) -> Bool { (incarnation, status) > (other.incarnation, other.status) }

    /// What holds, of two records of one member: commutative, associative and idempotent.
    func merged(with other: MemberRecord) -> MemberRecord {
        if isNewer(than: other) { return self }
        if other.isNewer(than: self) { return other }
        var merged = self
        merged.age = max(age, other.age)
        // One member has one address; should it not, all have to choose the same.
        if other.address.description > address.description { merged.address = other.address }
        return merged
    }
}

extension MemberRecord {
    /// Bytes of a record, at most.
    static let longest = 8 + 1 + 4 + 2 + 19

    func write(to out: inout WireWriter) {
        out.put(id.number)
        out.put(status.rawValue)
        out.put(incarnation)
        out.put(age)
        out.put(address)
    }

    init?(_ reader: inout WireReader) {
        guard let id = reader.number(UInt64.self), id != 0, let status = reader.number(UInt8.self).flatMap(MemberStatus.init(rawValue:)),
            let incarnation = reader.number(UInt32.self), let age = reader.number(UInt16.self), let address = reader.address()
        else { return nil }
        self.init(id: MemberID(id), address: address, incarnation: incarnation, status: status, age: age)
    }
}
