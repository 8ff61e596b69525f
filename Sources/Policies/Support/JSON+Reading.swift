import Primitives

extension JSON {
    /// Reads a message's body.
    static func reading(_ bytes: [UInt8]) -> Result<JSON, JSONError> {
        bytes.withView { view in
            do throws(JSONError) {
                return .success(try JSON.parse(view))
            } catch {
                return .failure(error)
            }
        }
    }
}
