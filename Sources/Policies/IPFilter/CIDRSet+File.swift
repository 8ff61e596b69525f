import Glibc
import Model
import PolicyKit
import Primitives
import Schema

extension CIDRSet {
    /// The networks of a list and of a file.
    ///
    /// - Parameters:
    ///   - position, setting: the file's, for messages.
    init(_ networks: [CIDR], and file: ConfigurationFile?, _ position: SourcePosition, _ setting: String) throws(PolicyError) {
        guard let file else {
            self.init(networks)
            return
        }
        guard var bytes = TextFile.bytes(file.path) else {
            throw PolicyError("\(file.name) can't be read: \(unsafe String(cString: strerror(errno)))", at: position, path: setting)
        }
        for network in networks { bytes += Array("\n\(network)".utf8) }
        let result: Result<CIDRSet, ParsingError> = bytes.withView { view in
            do throws(ParsingError) { return .success(try CIDRSet(parsingLines: view)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let set): self = set
        case .failure(let error):
            throw PolicyError(
                "\(file.name): \(error)", at: position, path: setting, remedy: "one network such as 10.0.0.0/8 a line, comments begin with #")
        }
    }
}
