extension ByteView {
    /// The value of `1*DIGIT`; nil for anything else and for what does not fit in 63 bits.
    package var decimal: Int? {
        guard count > 0, count <= 19 else { return nil }
        var value = 0
        for i in 0..<count {
            let byte = self[i]
            guard ASCII.isDigit(byte) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte &- 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}

/// Decimal digits of a number without a `String`.
package enum Decimal {
    /// Writes the digits of `value` (0 or more) and lends them.
    package static func with<R>(_ value: Int, _ body: (ByteView) -> R) -> R {
        unsafe withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { buffer in
            var at = 20
            var rest = UInt64(Swift.max(0, value))
            repeat {
                at -= 1
                unsafe buffer[at] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            return unsafe body(ByteView(UnsafeRawBufferPointer(rebasing: buffer[at..<20])))
        }
    }
}
