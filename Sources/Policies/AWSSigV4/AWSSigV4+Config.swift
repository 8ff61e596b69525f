package import Schema

extension AWSSigV4 {
    package struct Config: Settings {
        @Setting("Services that requests may be signed for. Left out: any.")
        package var services: [String] = []

        @Setting("Regions that requests may be signed for. Left out: any.")
        package var regions: [String] = []

        @Setting("The rules of S3: paths are signed as they are, and presigned URLs do not sign the body.")
        package var s3: Bool = false

        @Setting(
            "How far the signed time may be from the gateway's clock, in either direction. AWS allows fifteen minutes.",
            .seconds(1) ... .seconds(86_400))
        package var clockSkew: Duration = .seconds(300)

        @Setting("Accepts presigned URLs.")
        package var presigned: Bool = true

        @Setting("How long presigned URLs may be good.", .seconds(1) ... .seconds(604_800))
        package var mostExpires: Duration = .seconds(604_800)

        @Setting("Accepts requests whose body is not signed (`UNSIGNED-PAYLOAD`). Presigned URLs of `s3` are such, so they need it.")
        package var unsignedPayload: Bool = false

        @Setting(
            "Takes bodies of signed chunks (`aws-chunked`) apart, so that the upstream gets what is in them. `false` passes them on as they are."
        )
        package var decodeChunks: Bool = true

        @Setting(
            "Longest body that is collected where the request does not state its digest, which then has to be computed before the signature can be checked.",
            ByteSize.bytes(1)...ByteSize.mebibytes(1024))
        package var mostBody: ByteSize = .mebibytes(1)

        @Setting("Takes the signature away before the request goes on, from the fields or from the query. `false` forwards it.")
        package var hideCredentials: Bool = true

        @Setting("How long a secret of the database is remembered. Secrets of the file follow the file.", .milliseconds(1) ... .seconds(3600))
        package var cache: Duration = .seconds(10)

        package static var about: String { "Lets consumers in by requests that are signed with AWS Signature Version 4." }
        package init() {}
    }
}
