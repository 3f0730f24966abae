import TallyrollStore

/// A store opened for writing, with the errors of a command.
struct WritableStore {
    let store: AuditStore
    let isNew: Bool

    /// Opens the store, or creates it.
    init(_ place: StorePlace, options: StoreOptions) throws(CommandFailure) {
        isNew = try !place.exists()
        do throws(AuditLogError) {
            store = try AuditStore.open(place.storage, path: place.path, options: options)
        } catch {
            throw CommandFailure(error, isCreating: isNew)
        }
        for finding in store.findings { Terminal.warn("\(finding)") }
    }

    /// Ends the writer; everything accepted is durable then.
    func close() throws(CommandFailure) {
        if let failure = store.close() { throw CommandFailure(failure) }
    }
}
