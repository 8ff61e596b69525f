/// Why a signature can't be made or believed. Says what is wrong, for the one who signs; never holds bytes of the message.
package enum SignatureError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no signature that could be checked.
    case missing
    /// A field is not what RFC 9421 says.
    case malformed(Flaw)
    /// A component that is covered is not in the message. Its name is the signer's word, so it is not repeated to anybody.
    case noComponent(String)
    /// The key is not known, or the signature is not of it.
    case invalid
    /// What is signed breaks a rule of the verifier.
    case refused(Flaw)
    /// libcrypto failed.
    case failed

    package struct Flaw: Equatable, Sendable, CustomStringConvertible {
        package let text: StaticString
        package init(_ text: StaticString) { self.text = text }
        package var description: String { "\(text)" }
        package static func == (a: Flaw, b: Flaw) -> Bool { "\(a.text)" == "\(b.text)" }
    }

    static func malformed(_ text: StaticString) -> SignatureError { .malformed(Flaw(text)) }
    static func refused(_ text: StaticString) -> SignatureError { .refused(Flaw(text)) }

    package var description: String {
        switch self {
        case .missing: "there is no signature"
        case .malformed(let flaw), .refused(let flaw): flaw.description
        case .noComponent: "something that is signed is not there"
        case .invalid: "the signature is not valid"
        case .failed: "the signature could not be computed"
        }
    }
}
