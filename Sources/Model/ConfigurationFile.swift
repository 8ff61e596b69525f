import Glibc
package import Schema

/// The name of a file that is read when a configuration is applied: by a policy, by TLS. Two are equal while the file is
/// the same, so what was made of it is made anew at the first reload after it has changed.
package struct ConfigurationFile: SettingValue {
    /// As it is written.
    package let name: String
    /// Relative names begin at the folder of the configuration file.
    package let path: String
    private let version: Version?

    private struct Version: Equatable {
        let inode: UInt
        let bytes: Int
        let seconds: Int
        let nanoseconds: Int

        init?(of path: String) {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            inode = status.st_ino
            bytes = status.st_size
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    package init(_ name: String, in file: String = "") {
        self.name = name
        path = ConfigurationFile.path(of: name, in: file)
        version = Version(of: path)
    }

    /// What a name in the configuration file `file` stands for.
    static func path(of name: String, in file: String) -> String {
        let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        return name.hasPrefix("/") ? name : folder + name
    }

    package static var shape: SettingShape { .text(name: "file", pattern: nil, examples: ["/etc/sluice/list.txt", "list.txt"]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> ConfigurationFile? {
        String.decode(node, in: context).map { ConfigurationFile($0, in: node.position.file) }
    }

    package var encoded: JSONValue { .string(name) }

    package static func == (a: ConfigurationFile, b: ConfigurationFile) -> Bool { a.path == b.path && a.version == b.version }
}
