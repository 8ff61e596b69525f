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
