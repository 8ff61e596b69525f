extension RequestHead {
    /// Becomes what another is, to be sent as well as it.
    package func copy(from other: RequestHead) {
        fields.copy(from: other.fields)
        method = other.method
        methodSpan = other.methodSpan
        targetSpan = other.targetSpan
        pathSpan = other.pathSpan
        querySpan = other.querySpan
        rewrittenSpan = other.rewrittenSpan
        rewrittenMethod = other.rewrittenMethod
        rewrittenHostSpan = other.rewrittenHostSpan
        isQueryEdited = other.isQueryEdited
        forwardSpan = other.forwardSpan
        hostSpan = other.hostSpan
        authoritySpan = other.authoritySpan
        majorVersion = other.majorVersion
        minorVersion = other.minorVersion
        upgradeSpan = other.upgradeSpan
        framing = other.framing
        changedFraming = other.changedFraming
        expectsContinue = other.expectsContinue
        acceptsTrailers = other.acceptsTrailers
        keepAlive = other.keepAlive
    }
}

extension ResponseHead {
    /// Becomes what another is.
    package func copy(from other: ResponseHead) {
        fields.copy(from: other.fields)
        status = other.status
        reasonSpan = other.reasonSpan
        majorVersion = other.majorVersion
        minorVersion = other.minorVersion
        framing = other.framing
        keepAlive = other.keepAlive
    }
}
