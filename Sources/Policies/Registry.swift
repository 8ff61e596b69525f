package import PolicyKit

/// The policies that come with the program, in alphabetical order: one line for each, and nobody else knows their names.
package let builtInPolicies = PolicyRegistry(
    [
        ACL.self,
        AllOf.self,
        Anonymous.self,
        AnyOf.self,
        APIKey.self,
        BasicAuth.self,
        BruteForce.self,
        CORS.self,
        Fault.self,
        GrpcWeb.self,
        Headers.self,
        IPFilter.self,
        LogFields.self,
        Query.self,
        RateLimit.self,
        Redirect.self,
        RequestIdentity.self,
        RequestValidation.self,
        Respond.self,
        Rewrite.self,
        SizeLimit.self,
    ],
    reserved: reservedPolicies)

/// Names of the configuration format that come with later versions.
private let reservedPolicies = ["cache", "jwt"]
