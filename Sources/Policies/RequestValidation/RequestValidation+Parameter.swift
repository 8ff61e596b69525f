package import Schema

extension RequestValidation {
    /// One parameter as the configuration describes it; the names are OpenAPI's.
    package struct Parameter: Settings {
        @Setting("Its name; of a header, in any case.")
        package var name: String

        @Setting("Where it stands. Values of `path` and `query` are checked percent-decoded, all others as they are.")
        package var `in`: Place

        @Setting("It must be there. A path parameter that the route does not have is missing, too.")
        package var required: Bool = false

        @Setting("What its text has to be: numbers are written as in JSON, booleans are `true` and `false`.")
        package var type: Kind = .string

        @Setting("Least value of an `integer` or `number`.")
        package var minimum: Double?

        @Setting("Greatest value of an `integer` or `number`.")
        package var maximum: Double?

        @Setting("Fewest characters of a `string`.", 0...65_536)
        package var minLength: Int?

        @Setting("Most characters of a `string`.", 0...65_536)
        package var maxLength: Int?

        @Setting(
            "A regular expression that must match somewhere in a `string`: begin with `^` and end with `$` to mean all of it. RE2's syntax, linear time."
        )
        package var pattern: String?

        @Setting("The values that are allowed, as they are written in a request.")
        package var `enum`: [String] = []

        @Setting("A form of a `string`; `int32` and `int64` are ranges of an `integer`.")
        package var format: ParameterFormat?

        package init() {}
    }

    package enum Place: String, SettingChoice {
        case path, query, header, cookie
    }

    package enum Kind: String, SettingChoice {
        case string, integer, number, boolean
    }
}
