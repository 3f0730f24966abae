/// What an event was done to. Either part may be missing; missing and empty are different.
public struct Resource: Hashable, Sendable {
    /// The kind of resource: `session`, `workflow`, `AWS::S3::Bucket`.
    public var type: String?
    /// Which one of its kind.
    public var id: String?

    /// A resource of a kind, one of its kind, or both.
    public init(type: String? = nil, id: String? = nil) {
        self.type = type
        self.id = id
    }
}
