import Synchronization

/// A place in a configuration file. Eight bytes, so that every setting can keep its own.
public struct SourcePosition: Hashable, Sendable {
    private let fileID: UInt16
    private let columnBits: UInt16
    private let lineBits: UInt32

    /// Nowhere: values that were not read from a file.
    public static let none = SourcePosition(file: SourceFile(id: 0), line: 0, column: 0)

    /// - Parameters:
    ///   - line: from 1.
    ///   - column: in characters, from 1; columns past 65,535 are kept as 65,535.
    public init(file: SourceFile, line: Int, column: Int) {
        fileID = file.id
        lineBits = UInt32(clamping: line)
        columnBits = UInt16(clamping: column)
    }

    public var file: String { SourceFile(id: fileID).name }
    public var line: Int { Int(lineBits) }
    public var column: Int { Int(columnBits) }
}

extension SourcePosition: CustomStringConvertible {
    public var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}

/// The name of a file, as a number. The table of names only grows; reloading a file finds its number again.
public struct SourceFile: Hashable, Sendable {
    fileprivate let id: UInt16

    fileprivate init(id: UInt16) { self.id = id }

    private static let names = Mutex<[String]>([""])

    /// The number of `name`. After 65,535 different names all further ones share the empty name.
    public init(_ name: String) {
        id = Self.names.withLock { names in
            if let known = names.firstIndex(of: name) { return UInt16(known) }
            guard names.count < Int(UInt16.max) else { return 0 }
            names.append(name)
            return UInt16(names.count - 1)
        }
    }

    public var name: String { Self.names.withLock { $0[Int(id)] } }
}
