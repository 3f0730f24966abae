/// Runs a command's body so that every error is one that the program knows how to end with.
func answering(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as OutputClosed {
        throw error
    } catch {
        throw CommandFailure.wrapping(error)
    }
}
