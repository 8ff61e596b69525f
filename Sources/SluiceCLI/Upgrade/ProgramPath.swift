import Glibc
import Reactor

/// Where the program stands that takes over at an upgrade: where this one was started from, whatever is there now.
enum ProgramPath {
    static var current: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let executable = count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
        return resolve(CommandLine.arguments.first ?? "", search: Environment.value("PATH") ?? "", executable: executable) {
            access($0, X_OK) == 0
        }
    }

    /// - Parameters:
    ///   - name: the name that the program was called by. A path is taken as it is, so that a symbolic link is followed anew.
    ///   - search: folders in which a name without a slash is looked for, separated by colons.
    ///   - executable: the file that the kernel has loaded; it bears a mark once it has been replaced or removed.
    static func resolve(_ name: String, search: String, executable: String?, isExecutable: (String) -> Bool) -> String? {
        if name.contains("/") { return name }
        let found = search.split(separator: ":").lazy.map { "\($0)/\(name)" }.first(where: isExecutable)
        if !name.isEmpty, let found { return found }
        let mark = " (deleted)"
        return executable.map { $0.hasSuffix(mark) ? String($0.dropLast(mark.count)) : $0 }
    }
}
