/// One call to a storage, as simulations count, record and announce it.
package struct StorageCall: Equatable, Sendable {
    package let operation: StorageError.Operation
    package let path: String
    /// Where it reads or writes, or the size it sets; zero for calls that have neither.
    package let offset: Int
    /// The bytes it reads or writes.
    package let length: Int

    package init(_ operation: StorageError.Operation, _ path: String, offset: Int = 0, length: Int = 0) {
        self.operation = operation
        self.path = path
        self.offset = offset
        self.length = length
    }
}
