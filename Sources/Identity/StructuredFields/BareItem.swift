/// A value of a structured field without parameters (RFC 9651 §3.3).
package enum BareItem: Hashable, Sendable {
    /// At most 15 digits.
    case integer(Int64)
    /// In thousandths: at most 12 digits before the point and three behind it.
    case decimal(thousandths: Int64)
    /// Visible ASCII and spaces.
    case string(String)
    case token(String)
    case bytes([UInt8])
    case boolean(Bool)
    /// Seconds since 1970.
    case date(Int64)
    /// Any Unicode text.
    case displayString(String)

    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var token: String? { if case .token(let value) = self { value } else { nil } }
    package var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }

    /// The largest number of either sign (§3.3.1).
    static let largestInteger: Int64 = 999_999_999_999_999
}
