import PrivateServer
import Relations
import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// Runs a test only on one kind of server, because of something that the other does not have.
    ///
    /// - Parameter reason: what that is, for whoever reads which tests were skipped.
    static func requires(_ kind: Dialect.Kind, _ reason: Comment) -> Self {
        .enabled(if: SharedServer.kind == kind, reason)
    }
}
