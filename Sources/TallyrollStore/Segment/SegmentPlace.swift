import TallyrollFormat

extension SegmentHeader {
    /// Throws unless the segment belongs to a store and has the number that its file name says.
    func requirePlace(_ number: UInt64, in manifest: StoreManifest) throws(FormatError) {
        guard storeID == manifest.storeID else {
            throw Recovery.foreign("segment header: store id", offset: 16)
        }
        guard self.number == number else {
            throw FormatError(
                .invalid, "segment header: number", offset: 32, expected: "segment \(number), as the file name says",
                found: "segment \(self.number): move the file away")
        }
    }
}
