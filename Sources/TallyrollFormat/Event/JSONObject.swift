/// The text of a JSON object that was checked to be one, kept byte for byte.
///
/// Equality is that of the text: the same members in another order or spacing are another object.
public struct JSONObject: Hashable, Sendable, CustomStringConvertible {
    /// The text, from `{` to `}`.
    public let text: String

    /// Checks that `text` is one JSON object as RFC 8259 has it, at most 511 levels deep; white space around it
    /// is left away. Throws with the place of the first fault.
    public init(_ text: String) throws(EventInputError) {
        let result = text.withView { view -> Result<String, EventInputError> in
            do throws(JSONFault) {
                let object = try JSONScanner.object(in: view, depth: 1)
                return .success(object.count == view.count ? text : object.string)
            } catch {
                return .failure(EventInputError(error, in: view))
            }
        }
        self.text = try result.get()
    }

    /// Takes text that comes from a record, where only checked text is.
    package init(trusted text: String) { self.text = text }

    /// The text.
    public var description: String { text }
}
