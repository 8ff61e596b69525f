package import Primitives

/// Where the values of variables come from at run time. A class, so that passing it on allocates nothing.
///
/// Views in the values stay valid until the result of the evaluation has been used. Text that must be made first is appended to
/// `scratch`, which is empty at each call: the evaluator copies what is returned before it asks again. Lists and maps do not
/// use the scratch.
package protocol ExpressionVariables: AnyObject {
    /// The value of a variable or field that is neither a map nor a list; nil when there is none: an evaluation error, and `has()` is false.
    func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue?

    /// One entry of a map with text as keys, without making the map: `request.headers["x-user"]`, `params.id`,
    /// `"k" in request.headers`, `has(request.headers.foo)`. Nil when there is no such entry.
    func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue?

    /// The map or list as a whole, when an expression needs it: macros, `size()`, comparisons. Nil when there is none.
    func whole(_ id: UInt16) -> ExpressionValue?
}
