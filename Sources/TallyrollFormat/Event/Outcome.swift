/// What came of an action.
public enum Outcome: Hashable, Sendable {
    /// It was done.
    case success
    /// It was tried and failed, with the error's text if there is one.
    case failure(String?)
    /// It was not allowed, with the reason if there is one.
    case denied(String?)

    /// A failure without a text.
    public static let failure = Outcome.failure(nil)
    /// A refusal without a reason.
    public static let denied = Outcome.denied(nil)

    /// The text of a failure or the reason of a refusal.
    public var text: String? {
        switch self {
        case .success: nil
        case .failure(let text), .denied(let text): text
        }
    }

    package var kind: OutcomeKind {
        switch self {
        case .success: .success
        case .failure: .failure
        case .denied: .denied
        }
    }

    package init?(kind: OutcomeKind, text: String?) {
        switch kind {
        case .absent: return nil
        case .success: self = .success
        case .failure: self = .failure(text)
        case .denied: self = .denied(text)
        }
    }
}
