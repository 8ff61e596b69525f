import Identity
import Primitives
import Testing

@Suite struct BasicCredentialsTests {
    @Test func cases() throws {
        let scratch = ByteBuffer()
        for row in try CaseFile.rows("basic.txt") {
            let value = row[0]
            scratch.clear()
            let parsed = value.withView { BasicCredentials.parse($0, into: scratch) }
            if row.count == 2 {
                #expect(parsed == nil && scratch.isEmpty, "\(value.text)")
            } else {
                let parsed = try #require(parsed, "\(value.text)")
                #expect(scratch.view(parsed.user).array == row[1] && scratch.view(parsed.password).array == row[2], "\(value.text)")
            }
        }
    }

    @Test func whatIsInTheBufferStays() throws {
        let scratch = ByteBuffer()
        scratch.append("before")
        #expect(BasicCredentials.parse(ByteView("Basic YQ=="), into: scratch) == nil)
        #expect(scratch.view == "before")
        let parsed = try #require(BasicCredentials.parse(ByteView("Basic YTpi"), into: scratch))
        #expect(scratch.view(parsed.user) == "a" && scratch.view(parsed.password) == "b" && scratch.view == "beforea:b")
    }
}
