/// The order in which events come.
public enum QueryOrder: String, Sendable, Hashable, CaseIterable {
    /// Latest event time first; among equal times the one appended last first.
    case newest
    /// In the order in which they were appended: ascending sequence.
    case oldest
}
