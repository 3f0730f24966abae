import TallyrollFormat

extension SegmentHeader {
    /// The header of a segment whose own is damaged, from the first block that can be read behind it: the blocks
    /// repeat everything that reading needs. Of the store id only the half that blocks carry comes back; epoch and time
    /// of creation are lost.
    ///
    /// Throws `problem`, what is wrong with the header, where no first block can be read either.
    static func rebuilt(_ file: any StorageFile, name: String, after problem: FormatError) throws
        -> SegmentHeader
    {
        let size = try file.size()
        let start = SegmentHeader.byteCount
        guard size >= start + BlockHeader.byteCount else { throw problem }
        do {
            let block = try BlockReader(
                source: FileBlockSource(file, at: start), origin: start, terms: GrowingTerms())
            // A copy may have any name; a name of ours must say what the block says.
            let number = SegmentName.number(in: name) ?? block.header.segmentNumber
            guard block.header.segmentNumber == number, block.header.index == 0 else { throw problem }
            var storeID = ByteWriter(capacity: 16)
            storeID.u64(block.header.storeTag)
            storeID.u64(0)
            return SegmentHeader(
                storeID: storeID.array, number: number, epoch: 0, firstSequence: block.header.firstSequence,
                capacity: max(size, Limits.minimumSegmentBytes), created: 0, blockEvents: Limits.blockEvents,
                chainBefore: block.header.chainBefore, frontier: try block.tree().frontier)
        } catch is FormatError {
            throw problem
        }
    }
}
