package import Primitives

/// Whether somebody who has connected comes in: decided before the connection costs more than having been accepted.
package enum ConnectionEntry {
    case refused
    case uncounted
    /// Comes in, and somebody counts it as long as it is open.
    case counted(ConnectionTicket)
}

/// What a connection that is counted holds until it is closed.
package struct ConnectionTicket {
    package let issuer: any ConnectionTicketIssuer
    package let address: IPAddress

    package init(issuer: any ConnectionTicketIssuer, address: IPAddress) {
        self.issuer = issuer
        self.address = address
    }
}

/// Counts open connections by address.
package protocol ConnectionTicketIssuer: AnyObject {
    /// A connection of the address is closed.
    func returned(_ address: IPAddress)
}
