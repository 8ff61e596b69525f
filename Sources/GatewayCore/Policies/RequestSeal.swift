/// Adds the last fields to a request when everything else of it is decided, the endpoint too: a signature. Made for one exchange, by a
/// policy that its request has passed.
package protocol RequestSeal: AnyObject {
    /// Called for each attempt, right before the head is written; replaces what an earlier attempt has added. What can't be
    /// signed is sent without, and refused by whoever wants it signed.
    ///
    /// - Parameter isSecure: the connection to the endpoint is encrypted.
    func seal(_ exchange: Exchange, isSecure: Bool)
}
