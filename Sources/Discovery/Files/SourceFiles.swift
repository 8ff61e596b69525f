import Glibc
import Schema

/// The files that make up a configuration.
enum SourceFiles {
    /// Why there are none.
    struct Flaw: Error {
        let message: String
        let remedy: String
    }

    /// `path` itself if it is a file; the `.yaml` and `.yml` files directly inside, in the order of their names, if it is a folder.
    static func list(_ path: String) -> Result<[String], Flaw> {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .failure(Flaw(message: "can't read: \(String(cString: strerror(errno)))", remedy: "check the path given with --config"))
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return .success([path]) }
        guard let names = names(in: path) else {
            return .failure(Flaw(message: "can't list the folder: \(String(cString: strerror(errno)))", remedy: "check its permissions"))
        }
        let files = names.filter { isConfiguration($0) }.sorted().map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
        if files.isEmpty {
            return .failure(Flaw(message: "the folder has no .yaml or .yml file", remedy: "put the configuration there, or name a file"))
        }
        return .success(files)
    }

    /// Hidden files are editors' and Kubernetes' own.
    private static func isConfiguration(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
    }

    private static func names(in folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    /// The folder that `file` is in.
    static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }
}
