package import PolicyKit

/// The policies that come with the program, in alphabetical order: one line for each, and nobody else knows their names.
package let builtInPolicies = PolicyRegistry(
    [
        ACL.self,
        AllOf.self,
        Anonymous.self,
        AnyOf.self,
        APIKey.self,
        Authorize.self,
        AWSSigV4.self,
        BasicAuth.self,
        BruteForce.self,
        ContentDigest.self,
        CORS.self,
        ExtAuthz.self,
        Fault.self,
        ForwardAuth.self,
        GrpcWeb.self,
        Headers.self,
        HMACSignature.self,
        HTTPSignature.self,
        IPFilter.self,
        JWT.self,
        LogFields.self,
        MTLS.self,
        OAuth2Introspection.self,
        OAuth2Server.self,
        OIDC.self,
        OPA.self,
        OpenAPISecurity.self,
        Query.self,
        Quota.self,
        RateLimit.self,
        Redirect.self,
        RequestIdentity.self,
        RequestValidation.self,
        Respond.self,
        Rewrite.self,
        Scopes.self,
        SizeLimit.self,
        UpstreamAuth.self,
    ],
    reserved: reservedPolicies, ofPlans: Plans.self)

/// Names of the configuration format that come with later versions.
private let reservedPolicies = ["cache"]
