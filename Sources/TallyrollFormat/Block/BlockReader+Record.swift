extension BlockReader {
    /// Appends the record of one row to `out`, as it was written, reading only what that row needs. Returns when
    /// the event was recorded. Where several rows are wanted, `BlockRows` reads them at once.
    package func appendRecord(_ row: Int, into out: inout ByteWriter) throws -> Int64 {
        var rows = BlockRows()
        try rows.load(self, row: row)
        try rows.appendRecord(0, into: &out)
        return rows.recordedAt[0]
    }
}
