internal import Primitives

/// All literal bytes of a table in one array.
struct RouteText: Sendable {
    private var bytes: [UInt8] = []

    struct Slice: Sendable {
        var start: UInt32 = 0
        var count: UInt32 = 0
    }

    mutating func add(_ view: ByteView) -> Slice {
        let slice = Slice(start: UInt32(bytes.count), count: UInt32(view.count))
        bytes.append(contentsOf: view.array)
        return slice
    }

    mutating func add(_ text: String) -> Slice {
        let slice = Slice(start: UInt32(bytes.count), count: UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
        return slice
    }

    /// Lends the bytes of `slice`.
    @inline(__always)
    func with<Result>(_ slice: Slice, _ body: (ByteView) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { all in
            let range = Int(slice.start)..<Int(slice.start) + Int(slice.count)
            return unsafe body(ByteView(UnsafeRawBufferPointer(rebasing: all[range])))
        }
    }

    @inline(__always)
    func equals(_ slice: Slice, _ view: ByteView) -> Bool {
        Int(slice.count) == view.count && with(slice) { $0 == view }
    }
}
